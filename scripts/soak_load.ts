// The load of the soak: many loops that each do one thing over and over, and check every answer

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Ledger } from './soak_ledger.ts';
import { openSockets, type Outgoing, type Sockets } from './soak_sockets.ts';
import { deadline, type Enrolled, type Member, type SoakSwarm } from './soak_swarm.ts';

/** A load that runs until it is stopped. */
export interface Load {
  /** Ends the loops, and receives what is still under way. */
  stop(): Promise<void>;
}

/** Where a load runs. */
export interface Stage {
  readonly url: string;
  readonly swarm: SoakSwarm;
  readonly ledger: Ledger;
}

interface Delivered {
  readonly sender: string;
  readonly message: { readonly id: string; readonly to: string; readonly payload: Payload };
}

interface Payload {
  readonly from: string;
  readonly to: string;
}

/** How many of the agents send all the time; all of them ask who they are, and send now and then. */
const maxSenders = 20;
/** Between two sends of anybody: their objects come, sleep after ten seconds, and are taken from memory. */
const seldomMs = 100;
const revokeEveryMs = 1000;

const loops = { whoami: 4, send: 4, sendEnrolled: 2, sendOverSocket: 2, forge: 1 } as const;
/** How long a revoked token may be taken: the stated bound. */
const bound = 5000;
const drainMs = 60_000;
/** Of a message, in seconds. What is kept of it goes then, so that the number of rows comes to rest. */
const ttl = 120;
const text = 'x'.repeat(200);

/** Presents every token once, so that the gateway has seen them all. */
export async function presentAll(stage: Stage): Promise<void> {
  const left = stage.swarm.members.values();
  const introduce = async (): Promise<void> => {
    // One iterator for all of them: each takes the next one
    for (const member of left) await guarded(stage.ledger, () => whoami(stage, member));
  };
  await Promise.all(Array.from({ length: loops.whoami }, introduce));
}

/** Starts the loops. */
export function startLoad(stage: Stage): Load {
  const { swarm, ledger } = stage;
  const phase = { stopping: false, draining: false };
  const readers = swarm.enrolled.slice(0, Math.ceil(swarm.enrolled.length / 2));
  const listeners = swarm.enrolled.slice(Math.ceil(swarm.enrolled.length * 0.75));
  const recipients = [...readers, ...listeners].map(({ id }) => id);
  const sockets: Sockets = openSockets(listeners, stage);
  const senders = swarm.members.slice(0, maxSenders);
  const forever = async (step: () => Promise<void>): Promise<void> => {
    while (!phase.stopping) await guarded(ledger, step);
  };
  const times = (count: number, step: () => Promise<void>): Promise<void>[] =>
    Array.from({ length: count }, () => forever(step));

  const work = [
    ...times(loops.whoami, () => whoami(stage, pick(swarm.members))),
    ...times(loops.send, () => send(stage, pick(senders), pick(recipients))),
    ...times(loops.sendEnrolled, () => sendEnrolled(stage, pick(swarm.enrolled), pick(recipients))),
    ...times(loops.sendOverSocket, () =>
      sockets.send(pick(listeners).id, messageTo(pick(recipients))),
    ),
    ...times(1, async () => {
      await send(stage, pick(swarm.members), pick(recipients));
      await pause(seldomMs);
    }),
    ...times(loops.forge, () => forge(stage, pick(swarm.members), pick(swarm.members))),
    forever(() => revoke(stage)),
  ];
  const reading = readers.map(async (reader) => {
    while (!phase.draining) await guarded(ledger, () => receive(stage, reader));
  });

  return {
    async stop() {
      phase.stopping = true;
      await Promise.all(work);
      const end = performance.now() + drainMs;
      while (ledger.missing().length > 0 && performance.now() < end) await pause(100);
      phase.draining = true;
      await Promise.all([...reading, sockets.close()]);
    },
  };
}

const pick = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('There is nobody');
  return item;
};

/** A call that throws is a fault, and no reason to stop. */
async function guarded(ledger: Ledger, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    ledger.fault('call failed', error instanceof Error ? error.message : 'unknown');
    await pause(200);
  }
}

const bearer = ({ token }: Member): Record<string, string> => ({
  authorization: `Bearer ${token}`,
});

async function whoami({ url, ledger }: Stage, member: Member): Promise<void> {
  await ledger.timed('whoami', async () => {
    const answer = await fetch(`${url}/whoami`, { headers: bearer(member), signal: deadline() });
    const { agent_id: id } = (await answer.json()) as { agent_id?: string };
    if (answer.status !== 200) ledger.fault('whoami refused', String(answer.status));
    else if (id !== member.id) ledger.fault('identity crossed', `${member.id} was ${id}`);
  });
}

