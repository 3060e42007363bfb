// What the authority publishes: keys and metadata, how long they may be kept, and what operators see

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  mintTokenProof,
  postForm,
  readJson,
  registerAgent,
  startAuthority,
  tokenForm,
  type JsonAnswer,
  type RunningAuthority,
} from '../support/authority.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import type { TestKey } from '../support/tokens.ts';

let authority: RunningAuthority;
beforeAll(async () => {
  authority = await startAuthority();
});
afterAll(() => authority.stop());

const get = async (path: string, headers: Record<string, string> = {}): Promise<JsonAnswer> =>
  readJson(await fetch(authority.url + path, { headers }));

const documents = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-protected-resource',
];

describe('public documents', () => {
  test.each(documents)('%s is cached, has a tag, and is for every origin', async (path) => {
    const first = await get(path, { origin: 'https://anywhere.example' });
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/json');
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    expect(first.headers.get('access-control-allow-credentials')).toBeNull();
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9a-f]{32}"$/);
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`]) {
      const again = await get(path, { 'if-none-match': known });
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(tag);
      expect(again.headers.get('access-control-allow-origin')).toBe('*');
    }
    expect((await get(path, { 'if-none-match': '"x"' })).status).toBe(200);
    const head = await call(authority.url + path, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect(codeOf(await call(authority.url + path, { method: 'POST' }))).toBe(
      '405 method_not_allowed',
    );
  });

  test('the JWKS holds public keys only: the one that signs and the next', async () => {
    const { body } = await get('/.well-known/jwks.json');
    const keys = body['keys'] as readonly Record<string, unknown>[];
    expect(keys).toHaveLength(2);
    for (const jwk of keys) {
      expect(Object.keys(jwk).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });

  test('the metadata says what is supported', async () => {
    const { body } = await get('/.well-known/oauth-authorization-server');
    expect(body).toMatchObject({
      issuer: publicUrl,
      token_endpoint: `${publicUrl}/token`,
      revocation_endpoint: `${publicUrl}/revoke`,
      introspection_endpoint: `${publicUrl}/introspect`,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: [
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      status_list_aggregation_endpoint: `${publicUrl}/status`,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
      protected_resources: [publicUrl],
    });
    expect(JSON.stringify(body)).not.toMatch(/none|HS256/);
  });

  test('every endpoint that the metadata names is there', async () => {
    const { body } = await get('/.well-known/oauth-authorization-server');
    for (const [name, value] of Object.entries(body)) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue;
      const answer = await call(authority.url + String(value).slice(publicUrl.length));
      expect(`${name} ${answer.status}`).not.toBe(`${name} 404`);
    }
  });

  test('the resource names its authority', async () => {
    expect((await get('/.well-known/oauth-protected-resource')).body).toMatchObject({
      resource: publicUrl,
      authorization_servers: [publicUrl],
      bearer_methods_supported: ['header'],
    });
  });

  test('a gateway without an authority names others, and has no endpoints of one', async () => {
    const gateway = await startGateway();
    try {
      const resource = await fetch(`${gateway.url}/.well-known/oauth-protected-resource`);
      expect((await readJson(resource)).body).toMatchObject({
        authorization_servers: [gateway.issuer],
      });
      for (const path of ['/token', '/.well-known/jwks.json', '/admin/keys', '/authorize']) {
        expect(codeOf(await call(gateway.url + path))).toBe('404 route_unknown');
      }
    } finally {
      await gateway.stop();
    }
  });
});

describe('/admin/keys', () => {
  const { verify } = {
    verify: (token: string, { url }: RunningAuthority) =>
      jwtVerify(token, createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))),
  };

  async function operate(
    where: RunningAuthority,
    path: string,
    method = 'GET',
    body?: object,
  ): Promise<JsonAnswer> {
    const token = await boundToken(where.url, where.operator, 'operator');
    const request = body === undefined ? { method } : { method, body };
    return callBound(where.url, path, where.operator, token, request);
  }

  const tokenFor = async (where: RunningAuthority, key: TestKey): Promise<string> =>
    String(
      (await postForm(`${where.url}/token`, await tokenForm(key, 'planner'))).body['access_token'],
    );

  test('shows states to operators, and nothing private', async () => {
    const { status, body } = await operate(authority, '/admin/keys');
    expect(status).toBe(200);
    const keys = body['keys'] as readonly Record<string, unknown>[];
    expect(keys.map(({ state }) => String(state)).toSorted()).toEqual(['active', 'next']);
    for (const key of keys) {
      expect(Object.keys(key).toSorted()).toEqual([
        'alg',
        'compromised',
        'kid',
        'made_at',
        'since',
        'state',
      ]);
    }
  });

  test('is for operators with bound tokens only', async () => {
    const lead = await registerAgent(authority, 'reader', { scope: ['bus:receive'] });
    const bound = await boundToken(authority.url, lead, 'reader');
    const refused = await callBound(authority.url, '/admin/keys', lead, bound);
    expect(`${refused.status} ${String(refused.body['code'])}`).toBe('403 scope_insufficient');
    expect(codeOf(await call(`${authority.url}/admin/keys`))).toBe('401 token_missing');
    const token = await boundToken(authority.url, authority.operator, 'operator');
    expect(codeOf(await call(`${authority.url}/admin/keys`, { token }))).toBe('401 proof_required');
    // A token that is bound to no key has no proof to bring, whatever its scopes
    const free = await registerAgent(authority, 'auditor', { scope: ['admin:read'] });
    const { body } = await postForm(`${authority.url}/token`, await tokenForm(free, 'auditor'));
    const unbound = await call(`${authority.url}/admin/keys`, {
      token: String(body['access_token']),
    });
    expect(codeOf(unbound)).toBe('401 proof_required');
  });

  test('a compromised key leaves at once, and all that it signed is refused everywhere', async () => {
    const where = await startAuthority();
    try {
      const key = await registerAgent(where, 'planner');
      const token = await tokenFor(where, key);
      const { kid = '' } = decodeProtectedHeader(token);
      await verify(token, where);
      for (const url of [where.url, where.otherUrl]) {
        expect((await call(`${url}/whoami`, { token })).status).toBe(200);
      }
      const done = await operate(where, `/admin/keys/${kid}/compromise`, 'POST');
      expect(done.status).toBe(200);
      expect(done.body).toMatchObject({ seq: expect.any(Number) as unknown });
      expect((await call(`${where.url}/.well-known/jwks.json`)).text).not.toContain(kid);
      const begun = Date.now();
      while ((await call(`${where.otherUrl}/whoami`, { token })).status === 200) {
        expect(Date.now() - begun).toBeLessThan(1500);
      }
      expect((await call(`${where.url}/whoami`, { token })).status).toBe(401);
      // The successor signs, and an operator asks again with a token of its
      const next = await tokenFor(where, key);
      expect(decodeProtectedHeader(next).kid).not.toBe(kid);
      expect((await call(`${where.otherUrl}/whoami`, { token: next })).status).toBe(200);
      expect((await operate(where, `/admin/keys/${kid}/compromise`, 'POST')).body).toEqual(
        done.body,
      );
      const unknown = await operate(where, '/admin/keys/nothing/compromise', 'POST');
      expect(`${unknown.status} ${String(unknown.body['code'])}`).toBe('404 signing_key_unknown');
    } finally {
      await where.stop();
    }
  });

  test('a key that is revoked by its name leaves the ring too', async () => {
    const where = await startAuthority();
    try {
      const key = await registerAgent(where, 'planner');
      const { kid = '' } = decodeProtectedHeader(await tokenFor(where, key));
      const body = { kind: 'key', value: kid };
      expect((await operate(where, '/admin/revocations', 'POST', body)).status).toBe(201);
      expect((await call(`${where.url}/.well-known/jwks.json`)).text).not.toContain(kid);
      const token = await tokenFor(where, key);
      expect((await call(`${where.url}/whoami`, { token })).status).toBe(200);
    } finally {
      await where.stop();
    }
  });

  test('keys rotate live, with short lifetimes, and every answer meanwhile is good', async () => {
    const where = await startAuthority({
      variables: {
        TOKEN_SECONDS: '2',
        KEY_ACTIVE_SECONDS: '5',
        KEY_PUBLISH_SECONDS: '2',
        KEY_RETIRE_SECONDS: '12',
      },
    });
    try {
      const key = await registerAgent(where, 'planner');
      const kids = new Set<string>();
      const end = Date.now() + 14_000;
      while (kids.size < 3 && Date.now() < end) {
        const token = await tokenFor(where, key);
        kids.add(decodeProtectedHeader(token).kid ?? '');
        for (const url of [where.url, where.otherUrl]) {
          expect((await call(`${url}/whoami`, { token })).status).toBe(200);
        }
      }
      expect(kids.size).toBe(3);
    } finally {
      await where.stop();
    }
  }, 20_000);
});

describe('nonces at the token endpoint', () => {
  const ask = async (
    where: RunningAuthority,
    nonce: string | undefined,
    url = where.url,
  ): Promise<string> => {
    const dpop = await mintTokenProof(where.operator, nonce === undefined ? {} : { nonce });
    const form = await tokenForm(where.operator, 'operator');
    const { status, headers, body } = await postForm(`${url}/token`, form, { dpop });
    const given = headers.get('dpop-nonce');
    const error = status === 200 ? '' : String(body['error']);
    return `${status} ${error} ${given === null ? '' : 'nonce'}`.trim();
  };

  test('are not needed, but one that is sent is checked', async () => {
    expect(await ask(authority, undefined)).toBe('200');
    expect(await ask(authority, 'made-up')).toBe('400 use_dpop_nonce nonce');
  });

  test('where they are required, one is good in every isolate, for its client, in its time', async () => {
    const where = await startAuthority({ variables: { DPOP_NONCE: 'required' } });
    try {
      const form = await tokenForm(where.operator, 'operator');
      const dpop = await mintTokenProof(where.operator);
      const first = await postForm(`${where.url}/token`, form, { dpop });
      expect(first.body['error']).toBe('use_dpop_nonce');
      const nonce = first.headers.get('dpop-nonce') ?? '';
      // The assertion of a request that only lacked the nonce is not used up
      const proof = await mintTokenProof(where.operator, { nonce });
      const second = await postForm(`${where.otherUrl}/token`, form, { dpop: proof });
      expect(second.status).toBe(200);
      expect(second.headers.get('dpop-nonce')).not.toBeNull();

      const [time = '', mac = ''] = nonce.split('.');
      const old = (Number.parseInt(time, 36) - 301).toString(36);
      const forged = `${time}.${mac.slice(0, -1)}${mac.endsWith('0') ? '1' : '0'}`;
      for (const bad of [undefined, '', forged, `${old}.${mac}`, `${time}.`, 'x'.repeat(500)]) {
        expect(await ask(where, bad)).toBe('400 use_dpop_nonce nonce');
      }
    } finally {
      await where.stop();
    }
  });
});
