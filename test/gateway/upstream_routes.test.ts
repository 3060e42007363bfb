// Which requests a configured route takes, and where they go: THREATS 126 to 130, 137, 140 to 144, 149, 150

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
} from '../support/authority.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';
import { startUpstream, type Handler } from '../support/upstream.ts';

const upstream = await startUpstream();
let own = '';
/** A service that sends everything back to the gateway, with the token that a request should not have. */
const mirror = createServer((request, response) => {
  const { method, url: path = '/', rawHeaders } = request;
  const returned = rawHeaders.concat(['Authorization', `Bearer ${token}`]);
  send(own + path, { method, headers: returned, setHost: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' });
    answer.pipe(response);
  }).end();
});
await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve));
const mirrorUrl = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;

const scopes = ['tool:exec'];
const authority = await startAuthority({
  variables: {
    ALLOWED_ORIGINS: 'https://app.example',
    TRUST_DOMAIN: 'tools.example',
    ROUTES: JSON.stringify([
      { prefix: '/tools', upstream: `${upstream.url}/api`, scopes },
      { prefix: '/bare', upstream: upstream.url, methods: ['POST', 'PATCH'], scopes },
      { prefix: '/high', upstream: upstream.url, scopes, tiers: ['power'] },
      { prefix: '/bound', upstream: upstream.url, scopes, dpop: 'required' },
      { prefix: '/apart', upstream: upstream.url, scopes, audience: 'apart' },
      { prefix: '/all', upstream: upstream.url, scopes: ['tool:exec', 'tool:read'] },
      { prefix: '/any', upstream: upstream.url, scopes: [] },
      { prefix: '/trusted', upstream: upstream.url, scopes, trusted: true },
      { prefix: '/loop', upstream: `${mirrorUrl}/loop`, scopes },
    ]),
  },
});
const { url } = authority;
own = url;
const key = await registerAgent(authority, 'planner', { scope: [...scopes, 'bus:receive'] });
async function tokenFor(fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const { body } = await postForm(`${url}/token`, await tokenForm(key, 'planner', fields));
  return String(body['access_token']);
}
const token = await tokenFor();
afterAll(async () => {
  await Promise.all([authority.stop(), upstream.stop()]);
  mirror.closeAllConnections();
  await new Promise((resolve) => mirror.close(resolve));
});

const plainly: Handler = upstream.answer;
beforeEach(() => {
  upstream.answer = plainly;
  upstream.take();
});

