// How many requests an agent may make: by tier, over all isolates, and what it is told of that

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  startAuthority,
  type RunningAuthority,
  boundToken,
  registerAgent,
} from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { callWithChain, chainCode, delegate, type Chain } from '../support/hops.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import { openBound } from '../support/sockets.ts';
import { boundTo, makeKey, mintProof, mintToken, type TestKey } from '../support/tokens.ts';

// So few that none is refilled while a test is under way
const variables = { RATE_LIMITS: 'fast=3,power=6' };
const scope = 'bus:publish bus:receive bus:represent';
let gateway: RunningGateway;
let key: TestKey;

beforeAll(async () => {
  [gateway, key] = await Promise.all([startGateway({ variables }), makeKey()]);
});
afterAll(() => gateway.stop());

const tally = (outcomes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};
const fresh = (): string => `agent-${crypto.randomUUID()}`;
const boundOf = (id: string, tier: string): Promise<string> =>
  mintToken(gateway.key, gateway.issuer, id, scope, { claims: { ...boundTo(key), tier } });

async function ask(token: string, url: string, path = '/whoami', method = 'GET', body?: string) {
  const dpop = await mintProof(key, method, `${publicUrl}${path}`, token);
  const headers = { authorization: `DPoP ${token}`, dpop };
  return call(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

const either = (at: number): string => (at % 2 === 0 ? gateway.url : gateway.otherUrl);
const many = (n: number, send: (at: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: n }, (_, at) => send(at)));

describe('an agent with a bound token', () => {
  test.each([
    ['fast', 3],
    ['power', 6],
  ])('of tier %s has %i requests a minute, in all isolates together', async (tier, quota) => {
    const token = await boundOf(fresh(), tier);
    const answers = await many(20, (at) => ask(token, either(at)));
    expect(tally(answers.map((answer) => String(answer.status)))).toEqual({
      '200': quota,
      '429': 20 - quota,
    });
  });

  test('is told what is left, and when to come again', async () => {
    const token = await boundOf(fresh(), 'fast');
    const left: (string | null)[] = [];
    for (let at = 0; at < 3; at++) {
      const { headers } = await ask(token, either(at));
      expect(headers.get('ratelimit-policy')).toBe('"fast";q=3;w=60');
      left.push(/^"fast";r=([0-9]+);t=[0-9]+$/.exec(headers.get('ratelimit') ?? '')?.[1] ?? null);
    }
    expect(left).toEqual(['2', '1', '0']);
    const refused = await ask(token, gateway.url);
    expect(codeOf(refused)).toBe('429 rate_limited');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(20);
    expect(refused.headers.get('ratelimit')).toBe(`"fast";r=0;t=${seconds}`);
    expect(refused.headers.get('ratelimit-policy')).toBe('"fast";q=3;w=60');
  });

  test('stays at its limit when its object is evicted', async () => {
    const id = fresh();
    const token = await boundOf(id, 'fast');
    await many(6, (at) => ask(token, either(at)));
    await gateway.evict('Agent', id);
    expect(codeOf(await ask(token, gateway.url))).toBe('429 rate_limited');
    expect(codeOf(await ask(token, gateway.otherUrl))).toBe('429 rate_limited');
  });

  test('a refused request uses up neither its proof nor its message', async () => {
    const token = await boundOf(fresh(), 'power');
    await many(6, (at) => ask(token, either(at)));
    const { text } = await makeEnvelope({ to: fresh() });
    const dpop = await mintProof(key, 'POST', `${publicUrl}/bus/messages`, token);
    const headers = { authorization: `DPoP ${token}`, dpop };
    const post = () => call(`${gateway.url}/bus/messages`, { method: 'POST', headers, body: text });
    const refused = await post();
    expect(codeOf(refused)).toBe('429 rate_limited');
    const until = Date.now() + Number(refused.headers.get('retry-after')) * 1000;
    let again = refused;
    while (again.status === 429 && Date.now() < until + 5000) again = await post();
    expect(again.status).toBe(202);
  });

  test('takes nothing from another one', async () => {
    const [one, two] = await Promise.all([boundOf(fresh(), 'fast'), boundOf(fresh(), 'fast')]);
    await many(20, (at) => ask(one, either(at)));
    expect(codeOf(await ask(one, gateway.url))).toBe('429 rate_limited');
    expect((await ask(two, gateway.url)).status).toBe(200);
  });
});

describe('an agent with a bearer token', () => {
  test('has its requests in each isolate', async () => {
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope);
    const answers = await many(20, () => call(`${gateway.url}/whoami`, { token }));
    expect(tally(answers.map((answer) => String(answer.status)))).toEqual({ '200': 3, '429': 17 });
    expect(answers.at(-1)?.headers.get('ratelimit-policy')).toBe('"fast";q=3;w=60');
  });

  test('sends its messages out of the one bucket of all isolates', async () => {
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope);
    const to = fresh();
    const answers = await many(20, async (at) => {
      const { text } = await makeEnvelope({ to });
      return call(`${either(at)}/bus/messages`, { method: 'POST', token, body: text });
    });
    expect(tally(answers.map((answer) => String(answer.status)))).toEqual({ '202': 3, '429': 17 });
  });
});

