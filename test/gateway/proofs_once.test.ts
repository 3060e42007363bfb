// A proof counts once, over all isolates and routes, after crashes too

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type RunningAuthority,
} from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { callWithChain, delegate, mintHop } from '../support/hops.ts';
import { call, codeOf, type Call } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken, type TestKey } from '../support/tokens.ts';

let world: RunningAuthority;
let planner: TestKey;
let lead: TestKey;

beforeAll(async () => {
  world = await startAuthority();
  planner = await registerAgent(world, 'planner', { dlg_max: 2 });
  lead = await registerAgent(world, 'lead');
});
afterAll(() => world.stop());

const tally = (outcomes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

/** The same request 50 times at once, every other one in another isolate. */
async function fifty(
  urls: readonly [string, string],
  path: string,
  request: Call,
): Promise<Record<string, number>> {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, at) => call(`${urls[at % 2 === 0 ? 0 : 1]}${path}`, request)),
  );
  return tally(
    answers.map((answer) => (answer.status < 300 ? String(answer.status) : codeOf(answer))),
  );
}

const proven = async (
  key: TestKey,
  token: string,
  method: string,
  path: string,
): Promise<Record<string, string>> => ({
  authorization: `DPoP ${token}`,
  dpop: await mintProof(key, method, `${publicUrl}${path.split('?')[0]}`, token),
});

describe('of 50 uses of one proof in two isolates at once', () => {
  test.each([
    ['GET', '/whoami', '200'],
    ['GET', '/bus/messages?max=1', '200'],
    ['GET', '/bus/status', '200'],
    ['DELETE', `/bus/messages/${crypto.randomUUID()}`, '204'],
  ])('%s %s takes one', async (method, path, good) => {
    const token = await boundToken(world.url, planner, 'planner');
    const headers = await proven(planner, token, method, path);
    expect(await fifty([world.url, world.otherUrl], path, { method, headers })).toEqual({
      [good]: 1,
      '401 proof_replayed': 49,
    });
  });

  test('POST /bus/messages takes one, and stores what that one brought', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const headers = await proven(planner, token, 'POST', '/bus/messages');
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const { text } = await makeEnvelope({ to: 'lead' });
        const url = at % 2 === 0 ? world.url : world.otherUrl;
        return call(`${url}/bus/messages`, { method: 'POST', headers, body: text });
      }),
    );
    expect(tally(answers.map(codeOf))).toEqual({ '202': 1, '401 proof_replayed': 49 });
    const leadToken = await boundToken(world.url, lead, 'lead');
    const status = await call(`${world.url}/bus/status`, {
      headers: await proven(lead, leadToken, 'GET', '/bus/status'),
    });
    expect(JSON.parse(status.text)).toMatchObject({ queued: 1 });
  });

  test.each([
    ['GET', '/admin/agents', undefined, '200'],
    ['GET', '/admin/keys', undefined, '200'],
    ['POST', '/admin/enrollments', { id: 'x-1', tier: 'fast', scope: ['bus:receive'] }, '201'],
  ])('%s %s takes one', async (method, path, body, good) => {
    const token = await boundToken(world.url, world.operator, 'operator');
    const headers = await proven(world.operator, token, method, path);
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    expect(await fifty([world.url, world.otherUrl], path, request)).toEqual({
      [good]: 1,
      '401 proof_replayed': 49,
    });
  });

  test('POST /revoke of an operator takes one', async () => {
    const form = await tokenForm(lead, 'lead');
    const { body } = await postForm(`${world.url}/token`, form);
    const token = await boundToken(world.url, world.operator, 'operator');
    const headers = await proven(world.operator, token, 'POST', '/revoke');
    const request = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token: String(body['access_token']) }).toString(),
    };
    expect(await fifty([world.url, world.otherUrl], '/revoke', request)).toEqual({
      '200': 1,
      '401 proof_replayed': 49,
    });
  });

  test('of a chain takes one', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const hop = await mintHop(token, planner, { to: 'lead', key: lead, scope: 'bus:receive' });
    const headers = {
      ...(await proven(lead, token, 'GET', '/whoami')),
      'agent-delegation': hop,
    };
    expect(await fifty([world.url, world.otherUrl], '/whoami', { headers })).toEqual({
      '200': 1,
      '401 proof_replayed': 49,
    });
  });
});