const target = (path: string, ...lines: string[]) =>
  callRaw(url, [`GET ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, ...lines]);

describe('a path', () => {
  test.each([
    ['/tools', '/api'],
    ['/tools/', '/api/'],
    ['/tools/a/b', '/api/a/b'],
    ['/tools/a?b=/../c&d', '/api/a?b=/../c&d'],
    ['/tools/caf%c3%a9', '/api/caf%C3%A9'],
    ['/tools/@evil.test', '/api/@evil.test'],
    ['/tools/.evil.test/', '/api/.evil.test/'],
    ['/tools/http:', '/api/http:'],
    ['/tools/x.css', '/api/x.css'],
    ['http://evil.test/tools/x', '/api/x'],
  ])('%s is asked as %s', async (path, seen) => {
    expect((await target(path)).status).toBe(200);
    expect(upstream.take().map((one) => one.target)).toEqual([seen]);
  });

  test('with an empty base begins at the root', async () => {
    expect((await call(`${url}/bare`, { method: 'POST', token })).status).toBe(200);
    expect(upstream.take()[0]?.target).toBe('/');
  });

  test.each([
    '/tools/..%2fadmin',
    '/tools/%252e%252e/admin',
    '/tools/..;/admin',
    String.raw`/tools\..\admin`,
    '/tools//evil.test/x',
    '/tools/me;.js',
    '/tools/me%0a.css',
    '/tools/%00',
    '/tools%3f/x',
    '/tools/%c0%ae%c0%ae/x',
    '/tools/x.',
    '/tools/x%20',
    '/tools/{a}',
    '/tools/a"b',
    '/tools/a^b',
  ])('%s is ambiguous', async (path) => {
    expect(codeOf(await target(path))).toBe('400 path_ambiguous');
    expect(upstream.take()).toEqual([]);
  });

  // Who resolves dots before the Worker sees them asks for another route: nothing arrives either way
  test.each(['/tools/../admin', '/tools/%2e%2e/admin', '/tools/.%2e/x', '/tools/./../x'])(
    '%s does not leave its route',
    async (path) => {
      expect([400, 404]).toContain((await target(path)).status);
      expect(upstream.take()).toEqual([]);
    },
  );

  test.each(['/toolsx', '/Tools/x', '/TOOLS', '/tool', '/api/x'])('%s is unknown', async (path) => {
    expect(codeOf(await target(path))).toBe('404 route_unknown');
    expect(upstream.take()).toEqual([]);
  });
});

describe('a request without what the route asks for', () => {
  test('has no token', async () => {
    const answer = await call(`${url}/tools/x`, { headers: { 'x-agent-id': 'mallory' } });
    expect(codeOf(answer)).toBe('401 token_missing');
    expect(answer.headers.get('www-authenticate')).toContain('scope="tool:exec"');
  });

  test('has another method', async () => {
    const answer = await call(`${url}/tools/x`, { method: 'POST', token });
    expect(codeOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    const bare = await call(`${url}/bare`, { token });
    expect(bare.headers.get('allow')).toBe('POST, PATCH');
  });

  test('has OPTIONS that is no preflight', async () => {
    expect(codeOf(await call(`${url}/tools/x`, { method: 'OPTIONS', token }))).toBe(
      '405 method_not_allowed',
    );
  });

  test('has too low a tier', async () => {
    expect(codeOf(await call(`${url}/high/x`, { token }))).toBe('403 tier_insufficient');
  });

  test('has some of the scopes', async () => {
    const answer = await call(`${url}/all/x`, { token });
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    expect(answer.headers.get('www-authenticate')).toContain('scope="tool:exec tool:read"');
  });

  test('has no scope, where any token will do', async () => {
    const bus = await tokenFor({ scope: 'bus:receive' });
    expect(codeOf(await call(`${url}/tools/x`, { token: bus }))).toBe('403 scope_insufficient');
    expect(upstream.take()).toEqual([]);
    expect((await call(`${url}/any/x`, { token: bus })).status).toBe(200);
  });

  test('has a token that is not bound, where it must be', async () => {
    expect(codeOf(await call(`${url}/bound/x`, { token }))).toBe('401 proof_required');
    expect(upstream.take()).toEqual([]);
    const bound = await boundToken(url, key, 'planner');
    expect((await callBound(url, '/bound/x', key, bound)).status).toBe(200);
  });
});

describe('an audience', () => {
  test('of the gateway is none of a route that has its own', async () => {
    const answer = await call(`${url}/apart/x`, { token });
    expect(codeOf(answer)).toBe('401 audience_mismatch');
    expect(answer.headers.get('www-authenticate')).toContain(
      `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/apart"`,
    );
    expect(upstream.take()).toEqual([]);
  });

  test('of a route is none of any other', async () => {
    const apart = await tokenFor({ resource: 'apart' });
    expect((await call(`${url}/apart/x`, { token: apart })).status).toBe(200);
    for (const path of ['/tools/x', '/whoami', '/bus/messages', '/any/x']) {
      expect(codeOf(await call(url + path, { token: apart }))).toBe('401 audience_mismatch');
    }
    expect(upstream.take()).toHaveLength(1);
  });

  test('of a bound token is looked at too', async () => {
    const apart = await boundToken(url, key, 'planner', { audience: 'apart' });
    const { body } = await callBound(url, '/whoami', key, apart);
    expect(body['code']).toBe('audience_mismatch');
    expect((await callBound(url, '/apart/x', key, apart)).status).toBe(200);
  });

  test('has metadata of its own', async () => {
    const { text } = await call(`${url}/.well-known/oauth-protected-resource/apart`);
    expect(JSON.parse(text)).toMatchObject({
      resource: 'apart',
      authorization_servers: [publicUrl],
      scopes_supported: scopes,
    });
    const shared = await call(`${url}/.well-known/oauth-protected-resource`);
    expect(JSON.parse(shared.text)).toMatchObject({
      resource: publicUrl,
      scopes_supported: expect.arrayContaining(['tool:read', 'bus:publish']) as string[],
    });
    const missing = await call(`${url}/.well-known/oauth-protected-resource/tools`);
    expect(missing.status).toBe(404);
  });

  test("that is nobody's is granted to nobody", async () => {
    const form = await tokenForm(key, 'planner', { resource: `${publicUrl}/tools` });
    expect((await postForm(`${url}/token`, form)).body['error']).toBe('invalid_target');
  });
});

