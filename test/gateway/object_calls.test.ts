// Which requests reach an object, and how often: strangers never, agents once

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  registerAgent,
  startAuthority,
  type RunningAuthority,
} from '../support/authority.ts';
import { countingObjects, linesSince } from '../support/counting_objects.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { call, codeOf, type Call } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken, type TestKey } from '../support/tokens.ts';

let gateway: RunningGateway;
let key: TestKey;
let stranger: TestKey;

beforeAll(async () => {
  const objects = await countingObjects();
  [gateway, key, stranger] = await Promise.all([startGateway({ objects }), makeKey(), makeKey()]);
});
afterAll(() => gateway.stop());

const scope = 'bus:publish bus:receive';
const tally = (outcomes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};
const fresh = (): string => `agent-${crypto.randomUUID()}`;

/** What came to the objects while something was done, counted after what it left for later. */
async function during(work: () => Promise<void>): Promise<Record<string, number>> {
  const place = gateway.logs().length;
  await work();
  // A request of an agent of its own comes last: what is logged by then is all there is
  const mark = await mintToken(gateway.key, gateway.issuer, 'mark', scope, {
    claims: boundTo(key),
  });
  const before = linesSince(gateway, place).length;
  await whoami(mark);
  const deadline = Date.now() + 10_000;
  while (linesSince(gateway, place).length === before && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const lines = linesSince(gateway, place).slice(0, before);
  return tally(lines);
}

async function whoami(token: string): Promise<string> {
  const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, token);
  const headers = { authorization: `DPoP ${token}`, dpop };
  return codeOf(await call(`${gateway.url}/whoami`, { headers }));
}

/** Ten requests that are each refused for a reason of their own. */
async function badRequests(): Promise<readonly Call[]> {
  const { issuer, key: own } = gateway;
  const past = Math.floor(Date.now() / 1000) - 3600;
  const claims = boundTo(key);
  const bound = await mintToken(own, issuer, fresh(), scope, { claims });
  const good = await mintToken(own, issuer, fresh(), scope);
  const wrong = await mintProof(stranger, 'GET', `${publicUrl}/whoami`, bound);
  const tokens = [
    await mintToken(stranger, issuer, fresh(), scope, { header: { kid: own.kid } }),
    await mintToken(stranger, issuer, fresh(), scope),
    await mintToken(stranger, 'https://nobody.example', fresh(), scope),
    await mintToken(own, issuer, fresh(), scope, { claims: { exp: past, iat: past - 60 } }),
    await mintToken(own, issuer, fresh(), scope, { claims: { aud: 'another' } }),
    `${good}x`,
    'garbage',
    bound,
  ];
  return [
    {},
    ...tokens.map((token) => ({ token })),
    { headers: { authorization: `DPoP ${bound}`, dpop: wrong } },
  ];
}

describe('a flood of 10,000 bad requests', () => {
  test('reaches no object', async () => {
    const kinds = await badRequests();
    const outcomes: string[] = [];
    const calls = await during(async () => {
      for (let round = 0; round < 20; round++) {
        const answers = await Promise.all(
          Array.from({ length: 500 }, (_, at) =>
            call(`${gateway.url}/whoami`, kinds[at % kinds.length] ?? {}),
          ),
        );
        outcomes.push(...answers.map(codeOf));
      }
    });
    expect(tally(outcomes)).toEqual({
      '401 token_missing': 1000,
      '401 signature_invalid': 1000,
      '401 key_unknown': 1000,
      '401 issuer_not_trusted': 1000,
      '401 token_expired': 1000,
      '401 audience_mismatch': 1000,
      '400 token_malformed': 2000,
      '401 proof_required': 1000,
      '401 proof_invalid': 1000,
    });
    expect(calls).toEqual({});
  });

  test('of one address is cut short, and no other address', async () => {
    const [bad = {}] = await badRequests();
    const from = async (address: string, request: Call): Promise<string> => {
      const headers = { ...request.headers, 'cf-connecting-ip': address };
      return codeOf(await call(`${gateway.url}/whoami`, { ...request, headers }));
    };
    const outcomes: string[] = [];
    const deadline = Date.now() + 60_000;
    const calls = await during(async () => {
      while (outcomes.at(-1) !== '429 rate_limited' && Date.now() < deadline) {
        const flood = Array.from({ length: 300 }, () => from('192.0.2.7', bad));
        outcomes.push(...(await Promise.all(flood)));
      }
    });
    expect(calls).toEqual({});
    expect(outcomes.slice(0, 900)).toEqual(Array.from({ length: 900 }, () => '401 token_missing'));
    expect(outcomes.at(-1)).toBe('429 rate_limited');
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope);
    expect(await from('192.0.2.7', { token })).toBe('429 rate_limited');
    expect(await from('192.0.2.8', { token })).toBe('200');
  });
});