function messageTo(to: string): Outgoing {
  return { to, ttl, text };
}

function envelope(from: string, to: string): { readonly id: string; readonly body: string } {
  const id = randomUUID();
  const payload = JSON.stringify({ from, to, text });
  const sig = createHash('sha256').update(payload).digest('hex');
  const nonce = randomBytes(8).toString('hex');
  const ts = new Date().toISOString();
  const members = { id, to, type: 'REQUEST', subject: 'soak', ts, nonce, sig, ttl };
  return { id, body: `${JSON.stringify(members).slice(0, -1)},"payload":${payload}}` };
}

async function accept(ledger: Ledger, answer: Response, id: string, to: string): Promise<void> {
  const text = await answer.text();
  if (answer.status === 202) ledger.accepted(id, to);
  // A mailbox at its cap holds senders back, as it must
  else if (answer.status !== 429) ledger.fault('send refused', `${answer.status} ${text}`);
}

async function send({ url, ledger }: Stage, member: Member, to: string): Promise<void> {
  await ledger.timed('send', async () => {
    const { id, body } = envelope(member.id, to);
    const init = { method: 'POST', headers: bearer(member), body, signal: deadline() };
    await accept(ledger, await fetch(`${url}/bus/messages`, init), id, to);
  });
}

async function sendEnrolled({ url, ledger }: Stage, agent: Enrolled, to: string): Promise<void> {
  await ledger.timed('send with a proof', async () => {
    const { id, body } = envelope(agent.id, to);
    const init = { method: 'POST', body, signal: deadline() };
    await accept(ledger, await agent.fetch(`${url}/bus/messages`, init), id, to);
  });
}

async function receive({ url, ledger }: Stage, reader: Enrolled): Promise<void> {
  const answer = await ledger.timed('receive', () =>
    reader.fetch(`${url}/bus/messages?max=50&wait=1`, { signal: deadline() }),
  );
  if (answer.status !== 200) {
    await answer.body?.cancel();
    return ledger.fault('receive refused', String(answer.status));
  }
  const { messages } = (await answer.json()) as { messages: readonly Delivered[] };
  await Promise.all(
    messages.map(async ({ sender, message: { id, to, payload } }) => {
      const isOurs = to === reader.id && payload.to === reader.id && payload.from === sender;
      if (!isOurs) ledger.fault('identity crossed', `${sender} to ${to} at ${reader.id}`);
      const acknowledged = await ledger.timed('acknowledge', () =>
        reader.fetch(`${url}/bus/messages/${id}`, { method: 'DELETE', signal: deadline() }),
      );
      await acknowledged.body?.cancel();
      if (acknowledged.status === 204) ledger.arrived(id);
      else ledger.fault('acknowledge refused', String(acknowledged.status));
    }),
  );
}

/** One agent's claims under another's signature. */
async function forge({ url, ledger }: Stage, one: Member, other: Member): Promise<void> {
  const [header, claims] = one.token.split('.');
  const [, , signature] = other.token.split('.');
  if (one.token === other.token) return;
  await ledger.timed('forged', async () => {
    const headers = { authorization: `Bearer ${header}.${claims}.${signature}` };
    const answer = await fetch(`${url}/whoami`, { headers, signal: deadline() });
    await answer.body?.cancel();
    if (answer.status !== 401 && answer.status !== 429) {
      ledger.fault('forged token taken', String(answer.status));
    }
  });
  await pause(20);
}

/** Revokes a fresh token that was just taken, and waits until it is refused, and then for good. */
async function revoke({ url, swarm, ledger }: Stage): Promise<void> {
  const member = await swarm.mint('revoked');
  const status = async (): Promise<number> => {
    const answer = await fetch(`${url}/whoami`, { headers: bearer(member), signal: deadline() });
    await answer.body?.cancel();
    return answer.status;
  };
  if ((await status()) !== 200) ledger.fault('whoami refused', 'a fresh token');
  const answer = await ledger.timed('revoke', () => swarm.revoke(member));
  await answer.body?.cancel();
  if (answer.status !== 201) return ledger.fault('revoke refused', String(answer.status));
  await ledger.timed('until refused', async () => {
    const end = performance.now() + bound;
    for (;;) {
      // When it is asked counts: a busy machine answers late
      const askedAt = performance.now();
      if ((await status()) !== 200) break;
      if (askedAt > end) return ledger.fault('revoked token taken', member.jti);
    }
    return undefined;
  });
  if ((await status()) === 200) ledger.fault('revoked token taken', 'again');
  await pause(revokeEveryMs);
}
