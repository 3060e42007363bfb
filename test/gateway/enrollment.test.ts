// Enrolment over HTTP: one code makes one agent, whatever is tried with it

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicUrl } from '../support/gateway.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import {
  makePrivateJwk,
  mintBareProof,
  publicJwkOf,
  signIn,
  startOperated,
  type Caller,
  type OperatedGateway,
} from '../support/operator.ts';
import { makeKey, type TestKey } from '../support/tokens.ts';

let gate: OperatedGateway;
let operator: Caller;
const origin = 'https://app.example';

beforeAll(async () => {
  gate = await startOperated({ variables: { ALLOWED_ORIGINS: origin } });
  operator = await signIn(gate.url, gate.operator);
});
afterAll(() => gate.stop());

let count = 0;
const freshId = (): string => `enrolled-${++count}`;
const seconds = (): number => Math.floor(Date.now() / 1000);
const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

async function makeCode(changes: object = {}): Promise<{ id: string; code: string }> {
  const body = { id: freshId(), tier: 'fast', scope: ['bus:receive'], ...changes };
  const answer = await operator.send('POST', '/admin/enrollments', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { id: body.id, code: String(read(answer.text)['code']) };
}

// An address of its own for each test: failures are counted by address
let addresses = 0;
const freshAddress = (): string => `198.51.100.${++addresses}`;

interface Try {
  readonly key: TestKey;
  readonly proof?: string | null;
  readonly address?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function enroll(
  body: object | string,
  { key, proof, address = freshAddress(), url = gate.url, headers = {} }: Try,
): Promise<Answer> {
  const made = proof === undefined ? await mintBareProof(key, '/enroll') : proof;
  return call(`${url}/enroll`, {
    method: 'POST',
    headers: {
      'cf-connecting-ip': address,
      ...(made === null ? {} : { dpop: made }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const tally = (answers: readonly Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[codeOf(answer)] = (counts[codeOf(answer)] ?? 0) + 1;
  return counts;
};

describe('POST /admin/enrollments', () => {
  test('makes a code that begins with its enrolment and lives 15 minutes', async () => {
    const id = freshId();
    const body = { id, tier: 'fast', scope: [] };
    const answer = await operator.send('POST', '/admin/enrollments', body);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const said = read(answer.text);
    expect(Object.keys(said).sort()).toEqual(['code', 'expires_at']);
    expect(Math.abs(Number(said['expires_at']) - seconds() - 900)).toBeLessThan(5);
    const [enrollment = '', secret = ''] = String(said['code']).split('.');
    expect(secret.length * 6).toBeGreaterThanOrEqual(128);
    const listed = await operator.send('GET', '/admin/enrollments?limit=200');
    expect(listed.text).not.toContain(secret);
    expect(
      (read(listed.text)['enrollments'] as object[]).find(
        (row) => Reflect.get(row, 'agent_id') === id,
      ),
    ).toEqual({
      id: enrollment,
      agent_id: id,
      tier: 'fast',
      scope: [],
      dpop: 'optional',
      created_by: 'operator',
      expires_at: said['expires_at'],
      tries: 0,
      state: 'open',
    });
  });

  test.each<[string, object, string]>([
    ['59 seconds', { expires_in: 59 }, '400 expires_in_malformed'],
    ['a day and a second', { expires_in: 86_401 }, '400 expires_in_malformed'],
    ['half a second', { expires_in: 60.5 }, '400 expires_in_malformed'],
    ['seconds as text', { expires_in: '900' }, '400 expires_in_malformed'],
    ['a key', { jwk: {} }, '400 member_unknown'],
    ['operator', { id: 'operator' }, '409 agent_reserved'],
    ['a look-alike', { id: 'BRIDGE' }, '409 agent_reserved'],
    ['an unknown tier', { tier: 'x' }, '400 tier_unknown'],
  ])('refuses %s', async (_name, changes, code) => {
    const body = { id: freshId(), tier: 'fast', scope: [], ...changes };
    expect(codeOf(await operator.send('POST', '/admin/enrollments', body))).toBe(code);
  });

  test('refuses the id of an agent that has a key', async () => {
    const { id, code } = await makeCode();
    const key = await makeKey();
    expect((await enroll({ code, jwk: publicJwkOf(key) }, { key })).status).toBe(201);
    const again = await operator.send('POST', '/admin/enrollments', {
      id,
      tier: 'fast',
      scope: [],
    });
    expect(codeOf(again)).toBe('409 agent_exists');
  });

  test('a code that was taken back is none any more', async () => {
    const { code } = await makeCode();
    const path = `/admin/enrollments/${code.split('.')[0]}`;
    expect((await operator.send('DELETE', path)).status).toBe(204);
    expect(codeOf(await operator.send('DELETE', path))).toBe('404 enrollment_unknown');
    const key = await makeKey();
    expect(codeOf(await enroll({ code, jwk: publicJwkOf(key) }, { key }))).toBe(
      '400 enrollment_refused',
    );
  });
});

describe('POST /enroll', () => {
  test('makes an agent, which gets tokens and is what the operator said', async () => {
    const { id, code } = await makeCode({ tier: 'power', scope: ['bus:veto'], dpop: 'required' });
    const key = await makeKey();
    const answer = await enroll({ code, jwk: publicJwkOf(key) }, { key });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(read(answer.text)).toEqual({
      client_id: id,
      issuer: publicUrl,
      token_endpoint: `${publicUrl}/token`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      resource: publicUrl,
    });
    const agent = await signIn(gate.url, { id, key });
    expect(read((await agent.send('GET', '/whoami')).text)).toMatchObject({
      agent_id: id,
      tier: 'power',
      scope: ['bus:veto'],
    });
  });

  test('of 50 keys that use one code at once, in two isolates, one succeeds', async () => {
    const { id, code } = await makeCode();
    const keys = await Promise.all(Array.from({ length: 50 }, () => makeKey()));
    const answers = await Promise.all(
      keys.map((key, at) =>
        enroll({ code, jwk: publicJwkOf(key) }, { key, url: at % 2 ? gate.url : gate.otherUrl }),
      ),
    );
    expect(tally(answers)).toEqual({ 201: 1, '400 enrollment_refused': 49 });
    const shown = await operator.send('GET', `/admin/agents/${id}`);
    const winner = keys[answers.findIndex(({ status }) => status === 201)];
    expect(read(shown.text)).toMatchObject({ jkt: winner?.kid });
  });

  test('of 50 at once with one key one succeeds, and later the key may ask again', async () => {
    const { id, code } = await makeCode();
    const key = await makeKey();
    const body = { code, jwk: publicJwkOf(key) };
    const answers = await Promise.all(Array.from({ length: 50 }, () => enroll(body, { key })));
    expect(tally(answers)).toEqual({ 201: 1, '400 enrollment_refused': 49 });
    const later = await mintBareProof(key, '/enroll', { iat: seconds() + 2 });
    const again = await enroll(body, { key, proof: later });
    expect(again.status).toBe(201);
    expect(read(again.text)).toMatchObject({ client_id: id });
    const stranger = await makeKey();
    const proof = await mintBareProof(stranger, '/enroll', { iat: seconds() + 2 });
    const taken = await enroll({ code, jwk: publicJwkOf(stranger) }, { key: stranger, proof });
    expect(codeOf(taken)).toBe('400 enrollment_refused');
  });

  test('an agent that was registered without a key gets one, and what its code says', async () => {
    const id = freshId();
    await operator.send('POST', '/admin/agents', { id, tier: 'fast', scope: [] });
    const { code } = await makeCode({ id, scope: ['bus:publish'] });
    const key = await makeKey();
    expect((await enroll({ code, jwk: publicJwkOf(key) }, { key })).status).toBe(201);
    const agent = await signIn(gate.url, { id, key });
    expect(read((await agent.send('GET', '/whoami')).text)).toMatchObject({
      scope: ['bus:publish'],
    });
  });

  test('five wrong tries kill a code; garbage, unknown and killed look the same', async () => {
    const { code } = await makeCode();
    const [enrollment = ''] = code.split('.');
    const key = await makeKey();
    const jwk = publicJwkOf(key);
    const wrong = `${enrollment}.${'A'.repeat(43)}`;
    const texts = new Set<string>();
    for (let tries = 0; tries < 5; tries++)
      texts.add((await enroll({ code: wrong, jwk }, { key })).text);
    const unknown = `${'A'.repeat(16)}.${'A'.repeat(43)}`;
    for (const dead of [
      code,
      unknown,
      '',
      'x',
      `${code} `,
      code.toLowerCase(),
      `${code}.${code}`,
      '\u0000',
      '__proto__',
    ]) {
      const answer = await enroll({ code: dead, jwk }, { key });
      expect(answer.status).toBe(400);
      texts.add(answer.text);
    }
    expect([...texts].map((text) => read(text)['code'])).toEqual(['enrollment_refused']);
  });

  test('a key that is another agent’s is refused and does not use the code up', async () => {
    const first = await makeCode();
    const second = await makeCode();
    const key = await makeKey();
    await enroll({ code: first.code, jwk: publicJwkOf(key) }, { key });
    const taken = await enroll({ code: second.code, jwk: publicJwkOf(key) }, { key });
    expect(codeOf(taken)).toBe('409 key_taken');
    const other = await makeKey();
    const made = await enroll({ code: second.code, jwk: publicJwkOf(other) }, { key: other });
    expect(made.status).toBe(201);
  });

  test('refuses proofs that are none for this key and this request', async () => {
    const { code } = await makeCode();
    const [key, other] = await Promise.all([makeKey(), makeKey()]);
    const body = { code, jwk: publicJwkOf(key) };
    const good = await mintBareProof(key, '/enroll');
    const cases: readonly (readonly [string | null, string])[] = [
      [null, '401 proof_required'],
      ['x', '401 proof_invalid'],
      [`${good}, ${good}`, '401 proof_invalid'],
      [await mintBareProof(other, '/enroll'), '401 proof_invalid'],
      [await mintBareProof(key, '/token'), '401 proof_invalid'],
      [await mintBareProof(key, '/enroll', { htm: 'GET' }), '401 proof_invalid'],
      [
        await mintBareProof(key, '/enroll', { htu: 'https://other.example/enroll' }),
        '401 proof_invalid',
      ],
      [await mintBareProof(key, '/enroll', { iat: seconds() - 3600 }), '401 proof_invalid'],
      [await mintBareProof(key, '/enroll', { jti: '' }), '401 proof_invalid'],
    ];
    for (const [proof, expected] of cases) {
      expect(codeOf(await enroll(body, { key, proof }))).toBe(expected);
    }
    expect((await enroll(body, { key, proof: good })).status).toBe(201);
  });

  test.each<[string, (code: string, jwk: object) => object | string, string]>([
    [
      'a repeated name',
      (code, jwk) => `{"code":"${code}","code":"x","jwk":${JSON.stringify(jwk)}}`,
      '400 request_malformed',
    ],
    [
      '__proto__',
      (code, jwk) => `{"__proto__":{},"code":"${code}","jwk":${JSON.stringify(jwk)}}`,
      '400 member_unknown',
    ],
    ['an id', (code, jwk) => ({ code, jwk, id: 'boss' }), '400 member_unknown'],
    ['scopes', (code, jwk) => ({ code, jwk, scope: ['admin:write'] }), '400 member_unknown'],
    ['no code', (_code, jwk) => ({ jwk }), '400 request_malformed'],
    ['a code that is a list', (code, jwk) => ({ code: [code], jwk }), '400 request_malformed'],
    ['no key', (code) => ({ code }), '400 request_malformed'],
    ['a key set', (code, jwk) => ({ code, jwk: { keys: [jwk] } }), '400 key_malformed'],
    ['a form', (code) => `code=${code}`, '400 request_malformed'],
    ['100 KB', (code, jwk) => ({ code, jwk, pad: 'x'.repeat(100_000) }), '413 message_too_large'],
  ])('refuses %s, and the code stays good', async (_name, body, expected) => {
    const { code } = await makeCode();
    const key = await makeKey();
    const jwk = publicJwkOf(key);
    expect(codeOf(await enroll(body(code, jwk), { key }))).toBe(expected);
    expect((await enroll({ code, jwk }, { key })).status).toBe(201);
  });

  test('stops reading a body of 10 MB, and goes on serving', async () => {
    const { code } = await makeCode();
    const key = await makeKey();
    const body = { code, jwk: publicJwkOf(key), pad: 'x'.repeat(10_000_000) };
    // The answer may overtake the body: then the connection is cut while it is being sent
    const outcome = await enroll(body, { key }).then(codeOf, () => 'cut');
    expect(['413 message_too_large', 'cut']).toContain(outcome);
    expect((await enroll({ code, jwk: publicJwkOf(key) }, { key })).status).toBe(201);
  });

  test('refuses a private key without a word of it', async () => {
    const { code } = await makeCode();
    const jwk = await makePrivateJwk();
    const answer = await enroll({ code, jwk }, { key: await makeKey() });
    expect(codeOf(answer)).toBe('400 key_private');
    expect(answer.text).not.toContain(jwk.d);
    expect(gate.logs()).not.toContain(jwk.d);
    expect(gate.logs()).not.toContain(code);
  });

  test('an address that brings codes that are none has to wait, others have not', async () => {
    const address = freshAddress();
    const key = await makeKey();
    const jwk = publicJwkOf(key);
    const answers: Answer[] = [];
    for (let tries = 0; tries < 25; tries++) {
      const code = `${String(tries).padStart(16, 'A')}.${'A'.repeat(43)}`;
      answers.push(await enroll({ code, jwk }, { key, address }));
    }
    expect(tally(answers)).toEqual({ '400 enrollment_refused': 20, '429 rate_limited': 5 });
    const { code } = await makeCode();
    expect(codeOf(await enroll({ code, jwk }, { key, address }))).toBe('429 rate_limited');
    expect((await enroll({ code, jwk }, { key })).status).toBe(201);
  });

  test('pages of the allowed origins may call it', async () => {
    const preflight = await call(`${gate.url}/enroll`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('DPoP');
    const { code } = await makeCode();
    const key = await makeKey();
    const answer = await enroll({ code, jwk: publicJwkOf(key) }, { key, headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const stranger = { origin: 'https://evil.example' };
    const refused = await enroll({ code, jwk: publicJwkOf(key) }, { key, headers: stranger });
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])('%s is not allowed', async (method) => {
    const answer = await call(`${gate.url}/enroll`, { method });
    expect(codeOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.get('allow')).toBe('POST');
  });
});
