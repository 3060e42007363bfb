// A socket and its token: expiry although nothing happens, renewal in place, and what a renewal may not change

import { WebSocket as KillableSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  registerAgent,
  startAuthority,
  boundToken,
  type RunningAuthority,
} from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { delegate } from '../support/hops.ts';
import { asOperator } from '../support/revocation.ts';
import { openBearer, openBound, socketProof, type TestSocket } from '../support/sockets.ts';
import { createSwarm, type Swarm } from '../support/swarm.ts';
import { boundTo, makeKey, mintEngineToken, mintProof, type TestKey } from '../support/tokens.ts';

let gateway: RunningGateway;
let swarm: Swarm;
let key: TestKey;
beforeAll(async () => {
  gateway = await startGateway();
  swarm = await createSwarm(gateway);
  key = await makeKey();
});
afterAll(() => gateway.stop());

const seconds = (): number => Math.floor(Date.now() / 1000);
const mint = (id: string, scope = 'bus:receive', claims: object = {}): Promise<string> =>
  swarm.mint(id, scope, { claims: { ...claims } });

describe('a socket', () => {
  test('closes with 4401 at its token’s end and the tolerance, idle and asleep', async () => {
    const exp = seconds() + 1;
    const token = await mint('short', 'bus:receive', { iat: exp - 60, exp });
    const socket = await openBearer(gateway.url, token);
    await gateway.evict('Mailbox', 'short');
    const { code, reason } = await socket.closed;
    expect({ code, reason }).toEqual({ code: 4401, reason: 'token_expired' });
    const over = Date.now() / 1000 - exp;
    expect(over).toBeGreaterThanOrEqual(4.9);
    expect(over).toBeLessThan(8);
  });

  test('that is killed gives back what it held when the runtime hears of it', async () => {
    const token = await mint('killed');
    const address = `${gateway.url.replace('http', 'ws')}/bus/connect`;
    const socket = new KillableSocket(address, { headers: { authorization: `Bearer ${token}` } });
    await new Promise((resolve) => {
      socket.once('open', resolve);
    });
    const id = await swarm.sent({ to: 'killed' });
    socket.send('{"type":"receive","max":1}');
    await new Promise((resolve) => {
      socket.once('message', resolve);
    });
    socket.terminate();
    const next = await openBearer(gateway.url, token);
    next.send({ type: 'receive', max: 1 });
    expect(await next.next()).toMatchObject({ type: 'message', message: { id } });
    next.close();
  });
});

describe('a renewal', () => {
  test('goes on with the new token, past the end of the old one', async () => {
    const exp = seconds() + 1;
    const socket = await openBearer(
      gateway.url,
      await mint('renewed', 'bus:receive', { iat: exp - 60, exp }),
    );
    const later = seconds() + 600;
    socket.send({ type: 'reauth', token: await mint('renewed', 'bus:receive', { exp: later }) });
    expect(await socket.next()).toEqual({ type: 'reauthed', expires_at: later });
    const other = await openBearer(
      gateway.url,
      await mint('not-renewed', 'bus:receive', { iat: exp - 60, exp }),
    );
    expect(await other.closed).toMatchObject({ code: 4401 });
    const id = await swarm.sent({ to: 'renewed' });
    socket.send({ type: 'receive', max: 1 });
    expect(await socket.next()).toMatchObject({ type: 'message', message: { id } });
    socket.close();
  });

  test('of a bound token takes a proof for the socket’s address, once', async () => {
    const token = (): Promise<string> => mint('bound', 'bus:receive', boundTo(key));
    const socket = await openBound(gateway.url, key, await token());
    const next = await token();
    const good = await socketProof(key, next);
    const tries: readonly [object, string][] = [
      [{ token: next }, 'proof_required'],
      [{ token: next, proof: await socketProof(await makeKey(), next) }, 'proof_invalid'],
      [
        { token: next, proof: await mintProof(key, 'GET', `${gateway.url}/bus/connect`, next) },
        'proof_invalid',
      ],
      [
        {
          token: next,
          proof: await mintProof(key, 'POST', 'https://gate.example/bus/connect', next),
        },
        'proof_invalid',
      ],
      [{ token: await token(), proof: good }, 'proof_invalid'],
      // A token that takes no proof is less than what the socket was opened with
      [{ token: await mint('bound') }, 'proof_required'],
    ];
    for (const [frame, code] of tries) {
      socket.send({ type: 'reauth', ...frame });
      expect(await socket.next()).toEqual({ type: 'error', code });
    }
    socket.send({ type: 'reauth', token: next, proof: good });
    expect(await socket.next()).toMatchObject({ type: 'reauthed' });
    socket.send({ type: 'reauth', token: next, proof: good });
    expect(await socket.next()).toEqual({ type: 'error', code: 'proof_replayed' });
    socket.close();
  });

  test.each<[string, (id: string) => Promise<string>, string]>([
    ['another agent', () => mint('somebody'), 'sender_mismatch'],
    ['a broader scope', (id) => mint(id, 'bus:receive bus:publish'), 'scope_insufficient'],
    ['a broader pattern', (id) => mint(id, 'bus:receive bus:publish:n*'), 'scope_insufficient'],
    ['a higher tier', (id) => mint(id, 'bus:receive', { tier: 'power' }), 'tier_insufficient'],
    [
      'the same agent of another issuer',
      (id) => mintEngineToken(gateway.engineKey, id, ['bus:receive']),
      'sender_mismatch',
    ],
    [
      'no end',
      async (id) => {
        const token = await mint(id);
        const [head, body = '', signature] = token.split('.');
        const text = Buffer.from(body, 'base64url').toString();
        const endless = text.replace(/"exp":\d+/, '"exp":1e400');
        return [head, Buffer.from(endless).toString('base64url'), signature].join('.');
      },
      'signature_invalid',
    ],
    [
      'a lifetime that is too long',
      (id) => mint(id, 'bus:receive', { exp: seconds() + 7200 }),
      'lifetime_too_long',
    ],
    [
      'an end that has passed',
      (id) => mint(id, 'bus:receive', { iat: seconds() - 60, exp: seconds() - 10 }),
      'token_expired',
    ],
    ['no token', async () => 'x', 'token_malformed'],
  ])(
    'with a token of %s is refused, and the socket stays what it was',
    async (what, token, code) => {
      const id = `agent-${what.replaceAll(' ', '-')}`;
      const socket = await openBearer(
        gateway.url,
        await mint(id, 'bus:receive bus:publish:news-*'),
      );
      socket.send({ type: 'reauth', token: await token(id) });
      expect(await socket.next()).toEqual({ type: 'error', code });
      const { id: sent, text } = await makeEnvelope({ to: id, subject: 'news-a' });
      socket.send(`{"type":"publish","ref":"r","message":${text}}`);
      expect(await socket.next()).toMatchObject({ type: 'accepted', ref: 'r' });
      socket.send({ type: 'receive', max: 1 });
      const delivery = await socket.next();
      expect(delivery).toMatchObject({ type: 'message', sender: id, message: { id: sent } });
      socket.close();
    },
  );

  test('with a narrower scope narrows at once, and widens no more', async () => {
    const socket = await openBearer(gateway.url, await mint('narrow', 'bus:receive bus:publish'));
    socket.send({ type: 'subscribe', subjects: ['*'] });
    socket.send({ type: 'reauth', token: await mint('narrow', 'bus:publish') });
    expect(await socket.next()).toMatchObject({ type: 'reauthed' });
    await swarm.sent({ to: 'narrow' });
    socket.send({ type: 'receive', max: 1 });
    expect(await socket.next()).toEqual({ type: 'error', code: 'scope_insufficient' });
    socket.send({ type: 'reauth', token: await mint('narrow', 'bus:receive bus:publish') });
    expect(await socket.next()).toEqual({ type: 'error', code: 'scope_insufficient' });
    expect(await swarm.depthOf('narrow')).toBe(1);
    socket.close();
  });
});