describe('a proof that is sent again and again from one address', () => {
  test('is cut short, and then reaches no object', async () => {
    const claims = boundTo(key);
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope, { claims });
    const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, token);
    const headers = {
      authorization: `DPoP ${token}`,
      dpop,
      'cf-connecting-ip': '198.51.100.7',
    };
    const replay = async (): Promise<string> =>
      codeOf(await call(`${gateway.url}/whoami`, { headers }));
    expect(await replay()).toBe('200');
    const deadline = Date.now() + 60_000;
    let last = '';
    while (last !== '429 rate_limited' && Date.now() < deadline) {
      const answers = await Promise.all(Array.from({ length: 300 }, replay));
      last = answers.at(-1) ?? '';
      expect(Object.keys(tally(answers))).not.toContain('200');
    }
    expect(last).toBe('429 rate_limited');
    expect(await during(async () => void (await replay()))).toEqual({});
  });
});

describe('an agent’s request', () => {
  test('with a bearer token and nothing that happens once asks no object', async () => {
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope);
    const calls = await during(async () => {
      for (let i = 0; i < 20; i++) await call(`${gateway.url}/whoami`, { token });
    });
    expect(calls).toEqual({});
  });

  test('with a proof asks its agent’s object once', async () => {
    const claims = boundTo(key);
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope, { claims });
    const calls = await during(async () => {
      for (let i = 0; i < 5; i++) expect(await whoami(token)).toBe('200');
    });
    expect(calls).toEqual({ 'object made: Agent': 1, 'agent asked: admitRequest': 5 });
  });

  test('with a proof and a message asks it once, and tells it afterwards', async () => {
    const claims = boundTo(key);
    const token = await mintToken(gateway.key, gateway.issuer, fresh(), scope, { claims });
    const dpop = await mintProof(key, 'POST', `${publicUrl}/bus/messages`, token);
    const headers = { authorization: `DPoP ${token}`, dpop };
    const { text } = await makeEnvelope({ to: fresh() });
    const calls = await during(async () => {
      const request = { method: 'POST', headers, body: text };
      expect((await call(`${gateway.url}/bus/messages`, request)).status).toBe(202);
    });
    expect(calls).toMatchObject({
      'object made: Agent': 1,
      'agent asked: admitRequest': 1,
      'agent asked: commit': 1,
    });
    expect(calls).not.toHaveProperty('agent asked: reserve');
  });
});

describe('at an authority', () => {
  test('tokens that nobody signed reach no agent’s object', async () => {
    const world: RunningAuthority = await startAuthority({ objects: await countingObjects() });
    try {
      const planner = await registerAgent(world, 'planner');
      const token = await boundToken(world.url, planner, 'planner');
      const forged = await mintToken(planner, publicUrl, 'victim', scope);
      const place = world.logs().length;
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, at) =>
            call(`${world.url}/whoami`, { token: at % 2 === 0 ? forged : token }),
          ),
        );
        expect(tally(answers.map(codeOf))).toEqual({
          '401 key_unknown': 100,
          '401 proof_required': 100,
        });
      }
      const agents = linesSince(world, place).filter((line) => /agent/i.test(line));
      expect(agents).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});
