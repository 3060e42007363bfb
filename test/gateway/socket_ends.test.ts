// Idle, hibernated sockets end when anything that they hang on is revoked, although nothing else happens

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundToken, registerAgent } from '../support/authority.ts';
import { delegate } from '../support/hops.ts';
import {
  asOperator,
  foreignIssuer,
  revokeAs,
  startRevocationWorld,
  type RevocationWorld,
} from '../support/revocation.ts';
import { openBearer, openBound, type TestSocket } from '../support/sockets.ts';
import { boundTo, makeKey, mintEngineToken, mintToken } from '../support/tokens.ts';

let world: RevocationWorld;
beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

/** Bearable on a machine that does other things too; what it really takes is in bench/sockets.ts. */
const deadline = 5000;
const many = 30;

interface Idle extends TestSocket {
  readonly mailbox: string;
  readonly token: string;
}

let names = 0;
const fresh = (kind: string): string => `${kind}-${++names}`;

async function foreign(mailbox: string, claims: object = {}): Promise<Idle> {
  const overrides = { claims: { ...claims } };
  const token = await mintToken(world.foreign, foreignIssuer, mailbox, 'bus:receive', overrides);
  return { ...(await openBearer(world.url, token)), mailbox, token };
}

const times = (count: number, open: (at: number) => Promise<Idle>): Promise<Idle[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => open(at)));

async function revoke(body: object): Promise<void> {
  const answer = await asOperator(world, '/admin/revocations', { method: 'POST', body });
  expect(answer.status).toBe(201);
}

/** Takes the objects of sockets out of memory. Their sockets stay, asleep. */
async function hibernate(sockets: readonly Idle[]): Promise<void> {
  for (const mailbox of new Set(sockets.map((socket) => socket.mailbox))) {
    try {
      await world.evict('Mailbox', mailbox);
    } catch (error) {
      // It fell asleep by itself
      if (!String(error).includes('not currently running')) throw error;
    }
  }
}

