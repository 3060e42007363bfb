// Off-line chains over HTTP: who presents, for whom, what a hop may claim, and what ends a chain

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  registerAgent,
  startAuthority,
  type RunningAuthority,
} from '../support/authority.ts';
import { makeEnvelope, type EnvelopeOptions } from '../support/envelopes.ts';
import { callWithChain, chainCode, delegate, type Chain } from '../support/hops.ts';
import { asOperator } from '../support/revocation.ts';
import { makeKey, mintProof, type TestKey } from '../support/tokens.ts';
import { publicUrl } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';

let world: RunningAuthority;
const keys: Record<string, TestKey> = {};
const everything = ['bus:publish', 'bus:receive', 'bus:represent', 'tool:exec'];
const keyOf = (id: string): TestKey => {
  const key = keys[id];
  if (key === undefined) throw new Error(`There is no ${id}`);
  return key;
};

beforeAll(async () => {
  world = await startAuthority();
  for (const id of ['planner', 'researcher', 'scraper', 'victim', 'mallory']) {
    keys[id] = await registerAgent(world, id, { scope: everything, dlg_max: 3 });
  }
});
afterAll(() => world.stop());

const root = async (): Promise<Chain> => {
  const key = keyOf('planner');
  return { token: await boundToken(world.url, key, 'planner'), hops: [], key };
};

/** A chain from the planner's token over agents who hold their own keys. */
async function chain(ids: readonly string[], scope = everything.join(' ')): Promise<Chain> {
  let made = await root();
  for (const to of ids) made = await delegate(made, { to, key: keyOf(to), scope });
  return made;
}

const who = async (made: Chain, url = world.url): Promise<Readonly<Record<string, unknown>>> =>
  (await callWithChain(url, '/whoami', made)).body;

async function send(made: Chain, options: EnvelopeOptions): Promise<string> {
  const { text } = await makeEnvelope(options);
  return chainCode(
    await callWithChain(world.url, '/bus/messages', made, { method: 'POST', body: text }),
  );
}

interface Delivery {
  readonly sender: string;
  readonly via: readonly string[];
}

async function receive(made: Chain, query = ''): Promise<readonly Delivery[]> {
  const { status, body } = await callWithChain(world.url, `/bus/messages${query}`, made);
  expect(status).toBe(200);
  return body['messages'] as readonly Delivery[];
}

describe('a chain of delegates who hold their registered keys', () => {
  test('is presented by the last one, for the root’s agent', async () => {
    const made = await chain(['researcher', 'scraper'], 'tool:exec');
    for (const url of [world.url, world.otherUrl]) {
      expect(await who(made, url)).toMatchObject({
        agent_id: 'scraper',
        subject_id: 'planner',
        scope: ['tool:exec'],
        jkt: keyOf('scraper').kid,
        actors: [
          { agent_id: 'scraper', authenticated: true },
          { agent_id: 'researcher', authenticated: true },
        ],
      });
    }
  });

  test('sends and receives as the presenter, and says by whom it came', async () => {
    const made = await chain(['researcher', 'scraper'], 'bus:publish bus:receive');
    expect(await send(made, { from: 'scraper', to: 'victim' })).toBe('202');
    const key = keyOf('victim');
    const token = await boundToken(world.url, key, 'victim');
    expect(await receive({ token, hops: [], key })).toMatchObject([
      { sender: 'scraper', via: ['scraper', 'researcher'] },
    ]);
    expect(await receive(made)).toEqual([]);
  });

  test('uses the name and the mailbox of the subject only with bus:represent', async () => {
    const plain = await chain(['researcher'], 'bus:publish bus:receive');
    expect(await send(plain, { from: 'planner', to: 'researcher' })).toBe('403 scope_insufficient');
    const path = '/bus/messages?agent=planner';
    expect(chainCode(await callWithChain(world.url, path, plain))).toBe('403 scope_insufficient');
    const represents = await chain(['researcher']);
    expect(await send(represents, { from: 'planner', to: 'planner' })).toBe('202');
    expect(await receive(represents, '?agent=planner')).toMatchObject([
      { sender: 'researcher', via: ['researcher'] },
    ]);
  });

  test('names nobody between: neither their name nor their mailbox', async () => {
    const made = await chain(['researcher', 'scraper']);
    expect(await send(made, { from: 'researcher' })).toBe('403 sender_mismatch');
    const path = '/bus/messages?agent=researcher';
    expect(chainCode(await callWithChain(world.url, path, made))).toBe('403 sender_mismatch');
  });
});

describe('a hop that names another agent’s id', () => {
  const impersonating = async (): Promise<Chain> =>
    delegate(await root(), { to: 'victim', key: keyOf('mallory'), scope: everything.join(' ') });

  test('acts for the root alone, and is marked', async () => {
    expect(await who(await impersonating())).toMatchObject({
      agent_id: 'planner',
      subject_id: 'planner',
      actors: [{ agent_id: 'victim', authenticated: false }],
    });
  });

  test('gets neither the name nor the mailbox of that agent', async () => {
    const made = await impersonating();
    expect(await send(made, { from: 'victim' })).toBe('403 sender_mismatch');
    const path = '/bus/messages?agent=victim';
    expect(chainCode(await callWithChain(world.url, path, made))).toBe('403 sender_mismatch');
  });

  test('an id that nobody has, and a key that nobody registered', async () => {
    for (const to of ['nobody', 'victim']) {
      const made = await delegate(await root(), { to, key: await makeKey(), scope: 'tool:exec' });
      expect(await who(made)).toMatchObject({ agent_id: 'planner' });
    }
  });

  test('no longer counts once the agent is disabled', async () => {
    keys['leaver'] = await registerAgent(world, 'leaver', { scope: everything });
    const made = await chain(['leaver'], 'tool:exec');
    expect(await who(made)).toMatchObject({ agent_id: 'leaver' });
    const change = { method: 'PATCH', body: { disabled: true } };
    await asOperator(world, '/admin/agents/leaver', change);
    const code = async (): Promise<unknown> => (await who(made))['code'];
    await expect.poll(code, { timeout: 1000, interval: 20 }).toBe('token_revoked');
  });
});

