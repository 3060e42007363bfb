// Chains over sockets: what is refused at the upgrade and at a renewal, who they act for, and what is recorded

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundToken, startAuthority, type RunningAuthority } from '../support/authority.ts';
import {
  below,
  chainedAgent,
  chainScope,
  openChain,
  rootOf,
  type ChainedAgent,
} from '../support/chained_agents.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { delegate, type Chain } from '../support/hops.ts';
import { callRaw, codeOf } from '../support/http.ts';
import { socketProof, type Frame, type TestSocket } from '../support/sockets.ts';
import { makeKey, mintProof } from '../support/tokens.ts';

let world: RunningAuthority;
beforeAll(async () => {
  world = await startAuthority();
});
afterAll(() => world.stop());

async function ask({ key, token, hops }: Chain, proofKey = key): Promise<string> {
  const lines = [
    'GET /bus/connect HTTP/1.1',
    'Host: gate.example',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Authorization: DPoP ${token}`,
    `DPoP: ${await socketProof(proofKey, token)}`,
    `Agent-Delegation: ${hops.join(',')}`,
  ];
  return codeOf(await callRaw(world.url, lines));
}

async function renew(socket: TestSocket, { key, token, hops }: Chain): Promise<Frame> {
  const proof = await socketProof(key, token);
  socket.send({ type: 'reauth', token, proof, delegation: hops.join(',') });
  return socket.next();
}

async function publish(socket: TestSocket, to: string): Promise<Frame> {
  const { text } = await makeEnvelope({ to, subject: 'chained' });
  socket.send(`{"type":"publish","ref":"r","message":${text}}`);
  return socket.next();
}

describe('a chain of two hops', () => {
  let lead: ChainedAgent;
  let middle: ChainedAgent;
  let last: ChainedAgent;
  let good: Chain;
  beforeAll(async () => {
    [lead, middle, last] = [
      await chainedAgent(world),
      await chainedAgent(world),
      await chainedAgent(world),
    ];
    good = await below(await rootOf(world, lead), [middle, last]);
  });

  const hopsOf = (hops: readonly (string | undefined)[]): Chain => ({
    ...good,
    hops: hops.filter((hop) => hop !== undefined),
  });
  const broken: readonly [string, () => Promise<Chain> | Chain, string][] = [
    ['without its first hop', () => hopsOf([good.hops[1]]), 'delegation_malformed'],
    ['with a hop twice', () => hopsOf([good.hops[0], ...good.hops]), 'delegation_malformed'],
    ['in another order', () => hopsOf(good.hops.toReversed()), 'delegation_malformed'],
    [
      'below another token of the same agent',
      async () => ({ ...good, token: (await rootOf(world, lead)).token }),
      'delegation_malformed',
    ],
    [
      'whose last hop widens',
      async () =>
        below(await below(await rootOf(world, lead), [middle], { scope: 'bus:receive' }), [last]),
      'delegation_widened',
    ],
    [
      'of four hops',
      async () => below(good, [await chainedAgent(world), await chainedAgent(world)]),
      'delegation_too_deep',
    ],
    [
      'that has ended',
      async () => {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iat: now - 60, exp: now - 6 };
        const { id: to, key } = middle;
        return delegate(await rootOf(world, lead), { to, key, scope: chainScope, claims });
      },
      'token_expired',
    ],
  ];

  test.each(broken)('%s opens no socket', async (_what, make, code) => {
    expect(await ask(await make())).toBe(`401 ${code}`);
  });

  test('opens none with a proof by any key but the last', async () => {
    expect(await ask(good, middle.key)).toBe('401 proof_invalid');
    expect(await ask(good, lead.key)).toBe('401 proof_invalid');
  });

  test.each(broken)('%s renews no socket, and changes nothing', async (_what, make, code) => {
    const socket = await openChain(world, good);
    expect(await renew(socket, await make())).toEqual({ type: 'error', code });
    socket.send({ type: 'receive', max: 1 });
    expect(await renew(socket, good)).toMatchObject({ type: 'reauthed' });
    socket.close();
  });

  test('is not swapped for that of another root, nor for one that grants more', async () => {
    const socket = await openChain(
      world,
      await below(await rootOf(world, lead), [middle, last], { scope: 'bus:receive' }),
    );
    const other = await below(await rootOf(world, await chainedAgent(world)), [middle, last], {
      scope: 'bus:receive',
    });
    expect(await renew(socket, other)).toEqual({ type: 'error', code: 'sender_mismatch' });
    expect(await renew(socket, good)).toEqual({ type: 'error', code: 'scope_insufficient' });
    socket.close();
  });

  test('whose last hop names somebody else’s id has the root’s mailbox, not that one', async () => {
    const stranger = { id: last.id, key: await makeKey() };
    const claimed = await below(await rootOf(world, lead), [middle, stranger]);
    const socket = await openChain(world, claimed);
    socket.send({ type: 'subscribe', subjects: ['*'] });
    const mine = await openChain(world, await below(await rootOf(world, lead), [last]));
    expect(await publish(mine, last.id)).toMatchObject({ type: 'accepted' });
    expect(await publish(mine, lead.id)).toMatchObject({ type: 'accepted' });
    const { sender, message } = await socket.next();
    expect([sender, (message as Frame)['to']]).toEqual([last.id, lead.id]);
    expect(socket.waiting()).toEqual([]);
    for (const each of [socket, mine]) each.close();
  });
});

const hopName = (signer: ChainedAgent, hop = ''): string =>
  `${signer.key.kid}:${decodeJwt(hop).jti}`;

test('the record of a frame names every hop', async () => {
  const party = [
    await chainedAgent(world),
    await chainedAgent(world),
    await chainedAgent(world),
  ] as const;
  const [lead, middle, last] = party;
  const chain = await below(await rootOf(world, lead), [middle, last]);
  const socket = await openChain(world, chain);
  expect(await publish(socket, 'nobody')).toMatchObject({ type: 'accepted' });
  expect(await renew(socket, chain)).toMatchObject({ type: 'reauthed' });
  socket.send({ type: 'subscribe', subjects: ['*'] });
  const named = {
    via: 'socket',
    agent: last.id,
    subject: lead.id,
    jkt: last.key.kid,
    actors: [
      { agent: last.id, authenticated: true, jkt: last.key.kid },
      { agent: middle.id, jkt: middle.key.kid },
    ],
    hops: [
      { token: decodeJwt(chain.token).jti, agents: [lead.id], jkt: lead.key.kid },
      { token: hopName(lead, chain.hops[0]), agents: [middle.id], jkt: middle.key.kid },
      { token: hopName(middle, chain.hops[1]), agents: [last.id], jkt: last.key.kid },
    ],
  };
  for (const method of ['publish', 'reauth', 'subscribe']) {
    await expect
      .poll(() => recordOf(last.id, method), { timeout: 10_000 })
      .toMatchObject({ ...named, method });
  }
  socket.close();
});

/** The record of a frame of an agent's. */
async function recordOf(id: string, method: string): Promise<unknown> {
  const token = await boundToken(world.url, world.operator, 'operator');
  const proof = await mintProof(world.operator, 'GET', 'https://gate.example/admin/audit', token);
  const answer = await fetch(`${world.url}/admin/audit?limit=1000`, {
    headers: { authorization: `DPoP ${token}`, dpop: proof },
  });
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines
    .map((line) => JSON.parse(line) as Frame)
    .find((record) => record['agent'] === id && record['method'] === method);
}