describe('a used proof', () => {
  test('stays used when the object of its agent is evicted', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const headers = await proven(planner, token, 'GET', '/whoami');
    expect(codeOf(await call(`${world.url}/whoami`, { headers }))).toBe('200');
    await world.evict('Agent', 'planner');
    for (const url of [world.url, world.otherUrl]) {
      expect(codeOf(await call(`${url}/whoami`, { headers }))).toBe('401 proof_replayed');
    }
  });

  test('of a chain stays used when its delegate becomes somebody else', async () => {
    const chain = {
      token: await boundToken(world.url, planner, 'planner'),
      hops: [] as readonly string[],
      key: planner,
    };
    const clerk = await makeKey();
    const made = await delegate(chain, { to: 'clerk', key: clerk, scope: 'bus:receive' });
    const headers = {
      ...(await proven(clerk, made.token, 'GET', '/whoami')),
      'agent-delegation': made.hops.join(','),
    };
    const first = await call(`${world.url}/whoami`, { headers });
    expect(JSON.parse(first.text)).toMatchObject({ agent_id: 'planner' });
    await registerAgent(world, 'clerk', {}, clerk);
    // Isolates have known for up to 10 s that nobody is registered: asks until this one knows better
    const deadline = Date.now() + 20_000;
    let presenter: unknown;
    while (presenter !== 'clerk' && Date.now() < deadline) {
      presenter = (await callWithChain(world.url, '/whoami', made)).body['agent_id'];
    }
    expect(presenter).toBe('clerk');
    expect(codeOf(await call(`${world.url}/whoami`, { headers }))).toBe('401 proof_replayed');
  });

  test('with a request that is refused anyway is not used up', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const headers = await proven(planner, token, 'POST', '/bus/messages');
    const post = (body: string) =>
      call(`${world.url}/bus/messages`, { method: 'POST', headers, body });
    expect(codeOf(await post('{'))).toBe('400 message_malformed');
    const { text: foreign } = await makeEnvelope({ from: 'lead', to: 'lead' });
    expect(codeOf(await post(foreign))).toBe('403 sender_mismatch');
    const { text } = await makeEnvelope({ to: 'lead' });
    expect(codeOf(await post(text))).toBe('202');
    expect(codeOf(await post(text))).toBe('401 proof_replayed');
  });

  test('by another key is another one, whatever its id', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const other = await boundToken(world.url, lead, 'lead');
    const claims = { jti: crypto.randomUUID() };
    for (const [key, held] of [
      [planner, token],
      [lead, other],
    ] as const) {
      const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, held, { claims });
      const headers = { authorization: `DPoP ${held}`, dpop };
      expect(codeOf(await call(`${world.url}/whoami`, { headers }))).toBe('200');
      expect(codeOf(await call(`${world.url}/whoami`, { headers }))).toBe('401 proof_replayed');
    }
  });
});

describe('a gateway without an authority', () => {
  test('of 50 uses of one proof in two isolates takes one', async () => {
    const gateway = await startGateway();
    try {
      const key = await makeKey();
      const claims = boundTo(key);
      const token = await mintToken(gateway.key, gateway.issuer, 'planner', 'bus:receive', {
        claims,
      });
      const headers = await proven(key, token, 'GET', '/whoami');
      expect(await fifty([gateway.url, gateway.otherUrl], '/whoami', { headers })).toEqual({
        '200': 1,
        '401 proof_replayed': 49,
      });
      await gateway.evict('Agent', 'planner');
      expect(codeOf(await call(`${gateway.url}/whoami`, { headers }))).toBe('401 proof_replayed');
    } finally {
      await gateway.stop();
    }
  });
});
