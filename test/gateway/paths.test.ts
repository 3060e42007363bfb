// Paths and methods: one reading of each path, on the raw request target

import { afterAll, describe, expect, test } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf, type Answer } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';

const gateway = await startGateway({
  variables: { ALLOWED_ORIGINS: 'https://app.example,http://localhost:5173' },
});
afterAll(() => gateway.stop());

const { url, issuer, key } = gateway;
const token = await mintToken(key, issuer, 'planner', 'bus:publish bus:receive');

const target = (path: string, method = 'GET', ...lines: string[]): Promise<Answer> =>
  callRaw(url, [
    `${method} ${path} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${token}`,
    ...lines,
  ]);

describe('paths', () => {
  test.each([
    '/bus/../whoami',
    '/bus/..%2fwhoami',
    '/bus/%2e%2e/whoami',
    '/bus/%252e%252e/whoami',
    '/bus/..;/whoami',
    String.raw`/bus\..\whoami`,
    '/bus//messages',
    '//whoami',
    '//evil.test/whoami',
    String.raw`/\evil.test`,
    '/%2fwhoami',
    '/whoami%00',
    '/whoami%3f/x',
    '/whoami;x=1',
    '/./whoami',
    '/bus/.%2e/whoami',
    '/%c0%ae%c0%ae/whoami',
    '/whoami.',
    '/whoami%20',
    '/%77hoami',
    '/whoam%69',
    '/bus/messages%0a.css',
    // Of full width, or otherwise alike: some servers fit them to ASCII
    '/bus/%ef%bc%8e%ef%bc%8e/whoami',
    '/bus/%ef%bc%8e%ef%bc%8e%ef%bc%8fwhoami',
    '/bus%e2%88%95whoami',
    '/bus%e2%81%84whoami',
    '/bus/%ef%bc%bcwhoami',
    '/whoami%ef%bc%9bx=1',
    '/bus/%e2%80%a5/whoami',
    '/bus/%ef%bc%852e/whoami',
    '/bus/%u002e%u002e/whoami',
    '/bus/%e0%80%ae/whoami',
    '/bus/%f8%80%80%80%ae/whoami',
    '/bus/%ed%a0%80/whoami',
    '/bus/%c2%85/whoami',
  ])('%s is ambiguous', async (path) => {
    expect(codeOf(await target(path))).toBe('400 path_ambiguous');
  });

  test.each(['/', '/BUS/messages', '/Whoami', '/whoami/', '/bus', '/bus/messages/a/b', '/admin'])(
    '%s is unknown',
    async (path) => {
      expect(codeOf(await target(path))).toBe('404 route_unknown');
    },
  );

  test('another host or an absolute target changes nothing', async () => {
    const answer = await callRaw(url, [
      'GET http://evil.test/whoami HTTP/1.1',
      'Host: evil.test',
      `Authorization: Bearer ${token}`,
    ]);
    expect(answer.status).toBe(200);
    const refused = await callRaw(url, ['GET /whoami HTTP/1.1', 'Host: evil.test']);
    expect(refused.headers.get('www-authenticate')).toContain('https://gate.example/.well-known/');
    expect(refused.headers.get('www-authenticate')).not.toContain('evil');
  });

  test.each([
    ['two of them', 'x\r\nHost: evil.test'],
    ['a path in it', 'x/health?'],
    ['user information', 'a@x'],
    ['a port that there is not', 'x:99999'],
    ['an address that there is not', '1.2.3.999'],
    ['a space', 'x y'],
  ])('a Host with %s is ambiguous', async (_name, host) => {
    const answer = await callRaw(url, [
      'GET /whoami HTTP/1.1',
      `Host: ${host}`,
      `Authorization: Bearer ${token}`,
    ]);
    expect(codeOf(answer)).toBe('400 path_ambiguous');
  });

  test.each(['x:8787', '[::1]:8787', 'gate.example.', '127.0.0.1'])(
    'the Host %s is as good as another',
    async (host) => {
      const answer = await callRaw(url, [
        'GET /whoami HTTP/1.1',
        `Host: ${host}`,
        `Authorization: Bearer ${token}`,
      ]);
      expect(answer.status).toBe(200);
    },
  );

  test('an unknown path is told so without a token', async () => {
    expect(codeOf(await call(`${url}/nowhere`))).toBe('404 route_unknown');
  });
});

describe('methods', () => {
  test.each([
    ['/whoami', 'POST', 'GET, HEAD'],
    ['/bus/messages', 'PUT', 'GET, HEAD, POST'],
    ['/bus/messages', 'DELETE', 'GET, HEAD, POST'],
    ['/bus/messages/00000000-0000-4000-8000-000000000000', 'GET', 'DELETE'],
    ['/bus/status', 'DELETE', 'GET, HEAD'],
    ['/health', 'POST', 'GET, HEAD'],
    ['/whoami', 'TRACE', 'GET, HEAD'],
    ['/whoami', 'OPTIONS', 'GET, HEAD'],
  ])('%s refuses %s', async (path, method, allow) => {
    const answer = await target(path, method);
    expect(codeOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test.each(['get', 'FOO'])('the runtime itself refuses %s', async (method) => {
    expect((await target('/whoami', method)).status).toBe(501);
  });

  test('an override header overrides nothing', async () => {
    const answer = await target('/bus/messages', 'GET', 'X-HTTP-Method-Override: DELETE');
    expect(answer.status).toBe(200);
  });

  test('HEAD is answered as GET is, without a body', async () => {
    const answer = await target('/whoami', 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
    expect(answer.headers.get('content-type')).toBe('application/json');
    const refused = await callRaw(url, ['HEAD /whoami HTTP/1.1', 'Host: x']);
    expect(refused.status).toBe(401);
    expect(refused.text).toBe('');
    expect(refused.headers.get('www-authenticate')).toContain('Bearer');
  });
});

describe('CORS', () => {
  const asking = (origin: string): Record<string, string> => ({
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,dpop',
  });

  test.each(['https://app.example', 'http://localhost:5173'])(
    'a preflight of %s passes without a token',
    async (origin) => {
      const answer = await call(`${url}/bus/messages`, {
        method: 'OPTIONS',
        headers: asking(origin),
      });
      expect(answer.status).toBe(204);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
      expect(answer.headers.get('access-control-allow-headers')).toContain('DPoP');
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('vary')).toBe('Origin');
    },
  );

  test.each([
    'null',
    'https://evil.test',
    'https://app.example.evil.test',
    'http://app.example',
    'https://APP.example',
    'https://app.example:444',
  ])('a preflight of %s gets nothing', async (origin) => {
    const answer = await call(`${url}/bus/messages`, {
      method: 'OPTIONS',
      headers: asking(origin),
    });
    expect(codeOf(answer)).toBe('405 method_not_allowed');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  test.each([
    ['/whoami', 401],
    ['/nowhere', 404],
    ['/bus//x', 400],
    ['/health', 200],
  ])('%s answers an allowed origin with its headers, whatever the answer', async (path, status) => {
    const answer = await callRaw(url, [
      `GET ${path} HTTP/1.1`,
      'Host: x',
      'Origin: https://app.example',
    ]);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  });

  test('other origins are answered without them', async () => {
    const answer = await call(`${url}/whoami`, { token, headers: { origin: 'https://evil.test' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
