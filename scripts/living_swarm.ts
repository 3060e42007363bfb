// A small swarm at work while `npm start` runs, so that the dashboard has something to show

import { setTimeout as pause } from 'node:timers/promises';
import {
  createBusClient,
  createTokenSource,
  type BusClient,
  type TokenSource,
} from '../src/client/index.ts';
import { generateSigningKey } from '../src/issue/index.ts';
import { operatorCalls, type OperatorCall, type Stage } from './demo_swarm.ts';

/** A swarm that works until it is stopped. */
export interface LivingSwarm {
  readonly stop: () => Promise<void>;
}

interface Member {
  readonly id: string;
  readonly bus: BusClient;
  readonly source: TokenSource;
}

/** Who is in it, and what each may do; nobody may send on the subject `deploy`. */
const roles = {
  'swarm-planner': ['bus:publish:plan-*', 'bus:receive'],
  'swarm-researcher': ['bus:publish:result-*', 'bus:receive'],
  'swarm-coder': ['bus:publish:result-*', 'bus:receive'],
  'swarm-reviewer': ['bus:publish:result-*', 'bus:receive'],
} as const;
const [planner, ...workers] = Object.keys(roles) as readonly (keyof typeof roles)[];

/** Milliseconds between two tasks; every so many tasks somebody tries what it may not. */
const every = 900;
const mischief = 9;

async function join(url: string, call: OperatorCall, id: keyof typeof roles): Promise<Member> {
  const key = await generateSigningKey();
  const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
  // Left behind by a start that was ended hard
  await call('DELETE', `/admin/agents/${id}`);
  const made = await call('POST', '/admin/agents', {
    id,
    tier: 'fast',
    scope: roles[id],
    jwk,
    dpop: 'required',
  });
  if (made.status !== 201) throw new Error(`Registering ${id} was answered ${made.status}`);
  const source = createTokenSource({ issuer: url, clientId: id, key });
  return { id, source, bus: createBusClient({ url, source }) };
}

/** Answers every request until the signal; one who is revoked stops working, and that is all. */
async function work({ bus }: Member, signal: AbortSignal): Promise<void> {
  for await (const { id, type, sender } of bus.messages({ signal })) {
    if (type !== 'REQUEST') continue;
    await bus.send({
      to: sender,
      type: 'RESPONSE',
      subject: 'result-of-task',
      payload: { request_id: id, result: 'done' },
    });
  }
}

async function plan({ bus }: Member, signal: AbortSignal): Promise<void> {
  for (let task = 1; !signal.aborted; task++) {
    const to = workers[task % workers.length] ?? 'swarm-coder';
    const subject = task % mischief === 0 ? 'deploy' : 'plan-task';
    await bus
      .send({ to, type: 'REQUEST', subject, payload: { task: `number ${task}` } }, { signal })
      .catch(() => {});
    await pause(every, undefined, { signal }).catch(() => {});
  }
}

/** Starts the swarm. */
export async function startLivingSwarm(stage: Stage): Promise<LivingSwarm> {
  const call = operatorCalls(stage);
  const members = await Promise.all(
    (Object.keys(roles) as (keyof typeof roles)[]).map((id) => join(stage.url, call, id)),
  );
  const ended = new AbortController();
  const quietly = (life: Promise<unknown>): Promise<unknown> => life.catch(() => {});
  const lives = members.flatMap((member) =>
    member.id === planner
      ? [quietly(plan(member, ended.signal)), quietly(listen(member, ended.signal))]
      : [quietly(work(member, ended.signal))],
  );
  return {
    async stop() {
      ended.abort();
      await Promise.all(lives);
      await Promise.all(members.map(async ({ bus }) => bus.close()));
    },
  };
}

/** Takes what comes back, so that no mailbox fills. */
async function listen({ bus }: Member, signal: AbortSignal): Promise<void> {
  const answers = bus.messages({ signal });
  for (;;) if ((await answers.next()).done === true) return;
}
