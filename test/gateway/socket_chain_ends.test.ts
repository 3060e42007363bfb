// A sleeping socket ends with every link of its chain, off line or exchanged, by each of the names that a link has

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAuthority, type RunningAuthority } from '../support/authority.ts';
import {
  below,
  chainedAgent,
  openChain,
  rootOf,
  type ChainedAgent,
} from '../support/chained_agents.ts';
import { exchanged } from '../support/exchange.ts';
import type { Chain } from '../support/hops.ts';
import { asOperator } from '../support/revocation.ts';

let world: RunningAuthority;
beforeAll(async () => {
  world = await startAuthority();
});
afterAll(() => world.stop());

async function revoke(body: object): Promise<void> {
  const answer = await asOperator(world, '/admin/revocations', { method: 'POST', body });
  expect(answer.status).toBe(201);
}

type Party = Readonly<Record<'lead' | 'middle' | 'last', ChainedAgent>>;
type Name = (party: Party, chain: Chain) => object;

const hopName = (signer: ChainedAgent, hop = ''): string =>
  `${signer.key.kid}:${decodeJwt(hop).jti}`;
const ends: readonly [string, Name][] = [
  ['its root token', (_party, { token }) => ({ kind: 'token', value: decodeJwt(token).jti })],
  ['its root’s session', (_p, { token }) => ({ kind: 'session', value: decodeJwt(token)['sid'] })],
  ['its root’s agent', ({ lead }) => ({ kind: 'agent', value: lead.id })],
  ['its root’s key', ({ lead }) => ({ kind: 'jkt', value: lead.key.kid })],
  [
    'its root’s time of issue',
    ({ lead }) => ({ kind: 'before', agent: lead.id, value: Math.floor(Date.now() / 1000) }),
  ],
  ['the first hop', ({ lead }, { hops }) => ({ kind: 'token', value: hopName(lead, hops[0]) })],
  ['the last hop', ({ middle }, { hops }) => ({ kind: 'token', value: hopName(middle, hops[1]) })],
  ['the agent between', ({ middle }) => ({ kind: 'agent', value: middle.id })],
  ['the key between', ({ middle }) => ({ kind: 'jkt', value: middle.key.kid })],
  ['the last agent', ({ last }) => ({ kind: 'agent', value: last.id })],
  ['the last key', ({ last }) => ({ kind: 'jkt', value: last.key.kid })],
];

/** Opens a socket that falls asleep, and tells what it closed with, within five seconds. */
async function endOf(chain: Chain, mailbox: string, body: object): Promise<unknown> {
  const socket = await openChain(world, chain);
  await world.evict('Mailbox', mailbox).catch(() => undefined);
  await revoke(body);
  const late = new Promise((resolve) => {
    setTimeout(() => resolve('still open'), 5000);
  });
  return Promise.race([socket.closed.then(({ code }) => code), late]);
}

describe('a sleeping socket of a chain ends with', () => {
  test.each(ends)('%s', async (_what, name) => {
    const party = {
      lead: await chainedAgent(world),
      middle: await chainedAgent(world),
      last: await chainedAgent(world),
    };
    const chain = await below(await rootOf(world, party.lead), [party.middle, party.last]);
    expect(await endOf(chain, party.last.id, name(party, chain))).toBe(4403);
  });
});

describe('a sleeping socket of an exchanged token, and of a hop below it, ends with', () => {
  // What was exchanged: the lead's token, with a hop that named the client. Its own id is not kept
  const consumed = ends.filter(([what]) => !/^the (?:first hop|last)/.test(what));
  const further: readonly (readonly [string, Name])[] = [
    ['the agent who exchanged it', ({ middle }) => ({ kind: 'agent', value: middle.id })],
    ['the key it is bound to', ({ middle }) => ({ kind: 'jkt', value: middle.key.kid })],
  ];
  test.each([...consumed, ...further])('%s', async (_what, name) => {
    const party = {
      lead: await chainedAgent(world),
      middle: await chainedAgent(world),
      last: await chainedAgent(world),
    };
    const given = await below(await rootOf(world, party.lead), [party.middle]);
    const headers = { 'agent-delegation': given.hops.join(',') };
    const token = await exchanged(world.url, party.middle, given.token, {}, headers);
    const own: Chain = { token, hops: [], key: party.middle.key };
    const chain = await below(own, [party.last], { lifetime: 200 });
    expect(await endOf(chain, party.last.id, name(party, given))).toBe(4403);
  });
});
