// What a service behind the gateway sees, and what of its answer comes back: THREATS 133 to 139, 145, 146, 148, 151

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';
import { startUpstream, type Handler, type Seen } from '../support/upstream.ts';

const upstream = await startUpstream();
const gateway = await startGateway({
  variables: {
    ALLOWED_ORIGINS: 'https://app.example',
    ROUTES: JSON.stringify([
      {
        prefix: '/tools',
        upstream: `${upstream.url}/api`,
        methods: ['GET', 'POST', 'PUT'],
        scopes: ['tool:exec'],
      },
    ]),
  },
});
afterAll(() => Promise.all([gateway.stop(), upstream.stop()]));

const { url, issuer, key } = gateway;
const token = await mintToken(key, issuer, 'planner', 'tool:exec bus:receive');
const plainly: Handler = upstream.answer;
beforeEach(() => {
  upstream.answer = plainly;
  upstream.take();
});

/** Sends a request with raw header lines, and returns the one that the service saw. */
async function sent(...lines: string[]): Promise<Seen> {
  const answer = await callRaw(url, [
    'GET /tools/x HTTP/1.1',
    'Host: gate.example',
    `Authorization: Bearer ${token}`,
    ...lines,
  ]);
  expect(answer.status).toBe(200);
  const [one, ...more] = upstream.take();
  expect(more).toEqual([]);
  if (one === undefined) throw new Error('Nothing arrived');
  return one;
}

const names = ({ raw }: Seen): string[] =>
  raw.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());

