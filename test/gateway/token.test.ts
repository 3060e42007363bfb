// POST /token over HTTP: what is granted, what is refused and how, and what happens only once

import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  mintAssertion,
  mintTokenProof,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type JsonAnswer,
  type RunningAuthority,
} from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { call, callRaw, codeOf } from '../support/http.ts';
import { makeKey, type TestKey } from '../support/tokens.ts';

let authority: RunningAuthority;
let key: TestKey;
const scope = ['bus:publish:team-a-*', 'bus:receive', 'tool:exec'];

beforeAll(async () => {
  authority = await startAuthority();
  key = await registerAgent(authority, 'planner', { scope });
});
afterAll(() => authority.stop());

const someText: unknown = expect.any(String);
const someTime: unknown = expect.any(Number);
const aThumbprint: unknown = expect.stringMatching(/^[\w-]{43}$/);

const ask = async (
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> =>
  postForm(`${authority.url}/token`, await tokenForm(key, 'planner', fields), headers);

const errorOf = ({ status, body }: JsonAnswer): string =>
  status === 200 ? '200' : `${status} ${String(body['error'])}`;

function tally(answers: readonly JsonAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers.map(errorOf)) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

describe('POST /token with client_credentials', () => {
  test('grants an RFC 9068 token that the gateway takes', async () => {
    const { status, headers, body } = await ask();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(body).toEqual({
      access_token: someText,
      token_type: 'Bearer',
      expires_in: 900,
      scope: scope.join(' '),
    });
    const token = String(body['access_token']);
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: aThumbprint,
    });
    const claims = decodeJwt(token);
    expect(claims).toEqual({
      iss: publicUrl,
      aud: 'swarm-bus',
      sub: 'planner',
      client_id: 'planner',
      iat: someTime,
      exp: (claims.iat ?? 0) + 900,
      jti: someText,
      sid: someText,
      tier: 'fast',
      scope: scope.join(' '),
      status: { status_list: { idx: someTime, uri: `${publicUrl}/status/1` } },
    });
    const who = await call(`${authority.url}/whoami`, { token });
    expect(JSON.parse(who.text)).toMatchObject({ agent_id: 'planner', scope });
    // In another isolate too
    expect((await call(`${authority.otherUrl}/whoami`, { token })).status).toBe(200);
  });

  test('binds the token to the key of a proof', async () => {
    const other = await makeKey();
    const { body } = await ask({}, { dpop: await mintTokenProof(other) });
    expect(body['token_type']).toBe('DPoP');
    const token = String(body['access_token']);
    expect(decodeJwt(token)['cnf']).toEqual({ jkt: other.kid });
    expect((await callBound(authority.url, '/whoami', other, token)).status).toBe(200);
    expect(codeOf(await call(`${authority.url}/whoami`, { token }))).toBe('401 proof_required');
  });

  test('carries how far the agent may delegate', async () => {
    const lead = await registerAgent(authority, 'lead', { dlg_max: 2 });
    expect(decodeJwt(await boundToken(authority.url, lead, 'lead'))['dlg_max']).toBe(2);
  });

  test.each([
    ['all of the agent where none is named', undefined, scope.join(' ')],
    ['the same', 'bus:receive', 'bus:receive'],
    ['a narrower one', 'bus:publish:team-a-x', 'bus:publish:team-a-x'],
    ['each once', 'tool:exec tool:exec', 'tool:exec'],
  ])('scope: %s', async (_name, asked, granted) => {
    const { body } = await ask(asked === undefined ? {} : { scope: asked });
    expect(body['scope']).toBe(granted);
  });

  test.each([
    ['another', 'admin:read'],
    ['a wider one', 'bus:publish'],
    ['one allowed and one not', 'bus:receive bus:veto'],
    ['a wildcard', '*'],
    ['a malformed one', 'bus:*'],
    ['two spaces', 'bus:receive  tool:exec'],
  ])('scope refused: %s', async (_name, asked) => {
    expect(errorOf(await ask({ scope: asked }))).toBe('400 invalid_scope');
  });

  test.each([
    ['the bus, by audience', { audience: 'swarm-bus' }, 'swarm-bus'],
    ['the bus, by resource', { resource: 'swarm-bus' }, 'swarm-bus'],
    ['the gateway, by resource', { resource: publicUrl }, publicUrl],
    ['the gateway, as a URL library writes it', { resource: `${publicUrl}/` }, publicUrl],
    ['the gateway, by audience', { audience: publicUrl }, publicUrl],
  ])('target: %s', async (_name, fields, audience) => {
    const { body } = await ask(fields);
    const token = String(body['access_token']);
    expect(decodeJwt(token).aud).toBe(audience);
    expect((await call(`${authority.url}/whoami`, { token })).status).toBe(200);
  });

  test.each([
    ['unknown', { resource: 'https://elsewhere.example' }],
    ['relative', { resource: '/bus' }],
    ['with a fragment', { resource: `${publicUrl}#x` }],
    ['with a path', { resource: `${publicUrl}/bus` }],
    ['in another spelling', { resource: 'HTTPS://GATE.EXAMPLE' }],
    ['resource and audience', { resource: publicUrl, audience: 'swarm-bus' }],
  ])('target refused: %s', async (_name, fields) => {
    expect(errorOf(await ask(fields))).toBe('400 invalid_target');
  });

  test('target refused: several', async () => {
    const form = new URLSearchParams(await tokenForm(key, 'planner'));
    form.append('resource', publicUrl);
    form.append('resource', 'swarm-bus');
    expect(errorOf(await postForm(`${authority.url}/token`, form))).toBe('400 invalid_target');
  });

  test('a lifetime in the request changes nothing', async () => {
    for (const asked of ['0', '-1', '1e400', '315360000']) {
      expect((await ask({ expires_in: asked, lifetime: asked })).body['expires_in']).toBe(900);
    }
  });
});