describe('at an authority', () => {
  let world: RunningAuthority;
  beforeAll(async () => {
    world = await startAuthority();
  });
  afterAll(() => world.stop());

  async function revoke(body: object): Promise<void> {
    const answer = await asOperator(world, '/admin/revocations', { method: 'POST', body });
    expect(answer.status).toBe(201);
  }

  const jtiOf = (token: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: unknown })
      .jti;

  test('a renewed socket hangs on its new token, not on the old one', async () => {
    const agentKey = await registerAgent(world, 'renewer');
    const [old, fresh] = [
      await boundToken(world.url, agentKey, 'renewer'),
      await boundToken(world.url, agentKey, 'renewer'),
    ];
    const socket = await openBound(world.url, agentKey, old);
    const mark = await openBound(world.url, agentKey, old);
    socket.send({ type: 'reauth', token: fresh, proof: await socketProof(agentKey, fresh) });
    expect(await socket.next()).toMatchObject({ type: 'reauthed' });
    await revoke({ kind: 'token', value: jtiOf(old) });
    expect(await mark.closed).toMatchObject({ code: 4403 });
    socket.send({ type: 'receive', max: 1 });
    await world.evict('Mailbox', 'renewer');
    await revoke({ kind: 'token', value: jtiOf(fresh) });
    expect(await socket.closed).toMatchObject({ code: 4403 });
  });

  test('a chain opens a socket for its delegate, who may be renewed with another chain', async () => {
    const [lead, helper] = [
      await registerAgent(world, 'lead', {
        dlg_max: 1,
        scope: ['bus:publish', 'bus:receive', 'bus:represent'],
      }),
      await registerAgent(world, 'helper'),
    ];
    const root = { token: await boundToken(world.url, lead, 'lead'), hops: [], key: lead };
    const to = { to: 'helper', key: helper, scope: 'bus:publish bus:receive' };
    const chain = await delegate(root, to);
    const socket = await openBound(world.url, helper, chain.token, chain.hops);
    const publish = async (from: TestSocket, recipient: string): Promise<void> => {
      const { text } = await makeEnvelope({ to: recipient });
      from.send(`{"type":"publish","ref":"r","message":${text}}`);
      expect(await from.next()).toMatchObject({ type: 'accepted' });
    };
    await publish(socket, 'helper');
    socket.send({ type: 'receive', max: 1 });
    expect(await socket.next()).toMatchObject({ sender: 'helper', via: ['helper'] });
    const again = await delegate(root, to);
    const proof = await socketProof(helper, again.token);
    socket.send({ type: 'reauth', token: again.token, proof, delegation: again.hops.join(',') });
    expect(await socket.next()).toMatchObject({ type: 'reauthed' });
    // Its root alone is another presenter
    const own = await socketProof(lead, root.token);
    socket.send({ type: 'reauth', token: root.token, proof: own });
    expect(await socket.next()).toEqual({ type: 'error', code: 'sender_mismatch' });
    socket.close();
  });

  test('a token that was revoked opens no socket', async () => {
    const agentKey = await registerAgent(world, 'revoked');
    const token = await boundToken(world.url, agentKey, 'revoked');
    (await openBound(world.url, agentKey, token)).close();
    await revoke({ kind: 'token', value: jtiOf(token) });
    // At once, however old what this isolate knows of revocations is
    await expect(openBound(world.url, agentKey, token)).rejects.toThrow('refused');
  });
});