describe('the request', () => {
  test('names the agent, once, and nothing of its credentials', async () => {
    const one = await sent('Cookie: a=b', 'X-Request-Id: 7', 'Agent: kept');
    expect(one.target).toBe('/api/x');
    expect(one.all('x-agent-id')).toEqual(['planner']);
    expect(one.all('x-agent-subject')).toEqual(['planner']);
    expect(one.all('x-agent-tier')).toEqual(['fast']);
    expect(one.all('x-agent-scope')).toEqual(['tool:exec bus:receive']);
    expect(one.all('via')).toEqual(['1.1 gate.example']);
    expect(one.all('x-request-id')).toEqual(['7']);
    expect(one.all('agent')).toEqual(['kept']);
    expect(one.all('host')).toEqual([new URL(upstream.url).host]);
    expect(one.raw.join('\n')).not.toContain(token.split('.')[2]);
    expect(names(one)).not.toContain('authorization');
    expect(names(one)).not.toContain('cookie');
    expect(names(one)).not.toContain('txn-token');
  });

  test.each([
    ['X-Agent-Id: mallory'],
    ['x-agent-id: mallory'],
    ['X-AGENT-ID: mallory'],
    ['X-Agent-Id: '],
    ['X-Agent-Id: mallory', 'X-Agent-Id: mallory'],
    ['X_Agent_Id: mallory'],
    ['X-Agent_Id: mallory'],
    ['X.Agent.Id: mallory'],
    ['X-Agent-Subject: mallory'],
    ['X-Agent-Scope: mallory'],
    ['X-Agent-Tier: mallory'],
    ['X-Agent-Anything: mallory'],
    ['Txn-Token: mallory'],
    ['txn_token: mallory'],
    ['X-Forwarded-For: mallory'],
    ['X-Forwarded-Host: mallory'],
    ['X-Forwarded-Proto: mallory'],
    ['X-Forwarded-User: mallory'],
    ['X-Forwarded-Authorization: mallory'],
    ['X_Forwarded_For: mallory'],
    ['Forwarded: for=mallory'],
    ['CF-Connecting-IP: mallory'],
    ['True-Client-IP: mallory'],
    ['X-Real-IP: mallory'],
    ['X-Original-URL: /mallory'],
    ['X-Rewrite-URL: /mallory'],
    ['Via: 1.1 mallory'],
    ['Remote-User: mallory'],
    ['X-Remote-User: mallory'],
    ['X-HTTP-Method-Override: mallory'],
    ['X-HTTP-Method: mallory'],
    ['X-Method-Override: mallory'],
    ['Proxy-Authorization: Basic mallory'],
    ['X-Access-Token: mallory'],
    ['DPoP: mallory'],
    ['Cookie: mallory=1'],
    // What other gateways, load balancers and servers in front of services say of a caller
    ['Client-Cert: :mallory:'],
    ['Client-Cert-Chain: :mallory:'],
    ['X-SSL-Client-S-DN: mallory'],
    ['SSL_CLIENT_S_DN: mallory'],
    ['X-Client-Cert: mallory'],
    ['X-Consumer-Username: mallory'],
    ['X-Credential-Identifier: mallory'],
    ['X-Amzn-Oidc-Identity: mallory'],
    ['X-Endpoint-API-UserInfo: mallory'],
    ['X-Apigateway-Api-Userinfo: mallory'],
    ['X-AppEngine-User-Email: mallory'],
    ['X-Pomerium-Jwt-Assertion: mallory'],
    ['X-JWT-Assertion: mallory'],
    ['X-Id-Token: mallory'],
    ['Tailscale-User-Login: mallory'],
    ['X-Username: mallory'],
    ['X-Principal: mallory'],
    ['X-Subject: mallory'],
    ['WL-Proxy-Client-Cert: mallory'],
    ['X-ARR-ClientCert: mallory'],
    ['X-Azure-ClientIP: mallory'],
    ['X-Client-DN: mallory'],
    ['X-Client-Verify: mallory'],
    ['Fly-Client-IP: mallory'],
    ['X-Originating-IP: mallory'],
    ['X-Host-Override: mallory'],
    ['X-Agent-Id~: mallory'],
    ['Connection: X-Agent-Id', 'X-Agent-Id: mallory'],
    ['Connection: Authorization, X-Mallory', 'X-Mallory: mallory'],
    ['Connection: x-agent-subject, keep-alive'],
    ['Trailer: X-Mallory'],
    ['TE: trailers, mallory'],
    ['Keep-Alive: mallory'],
    ['Proxy-Connection: mallory'],
    ['Upgrade: mallory'],
  ])('%s does not come through', async (...lines) => {
    const one = await sent(...lines);
    expect(one.raw.join('\n').toLowerCase()).not.toContain('mallory');
    expect(one.all('x-agent-id')).toEqual(['planner']);
    expect(one.all('x-agent-subject')).toEqual(['planner']);
    expect(one.all('x-agent-scope')).toEqual(['tool:exec bus:receive']);
    expect(one.all('via')).toEqual(['1.1 gate.example']);
  });

  test.each(['websocket', 'WebSocket', 'h2c, websocket', 'websocket/13'])(
    'to upgrade to %s is refused: it would arrive as another one',
    async (protocol) => {
      const answer = await callRaw(url, [
        'GET /tools/x HTTP/1.1',
        'Host: gate.example',
        `Authorization: Bearer ${token}`,
        'Connection: Upgrade',
        `Upgrade: ${protocol}`,
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]);
      expect(answer.status).toBe(400);
      expect(upstream.take()).toEqual([]);
    },
  );

  test('goes on with the trace that it came with, or with a new one', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const one = await sent(`Traceparent: ${traceparent}`, 'Tracestate: a=b');
    expect(one.all('traceparent')[0]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(one.all('traceparent')[0]).not.toBe(traceparent);
    expect(one.all('tracestate')).toEqual(['a=b']);
    const other = await sent('Traceparent: nonsense', 'Tracestate: a=b');
    expect(other.all('traceparent')).toEqual([expect.stringMatching(/^00-[0-9a-f]{32}-/)]);
    expect(other.all('tracestate')).toEqual([]);
  });

  test('a name in another alphabet reaches nobody', async () => {
    const lookAlike = Buffer.from('Х-Agent-Id', 'utf8').toString('latin1');
    const answer = await callRaw(url, [
      'GET /tools/x HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${token}`,
      `${lookAlike}: mallory`,
    ]);
    expect(answer.status).toBe(400);
    expect(upstream.take()).toEqual([]);
  });

  test('five hundred other headers change nothing', async () => {
    const many = Array.from({ length: 500 }, (_, at) => `X-Other-${at}: ${at}`);
    const one = await sent(...many);
    expect(one.all('x-agent-id')).toEqual(['planner']);
    expect(one.all('x-other-499')).toEqual(['499']);
  });

  test.each([
    ['an unknown coding', ['Transfer-Encoding: xchunked'], 'x'],
    ['two lengths', ['Content-Length: 1', 'Content-Length: 2'], 'xx'],
    ['a signed length', ['Content-Length: +5'], 'xxxxx'],
  ])('a body with %s reaches nobody', async (_name, lines, body) => {
    const answer = await callRaw(
      url,
      ['POST /tools/x HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`, ...lines],
      body,
    );
    expect([400, 501]).toContain(answer.status);
    expect(upstream.take()).toEqual([]);
  });

  // RFC 9112 section 6.3 allows it: the runtime reads the chunks, and the length is not passed on
  test('of two lengths the chunks count, and one request arrives', async () => {
    const answer = await callRaw(
      url,
      [
        'POST /tools/x HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${token}`,
        'Transfer-Encoding: chunked',
        'Content-Length: 5',
      ],
      '0\r\n\r\nGET /tools/smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    expect(answer.status).toBe(200);
    const arrived = upstream.take();
    expect(arrived.map(({ target, body }) => [target, body])).toEqual([['/api/x', '']]);
    expect(arrived[0]?.all('content-length')).toEqual([]);
  });

  test('trailers are dropped', async () => {
    const answer = await callRaw(
      url,
      [
        'POST /tools/x HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${token}`,
        'Transfer-Encoding: chunked',
      ],
      '5\r\nhello\r\n0\r\nX-Agent-Id: mallory\r\n\r\n',
    );
    const [one] = upstream.take();
    expect(answer.status === 200 ? one?.body : 'hello').toBe('hello');
    expect(JSON.stringify(one ?? {})).not.toContain('mallory');
  });

  test('Range and If-None-Match pass, and need a token like everything', async () => {
    const one = await sent('Range: bytes=0-1', 'If-None-Match: "a"');
    expect(one.all('range')).toEqual(['bytes=0-1']);
    expect(one.all('if-none-match')).toEqual(['"a"']);
    const headers = { range: 'bytes=0-1', 'if-none-match': '*', expect: '' };
    expect(codeOf(await call(`${url}/tools/x`, { headers: { range: headers.range } }))).toBe(
      '401 token_missing',
    );
    expect(upstream.take()).toEqual([]);
  });

  test('a body arrives as it was sent, with its length', async () => {
    const body = '{"a":1}';
    const answer = await call(`${url}/tools/x?q=%2F`, { method: 'PUT', token, body });
    expect(answer.status).toBe(200);
    const [one] = upstream.take();
    expect(one).toMatchObject({ method: 'PUT', target: '/api/x?q=%2F', body });
    expect(one?.all('content-length')).toEqual(['7']);
    expect(one?.all('transfer-encoding')).toEqual([]);
  });
});

describe('the answer', () => {
  test('has the headers of a list, and no others', async () => {
    upstream.answer = (_seen, response) => {
      response.writeHead(206, {
        'Content-Type': 'text/plain',
        'Content-Range': 'bytes 0-1/9',
        ETag: '"v"',
        'X-Agent-Id': 'mallory',
        'X-Agent-Scope': 'admin:write',
        'WWW-Authenticate': 'Basic realm="mallory"',
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Credentials': 'true',
        'Set-Cookie': ['a=mallory', 'b=mallory'],
        'Cache-Control': 'public, max-age=600',
        Expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
        Age: '1',
        Server: 'mallory',
        'X-Powered-By': 'mallory',
        'Strict-Transport-Security': 'max-age=1',
        'CF-Ray': 'mallory',
        'Alt-Svc': 'h3=":443"',
        RateLimit: '"mallory";r=1',
        Refresh: '0; url=https://mallory.test',
      });
      response.end('ab');
    };
    const answer = await call(`${url}/tools/x`, {
      token,
      headers: { origin: 'https://app.example' },
    });
    expect(answer.status).toBe(206);
    expect(answer.text).toBe('ab');
    const all = Object.fromEntries(answer.headers);
    expect(JSON.stringify(all)).not.toContain('mallory');
    delete all['date'];
    delete all['connection'];
    delete all['keep-alive'];
    delete all['transfer-encoding'];
    delete all['content-length'];
    expect(all).toEqual({
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers': expect.stringContaining('Mcp-Session-Id') as string,
      'cache-control': 'private, no-store',
      'content-range': 'bytes 0-1/9',
      'content-type': 'text/plain',
      etag: '"v"',
      // Of the gateway: what it says of the agent's budget
      ratelimit: expect.stringContaining('"fast"') as string,
      'ratelimit-policy': expect.stringContaining('"fast"') as string,
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
    });
  });

  test("is each agent's own, whatever the service says of caches", async () => {
    upstream.answer = (seen, response) => {
      response.setHeader('cache-control', 'public, max-age=600');
      response.end(seen.all('x-agent-id')[0]);
    };
    const other = await mintToken(key, issuer, 'coder', 'tool:exec');
    for (const path of ['/tools/x', '/tools/me/x.css', '/tools/me%2C.js']) {
      const mine = await call(url + path, { token });
      const theirs = await call(url + path, { token: other });
      expect([mine.text, theirs.text]).toEqual(['planner', 'coder']);
      expect(theirs.headers.get('cache-control')).toBe('private, no-store');
    }
  });

  test('to an echo has nothing of the token in it', async () => {
    upstream.answer = (seen, response) => response.end(JSON.stringify(seen.raw));
    const { text } = await call(`${url}/tools/x`, { token });
    expect(text).toContain('planner');
    for (const part of token.split('.')) expect(text).not.toContain(part);
  });

  test('to HEAD has no body, and the service is asked with HEAD', async () => {
    const answer = await call(`${url}/tools/x`, { method: 'HEAD', token });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(upstream.take()[0]?.method).toBe('HEAD');
  });

  test.each([204, 304])('with status %i has no body', async (status) => {
    upstream.answer = (_seen, response) => response.writeHead(status, { ETag: '"v"' }).end();
    const answer = await call(`${url}/tools/x`, { token });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('etag')).toBe('"v"');
  });

  test.each([400, 403, 404, 409, 422, 500, 503])('with status %i comes back', async (status) => {
    upstream.answer = (_seen, response) => response.writeHead(status).end('why');
    const answer = await call(`${url}/tools/x`, { token });
    expect([answer.status, answer.text]).toEqual([status, 'why']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  test.each([401, 407])('with status %i is no answer', async (status) => {
    upstream.answer = (_seen, response) => response.writeHead(status).end('why');
    const answer = await call(`${url}/tools/x`, { token });
    expect(codeOf(answer)).toBe('502 upstream_invalid');
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });
});

describe('redirects', () => {
  test.each([
    ['/api/y?a=b#c', `${publicUrl}/tools/y?a=b#c`],
    ['y', `${publicUrl}/tools/y`],
    ['/api', `${publicUrl}/tools`],
    [`${upstream.url}/api/z`, `${publicUrl}/tools/z`],
    ['/apix', null],
    ['/other', null],
    ['../other', null],
    ['https://mallory.test/api/x', null],
    ['//mallory.test/api/x', null],
    ['javascript:alert(1)', null],
    ['http://[', null],
  ])('to %s are not followed, and lead to %s', async (location, expected) => {
    upstream.answer = (_seen, response) => response.writeHead(302, { location }).end();
    const answer = await call(`${url}/tools/x`, { token });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe(expected);
    expect(upstream.take()).toHaveLength(1);
  });
});