describe('a chain is refused', () => {
  test('that widens, at each hop', async () => {
    const narrow = await chain(['researcher'], 'bus:publish:news');
    const wider = { to: 'scraper', key: keyOf('scraper'), scope: 'bus:publish' };
    const rows = [
      await delegate(narrow, wider),
      await delegate(await delegate(narrow, { ...wider, scope: 'bus:publish:news' }), wider),
      await delegate(await root(), { ...wider, scope: 'bus:veto' }),
      await delegate(await root(), { ...wider, claims: { tier: 'power' } }),
    ];
    for (const made of rows) {
      expect(chainCode(await callWithChain(world.url, '/whoami', made))).toBe(
        '401 delegation_widened',
      );
    }
  });

  test('without a proof, or with one by another key than the last', async () => {
    const made = await chain(['researcher', 'scraper'], 'tool:exec');
    for (const id of ['planner', 'researcher', 'mallory']) {
      const answer = await callWithChain(world.url, '/whoami', made, { proofKey: keyOf(id) });
      expect(chainCode(answer)).toBe('401 proof_invalid');
    }
    const headers = { 'agent-delegation': made.hops.join(',') };
    const bearer = await call(`${world.url}/whoami`, { token: made.token, headers });
    expect(codeOf(bearer)).toBe('401 proof_required');
  });

  test('below a token that may not delegate', async () => {
    const key = await registerAgent(world, 'single', { scope: everything });
    const token = await boundToken(world.url, key, 'single');
    const made = await delegate(
      { token, hops: [], key },
      { to: 'scraper', key: keyOf('scraper'), scope: 'tool:exec' },
    );
    expect(chainCode(await callWithChain(world.url, '/whoami', made))).toBe(
      '401 delegation_too_deep',
    );
  });

  test('at the routes of operators', async () => {
    const key = world.operator;
    const token = await boundToken(world.url, key, 'operator');
    const made = await delegate(
      { token, hops: [], key },
      { to: 'scraper', key: keyOf('scraper'), scope: 'admin:read' },
    );
    const answer = await callWithChain(world.url, '/admin/agents', made);
    expect(answer.status).toBe(401);
  });

  test('of which a hop is missing, doubled, or in another place', async () => {
    const made = await chain(['researcher', 'scraper'], 'tool:exec');
    const [first = '', second = ''] = made.hops;
    for (const hops of [
      [second],
      [first, first, second],
      [second, first],
      [first, 'a'],
      [first, ''],
    ]) {
      const answer = await callWithChain(world.url, '/whoami', { ...made, hops });
      expect(answer.status).toBe(401);
    }
  });

  test('of another root', async () => {
    const made = await chain(['researcher'], 'tool:exec');
    const { token } = await root();
    const proof = await mintProof(keyOf('researcher'), 'GET', `${publicUrl}/whoami`, token);
    const headers = {
      authorization: `DPoP ${token}`,
      dpop: proof,
      'agent-delegation': made.hops.join(','),
    };
    expect(codeOf(await call(`${world.url}/whoami`, { headers }))).toBe('401 delegation_malformed');
  });
});

let passing = '';

describe('a chain ends in both isolates within a second with', () => {
  test.each<[string, (made: Chain) => object]>([
    ['its root token', ({ token }) => ({ kind: 'token', value: decodeJwt(token).jti })],
    ['its root’s session', ({ token }) => ({ kind: 'session', value: decodeJwt(token)['sid'] })],
    [
      'its first hop',
      ({ hops: [hop = ''] }) => ({
        kind: 'token',
        value: `${keyOf('planner').kid}:${decodeJwt(hop).jti}`,
      }),
    ],
    ['a delegate’s key', () => ({ kind: 'jkt', value: keyOf(passing).kid })],
    ['a delegate’s agent', () => ({ kind: 'agent', value: passing })],
  ])('%s', async (_name, body) => {
    passing = `passing-${crypto.randomUUID()}`;
    keys[passing] = await registerAgent(world, passing, { scope: everything });
    const made = await chain([passing, 'scraper'], 'tool:exec');
    const urls = [world.url, world.otherUrl];
    for (const url of urls) expect(await who(made, url)).toMatchObject({ agent_id: 'scraper' });
    const request = { method: 'POST', body: body(made) };
    expect((await asOperator(world, '/admin/revocations', request)).status).toBe(201);
    for (const url of urls) {
      const code = async (): Promise<unknown> => (await who(made, url))['code'];
      await expect.poll(code, { timeout: 1000, interval: 20 }).toBe('token_revoked');
    }
  });
});