describe('a chain', () => {
  let world: RunningAuthority;
  const keys: Record<string, TestKey> = {};

  beforeAll(async () => {
    world = await startAuthority({ variables });
    for (const id of ['planner', 'researcher', 'scraper']) {
      keys[id] = await registerAgent(world, id, { dlg_max: 3 });
    }
  });
  afterAll(() => world.stop());

  const keyOf = (id: string): TestKey => {
    const found = keys[id];
    if (found === undefined) throw new Error(`There is no ${id}`);
    return found;
  };

  async function chainTo(id: string): Promise<Chain> {
    const own = keyOf('planner');
    const token = await boundToken(world.url, own, 'planner');
    const start: Chain = { token, hops: [], key: own };
    return delegate(start, { to: id, key: keyOf(id), scope: 'bus:receive' });
  }

  test('counts against who acts and against who is acted for', async () => {
    const [first, second] = [await chainTo('researcher'), await chainTo('scraper')];
    const whoami = async (chain: Chain): Promise<string> =>
      chainCode(await callWithChain(world.url, '/whoami', chain));
    const outcomes: string[] = [];
    for (const chain of [first, second, first]) outcomes.push(await whoami(chain));
    expect(tally(outcomes)).toEqual({ '200': 3 });
    // Neither delegate has made its own three; their root has
    expect(await whoami(first)).toBe('429 rate_limited');
    expect(await whoami(second)).toBe('429 rate_limited');
    const own = await boundToken(world.url, keyOf('scraper'), 'scraper');
    const dpop = await mintProof(keyOf('scraper'), 'GET', `${publicUrl}/whoami`, own);
    const headers = { authorization: `DPoP ${own}`, dpop };
    expect((await call(`${world.url}/whoami`, { headers })).status).toBe(200);
  });

  test('whoever repeats what was overheard of it takes nothing from its delegate', async () => {
    const key = await registerAgent(world, 'overheard');
    const lead = await registerAgent(world, 'lead', { dlg_max: 1 });
    const root = { token: await boundToken(world.url, lead, 'lead'), hops: [], key: lead };
    const chain = await delegate(root, { to: 'overheard', key, scope: 'bus:receive' });
    const proof = await mintProof(key, 'GET', `${publicUrl}/whoami`, chain.token);
    const headers = {
      authorization: `DPoP ${chain.token}`,
      dpop: proof,
      'agent-delegation': chain.hops.join(','),
    };
    const send = (at: number) =>
      call(`${at % 2 === 0 ? world.url : world.otherUrl}/whoami`, { headers });
    expect(codeOf(await send(0))).toBe('200');
    const repeated = await many(20, send);
    expect(tally(repeated.map(codeOf))).toEqual({ '401 proof_replayed': 20 });
    const own = await boundToken(world.url, key, 'overheard');
    const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, own);
    const answer = await call(`${world.url}/whoami`, {
      headers: { authorization: `DPoP ${own}`, dpop },
    });
    expect(answer.headers.get('ratelimit')).toMatch(/^"fast";r=1;/);
  });
});

test('a chain counts over sockets too: of openings and messages its root has three', async () => {
  const world = await startAuthority({ variables });
  const [lead, first, second] = [
    await registerAgent(world, 'hirer', { dlg_max: 1 }),
    await registerAgent(world, 'first'),
    await registerAgent(world, 'second'),
  ];
  const root = { token: await boundToken(world.url, lead, 'hirer'), hops: [], key: lead };
  const sockets = [];
  for (const [to, key] of [['first', first] as const, ['second', second] as const]) {
    const { token, hops } = await delegate(root, { to, key, scope: 'bus:publish' });
    sockets.push(await openBound(world.url, key, token, hops));
  }
  const outcomes: unknown[] = [];
  for (const socket of [...sockets, ...sockets]) {
    const { text } = await makeEnvelope({ to: 'nobody' });
    socket.send(`{"type":"publish","ref":"r","message":${text}}`);
    const { type, code } = await socket.next();
    outcomes.push(code ?? type);
  }
  expect(outcomes).toEqual(['accepted', 'rate_limited', 'rate_limited', 'rate_limited']);
  for (const socket of sockets) socket.close();
  // Each delegate has made two of its own three
  const own = await boundToken(world.url, second, 'second');
  const dpop = await mintProof(second, 'GET', `${publicUrl}/whoami`, own);
  const headers = { authorization: `DPoP ${own}`, dpop };
  expect((await call(`${world.url}/whoami`, { headers })).status).toBe(200);
  await world.stop();
});
