// POST /agents/self/key: an agent changes its key, and what was bound to the old one ends

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicUrl } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import {
  askToken,
  callerWith,
  makePrivateJwk,
  mintBareProof,
  publicJwkOf,
  signIn,
  startOperated,
  type Caller,
  type Client,
  type OperatedGateway,
} from '../support/operator.ts';
import { boundTo, makeKey, mintToken, type TestKey } from '../support/tokens.ts';

let gate: OperatedGateway;
let operator: Caller;
const path = '/agents/self/key';

beforeAll(async () => {
  gate = await startOperated();
  operator = await signIn(gate.url, gate.operator);
});
afterAll(() => gate.stop());

let count = 0;

async function register(): Promise<{ client: Client; agent: Caller }> {
  const client = { id: `changer-${++count}`, key: await makeKey() };
  const body = { id: client.id, tier: 'fast', scope: [], jwk: publicJwkOf(client.key) };
  const answer = await operator.send('POST', '/admin/agents', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { client, agent: await signIn(gate.url, client) };
}

const bodyFor = async (key: TestKey, claims: object = {}): Promise<object> => ({
  jwk: publicJwkOf(key),
  proof: await mintBareProof(key, path, claims),
});

const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe('POST /agents/self/key', () => {
  test('changes the key: the new one gets tokens, the old one’s are revoked', async () => {
    const { client, agent } = await register();
    const key = await makeKey();
    const answer = await agent.send('POST', path, await bodyFor(key));
    expect(answer.status).toBe(200);
    expect(read(answer.text)).toEqual({ client_id: client.id, jkt: key.kid });
    expect((await askToken(gate.url, client)).status).toBe(401);
    // An isolate that knows the old key asks for a new one at most once a second
    const renewed = { ...client, key };
    await expect
      .poll(async () => (await askToken(gate.url, renewed)).status, { timeout: 3000 })
      .toBe(200);
    const fresh = await signIn(gate.url, renewed);
    expect((await fresh.send('GET', '/whoami')).status).toBe(200);
    await expect
      .poll(async () => codeOf(await agent.send('GET', '/whoami')), { timeout: 1000 })
      .toBe('401 token_revoked');
    const shown = await operator.send('GET', `/admin/agents/${client.id}`);
    expect(read(shown.text)).toMatchObject({ jkt: key.kid, version: 2 });
  });

  test('of 20 new keys at once one is taken', async () => {
    const { client, agent } = await register();
    const keys = await Promise.all(Array.from({ length: 20 }, () => makeKey()));
    const answers = await Promise.all(
      keys.map(async (key) => agent.send('POST', path, await bodyFor(key))),
    );
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    const shown = await operator.send('GET', `/admin/agents/${client.id}`);
    expect(read(shown.text)['jkt']).toBe(read(winners[0]?.text ?? '{}')['jkt']);
  });

  test('a key of another agent, and a replaced one, is refused', async () => {
    const [one, other] = [await register(), await register()];
    const taken = await one.agent.send('POST', path, await bodyFor(other.client.key));
    expect(codeOf(taken)).toBe('409 key_taken');
    const key = await makeKey();
    expect((await one.agent.send('POST', path, await bodyFor(key))).status).toBe(200);
    const back = await other.agent.send('POST', path, await bodyFor(one.client.key));
    expect(codeOf(back)).toBe('409 key_taken');
    expect((await other.agent.send('GET', '/whoami')).status).toBe(200);
  });

  test('a proof of the new key counts once', async () => {
    const { agent } = await register();
    const body = await bodyFor(await makeKey());
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => agent.send('POST', path, body)),
    );
    const codes = answers.map(codeOf).sort();
    expect(codes.filter((code) => code === '200')).toHaveLength(1);
    expect(new Set(codes.slice(1))).toEqual(new Set(['401 proof_replayed']));
  });

  test('refuses what does not prove the new key for this', async () => {
    const { client, agent } = await register();
    const [key, stranger] = await Promise.all([makeKey(), makeKey()]);
    const jwk = publicJwkOf(key);
    const cases: readonly (readonly [object | string, string])[] = [
      [{ jwk }, '400 request_malformed'],
      [{ jwk, proof: '' }, '401 proof_invalid'],
      [{ jwk, proof: await mintBareProof(stranger, path) }, '401 proof_invalid'],
      [{ jwk, proof: await mintBareProof(key, '/enroll') }, '401 proof_invalid'],
      [await bodyFor(key, { htm: 'PUT' }), '401 proof_invalid'],
      [await bodyFor(key, { htu: `${publicUrl}/agents/self` }), '401 proof_invalid'],
      [await bodyFor(key, { iat: 1 }), '401 proof_invalid'],
      [{ ...(await bodyFor(key)), id: 'operator' }, '400 member_unknown'],
      [{ jwk: await makePrivateJwk(), proof: 'x' }, '400 key_private'],
      [{ jwk: 'x', proof: 'x' }, '400 key_malformed'],
      ['{"jwk":{},"jwk":{}}', '400 request_malformed'],
    ];
    for (const [body, expected] of cases) {
      expect(codeOf(await agent.send('POST', path, body))).toBe(expected);
    }
    const shown = await operator.send('GET', `/admin/agents/${client.id}`);
    expect(read(shown.text)).toMatchObject({ jkt: client.key.kid, version: 1 });
  });

  test('takes a bound token of this authority, for the agent itself', async () => {
    const { client } = await register();
    const body = await bodyFor(await makeKey());
    const text = JSON.stringify(body);
    const none = await call(gate.url + path, { method: 'POST', body: text });
    expect(codeOf(none)).toBe('401 token_missing');
    const unbound = JSON.parse((await askToken(gate.url, client, { bound: false })).text) as {
      readonly access_token: string;
    };
    const token = unbound.access_token;
    const bearer = await call(gate.url + path, { method: 'POST', token, body: text });
    expect(codeOf(bearer)).toBe('401 proof_required');
    const claims = boundTo(client.key);
    const foreign = await mintToken(gate.key, gate.issuer, client.id, '', {
      claims: { ...claims, scope: undefined },
    });
    const elsewhere = callerWith(gate.url, client.key, foreign);
    expect(codeOf(await elsewhere.send('POST', path, body))).toBe('403 sender_mismatch');
  });

  test('a disabled agent changes nothing', async () => {
    const { client, agent } = await register();
    await operator.send('PATCH', `/admin/agents/${client.id}`, { disabled: true });
    const answer = await agent.send('POST', path, await bodyFor(await makeKey()));
    expect(['401 token_revoked', '409 key_changed']).toContain(codeOf(answer));
    const shown = await operator.send('GET', `/admin/agents/${client.id}`);
    expect(read(shown.text)).toMatchObject({ jkt: client.key.kid });
  });
});