describe('POST /token happens once', () => {
  test('of 50 uses of one assertion in two isolates one is granted', async () => {
    const form = await tokenForm(key, 'planner');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        postForm(`${at % 2 === 0 ? authority.url : authority.otherUrl}/token`, form),
      ),
    );
    expect(tally(answers)).toEqual({ '200': 1, '401 invalid_client': 49 });
  });

  test('of 50 uses of one proof with assertions of their own one is granted', async () => {
    const dpop = await mintTokenProof(key);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, at) =>
        postForm(
          `${at % 2 === 0 ? authority.url : authority.otherUrl}/token`,
          await tokenForm(key, 'planner'),
          { dpop },
        ),
      ),
    );
    expect(tally(answers)).toEqual({ '200': 1, '400 invalid_dpop_proof': 49 });
  });

  test('a request that is refused for its scope uses nothing up', async () => {
    const form = await tokenForm(key, 'planner');
    const url = `${authority.url}/token`;
    expect(errorOf(await postForm(url, { ...form, scope: 'admin:read' }))).toBe(
      '400 invalid_scope',
    );
    expect(errorOf(await postForm(url, form))).toBe('200');
    expect(errorOf(await postForm(url, form))).toBe('401 invalid_client');
  });
});

describe('POST /token refuses proofs', () => {
  test.each([
    ['for another method', { htm: 'GET' }],
    ['for another URL', { htu: `${publicUrl}/bus` }],
    ['for another host', { htu: 'https://evil.example/token' }],
    ['without jti', { jti: '' }],
  ])('%s', async (_name, claims) => {
    expect(errorOf(await ask({}, { dpop: await mintTokenProof(key, claims) }))).toBe(
      '400 invalid_dpop_proof',
    );
  });

  test('two, none that is one, and one by an unknown method', async () => {
    const two = `${await mintTokenProof(key)}, ${await mintTokenProof(key)}`;
    expect(errorOf(await ask({}, { dpop: two }))).toBe('400 invalid_dpop_proof');
    expect(errorOf(await ask({}, { dpop: 'x.y.z' }))).toBe('400 invalid_dpop_proof');
  });

  test('X-Forwarded-Host has no part in it', async () => {
    const dpop = await mintTokenProof(key, { htu: 'https://evil.example/token' });
    const headers = { dpop, 'x-forwarded-host': 'evil.example', host: 'evil.example' };
    expect(errorOf(await ask({}, headers))).toBe('400 invalid_dpop_proof');
  });

  test('none, where the agent must send one', async () => {
    const strict = await registerAgent(authority, 'strict', { dpop: 'required' });
    const form = await tokenForm(strict, 'strict');
    const { status, body } = await postForm(`${authority.url}/token`, form);
    expect(`${status} ${String(body['error'])}`).toBe('400 invalid_request');
    // The assertion of a request that only lacked its proof is not used up
    const dpop = await mintTokenProof(strict);
    expect(errorOf(await postForm(`${authority.url}/token`, form, { dpop }))).toBe('200');
    expect(decodeJwt(await boundToken(authority.url, strict, 'strict'))['cnf']).toBeDefined();
  });
});

describe('POST /token refuses malformed requests', () => {
  const url = (): string => `${authority.url}/token`;

  test.each([
    ['JSON', '{"grant_type":"client_credentials"}', { 'content-type': 'application/json' }],
    ['another type', 'grant_type=client_credentials', { 'content-type': 'text/plain' }],
    ['no grant type', 'scope=bus:receive', {}],
    ['a repeated parameter', 'grant_type=client_credentials&scope=a:b&scope=a:b', {}],
    ['a repeated empty parameter', 'grant_type=client_credentials&scope=&scope=', {}],
    ['__proto__ twice', 'grant_type=client_credentials&__proto__=a&__proto__=b', {}],
    ['bytes that are no UTF-8', 'grant_type=client_credentials&scope=%ff', {}],
    ['an empty body', '', {}],
    ['too long', `grant_type=client_credentials&scope=${'a'.repeat(16_384)}`, {}],
  ])('%s', async (_name, body, headers) => {
    expect(errorOf(await postForm(url(), body, headers))).toBe('400 invalid_request');
  });

  test('10 MB, before they have come', async () => {
    const lines = [
      'POST /token HTTP/1.1',
      'Host: gate.example',
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 10000000',
    ];
    const answer = await callRaw(authority.url, lines, 'a'.repeat(20_000));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('"invalid_request"');
  });

  test('parameters in the URL', async () => {
    const form = await tokenForm(key, 'planner');
    const inUrl = await postForm(`${url()}?grant_type=client_credentials`, form);
    expect(errorOf(inUrl)).toBe('400 invalid_request');
  });

  test('grants that it does not know', async () => {
    for (const type of ['password', 'authorization_code', '__proto__', 'constructor']) {
      expect(errorOf(await ask({ grant_type: type }))).toBe('400 unsupported_grant_type');
    }
  });

  test('other methods', async () => {
    const answer = await call(url());
    expect(codeOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  test('GET /authorize grants nothing', async () => {
    const answer = await call(`${authority.url}/authorize?response_type=code&client_id=planner`);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ error: 'unsupported_response_type' });
  });
});

test('nothing of keys, assertions or tokens is in the logs', async () => {
  const assertion = await mintAssertion(key, 'planner');
  await ask({ client_assertion: assertion });
  await ask({ client_assertion: `${assertion}x` });
  expect(authority.logs()).not.toMatch(/eyJ|"d"/);
});