/** How long after now each socket ends, in milliseconds; all of them with 4403. */
async function ends(sockets: readonly Idle[]): Promise<number[]> {
  const began = performance.now();
  return Promise.all(
    sockets.map(async ({ closed, mailbox }) => {
      const late = new Promise<never>((_resolve, reject) => {
        setTimeout(() => reject(new Error(`The socket of ${mailbox} stays open`)), deadline);
      });
      const { code, reason, at } = await Promise.race([closed, late]);
      expect({ code, reason }).toEqual({ code: 4403, reason: 'token_revoked' });
      return Math.max(0, at - began);
    }),
  );
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;

type Group = readonly [
  kind: string,
  open: () => Promise<Idle[]>,
  end: (sockets: readonly Idle[]) => Promise<unknown>,
];

const jkt = makeKey();
const chainAgents = makeKey();

/** Sockets of a delegate, whose token is a chain below the lead's. */
async function delegated(): Promise<Idle[]> {
  const lead = fresh('lead');
  const key = await registerAgent(world, lead, { dlg_max: 1 });
  const delegateKey = await chainAgents;
  const root = { token: await boundToken(world.url, key, lead), hops: [], key };
  return times(25, async () => {
    const to = { to: 'helper', key: delegateKey, scope: 'bus:receive' };
    const chain = await delegate(root, to);
    const socket = await openBound(world.url, chain.key, chain.token, chain.hops);
    return { ...socket, mailbox: lead, token: root.token };
  });
}

const groups: readonly Group[] = [
  [
    'token',
    () => times(many, () => foreign(fresh('token'))),
    async (sockets) => {
      for (const { token } of sockets) {
        await revoke({ kind: 'token', value: decodeJwt(token).jti, issuer: foreignIssuer });
      }
    },
  ],
  [
    'session',
    () => times(many, () => foreign(fresh('session'), { sid: 'the-session' })),
    () => revoke({ kind: 'session', value: 'the-session', issuer: foreignIssuer }),
  ],
  [
    'agent',
    () => times(many, () => foreign('the-agent')),
    () => revoke({ kind: 'agent', value: 'the-agent', issuer: foreignIssuer }),
  ],
  [
    'key of the agent',
    () =>
      times(many, async () => {
        const key = await jkt;
        const mailbox = fresh('bound');
        const overrides = { claims: boundTo(key) };
        const scope = 'bus:receive';
        const token = await mintToken(world.foreign, foreignIssuer, mailbox, scope, overrides);
        return { ...(await openBound(world.url, key, token)), mailbox, token };
      }),
    async () => revoke({ kind: 'jkt', value: (await jkt).kid, issuer: foreignIssuer }),
  ],
  [
    'time',
    () => times(many, () => foreign('the-old-one')),
    () =>
      revoke({
        kind: 'before',
        agent: 'the-old-one',
        value: Math.floor(Date.now() / 1000),
        issuer: foreignIssuer,
      }),
  ],
  [
    'signing key',
    () =>
      times(25, async () => {
        const mailbox = fresh('engine');
        const token = await mintEngineToken(world.engine, mailbox, ['bus:receive']);
        return { ...(await openBearer(world.url, token)), mailbox, token };
      }),
    () => revoke({ kind: 'key', value: world.engine.kid, issuer: 'yamtam-engine' }),
  ],
  [
    'ancestor',
    delegated,
    ([first]) => revoke({ kind: 'token', value: decodeJwt(first?.token ?? '').jti }),
  ],
];

test('200 hibernated sockets end, and no other one', async () => {
  const bystander = await foreign(fresh('bystander'));
  const opened: [kind: string, sockets: Idle[], end: Group[2]][] = [];
  for (const [kind, open, end] of groups) opened.push([kind, await open(), end]);
  const all = opened.flatMap(([, sockets]) => sockets);
  expect(all).toHaveLength(200);
  await hibernate([...all, bystander]);
  const delays: number[] = [];
  for (const [kind, sockets, end] of opened) {
    await end(sockets);
    const group = await ends(sockets);
    delays.push(...group);
    const sorted = group.toSorted((a, b) => a - b);
    const [p50, max] = [quantile(sorted, 0.5), quantile(sorted, 1)].map(Math.round);
    process.stdout.write(`sockets by ${kind}: closed after p50 ${p50} ms, max ${max} ms\n`);
  }
  const sorted = delays.toSorted((a, b) => a - b);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)].map(Math.round);
  process.stdout.write(`200 sockets: closed after p50 ${p50} ms, p99 ${p99} ms\n`);
  bystander.send({ type: 'publish', ref: 'still', message: {} });
  expect(await bystander.next()).toMatchObject({ ref: 'still', code: 'message_malformed' });
  bystander.close();
});

describe('a socket ends', () => {
  test('when its client revokes its own token', async () => {
    const token = await boundToken(world.url, world.planner, 'planner');
    const socket = await openBound(world.url, world.planner, token);
    const idle = { ...socket, mailbox: 'planner', token };
    await hibernate([idle]);
    await revokeAs(world.url, world.planner, 'planner', token);
    await ends([idle]);
  });

  test('when the authority’s key is compromised', async () => {
    const id = fresh('agent');
    const key = await registerAgent(world, id);
    const token = await boundToken(world.url, key, id);
    const idle = { ...(await openBound(world.url, key, token)), mailbox: id, token };
    await hibernate([idle]);
    const { body } = await asOperator(world, '/admin/keys');
    const keys = body['keys'] as readonly { readonly kid: string; readonly state: string }[];
    const active = keys.find(({ state }) => state === 'active');
    const path = `/admin/keys/${active?.kid}/compromise`;
    expect((await asOperator(world, path, { method: 'POST' })).status).toBe(200);
    await ends([idle]);
  });
});