describe('CORS', () => {
  test('is for the allowed origins, on answers of a service too', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
    const asked = await call(`${url}/tools/x`, { method: 'OPTIONS', headers });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toContain('MCP-Protocol-Version');
    expect(upstream.take()).toEqual([]);
    for (const origin of ['https://evil.test', 'null']) {
      const answer = await call(`${url}/tools/x`, { token, headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('a loop', () => {
  test('ends at the first turn', async () => {
    const answer = await call(`${url}/loop/x`, { token });
    expect(codeOf(answer)).toBe('502 upstream_invalid');
  });

  test.each(['1.1 gate.example', '1.0 a, 1.1 GATE.example , 1.1 b'])(
    'is what Via says: %s',
    async (via) => {
      expect(codeOf(await call(`${url}/tools/x`, { token, headers: { via } }))).toBe(
        '502 upstream_invalid',
      );
      expect(upstream.take()).toEqual([]);
    },
  );
});

describe('a transaction token', () => {
  const jwks = async (): Promise<JSONWebKeySet> =>
    JSON.parse((await call(`${url}/.well-known/txn-jwks.json`)).text) as JSONWebKeySet;

  async function received(): Promise<string> {
    expect((await call(`${url}/trusted/x`, { token })).status).toBe(200);
    return upstream.take()[0]?.all('txn-token')[0] ?? '';
  }

  test('says who calls, for what, and no more', async () => {
    const txn = await received();
    const { payload, protectedHeader } = await jwtVerify(txn, createLocalJWKSet(await jwks()), {
      audience: 'tools.example',
      typ: 'txntoken+jwt',
    });
    expect(protectedHeader).toEqual({
      alg: 'ES256',
      typ: 'txntoken+jwt',
      kid: expect.any(String) as string,
    });
    expect(Object.keys(payload).sort()).toEqual(
      ['aud', 'exp', 'iat', 'req_wl', 'scope', 'sub', 'txn'].sort(),
    );
    expect(payload).toMatchObject({ sub: 'planner', scope: 'tool:exec', req_wl: publicUrl });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  test('is another for each call, of the same key', async () => {
    const [one, two] = [await received(), await received()];
    expect(one).not.toBe(two);
    expect(decodeProtectedHeader(one).kid).toBe(decodeProtectedHeader(two).kid);
  });

  test('is of a key that signs nothing else', async () => {
    const issuing = JSON.parse((await call(`${url}/.well-known/jwks.json`)).text) as JSONWebKeySet;
    const { keys } = await jwks();
    expect(keys).toHaveLength(1);
    expect(issuing.keys.map(({ kid }) => kid)).not.toContain(keys[0]?.kid);
    const txn = await received();
    expect(codeOf(await call(`${url}/whoami`, { token: txn }))).toMatch(/^401 /);
  });

  test('goes to trusted services alone', async () => {
    expect((await call(`${url}/tools/x`, { token })).status).toBe(200);
    expect(upstream.take()[0]?.all('txn-token')).toEqual([]);
  });
});

describe('a gateway without an authority', () => {
  test('has routes for the tokens of others', async () => {
    const gateway = await startGateway({
      variables: {
        ROUTES: JSON.stringify([
          { prefix: '/tools', upstream: upstream.url, scopes },
          { prefix: '/apart', upstream: upstream.url, scopes, audience: 'apart' },
        ]),
      },
    });
    const agentKey = await makeKey();
    const bound = await mintToken(gateway.key, gateway.issuer, 'planner', 'tool:exec', {
      claims: boundTo(agentKey),
    });
    const proof = await mintProof(agentKey, 'GET', `${publicUrl}/tools/x`, bound);
    const headers = { authorization: `DPoP ${bound}`, dpop: proof };
    const answer = await call(`${gateway.url}/tools/x`, { headers });
    const [one] = upstream.take();
    const apart = await mintToken(gateway.key, gateway.issuer, 'planner', 'tool:exec', {
      claims: { aud: 'apart' },
    });
    const codes = [
      codeOf(await call(`${gateway.url}/apart/x`, { token: apart })),
      codeOf(await call(`${gateway.url}/tools/x`, { token: apart })),
      codeOf(await call(`${gateway.url}/.well-known/txn-jwks.json`)),
    ];
    await gateway.stop();
    expect(answer.status).toBe(200);
    expect(one?.all('x-agent-id')).toEqual(['planner']);
    expect(one?.raw.join(' ')).not.toContain(proof);
    expect(codes).toEqual(['200', '401 audience_mismatch', '404 route_unknown']);
  });
});
