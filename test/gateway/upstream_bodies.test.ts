// Bodies and time: what streams, what is cut off, and what is no answer: THREATS 147, 160

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
} from '../support/authority.ts';
import { callerWith } from '../support/operator.ts';
import { call, codeOf } from '../support/http.ts';
import { startUpstream, until, type Handler } from '../support/upstream.ts';

const upstream = await startUpstream();
/** A service that speaks whatever it is told to, as bytes. */
const speaking: { say: (socket: Socket) => void } = { say: (socket) => socket.destroy() };
const rude = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => speaking.say(socket));
});
await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
const { port: rudePort } = rude.address() as AddressInfo;
const nobody = createServer();
await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
const { port: closedPort } = nobody.address() as AddressInfo;
await new Promise((resolve) => nobody.close(resolve));

const scopes = ['tool:exec'];
const limits = { timeout: 1, idle_timeout: 1 };
const authority = await startAuthority({
  variables: {
    TOKEN_SECONDS: '3',
    ROUTES: JSON.stringify([
      {
        prefix: '/tools',
        upstream: upstream.url,
        methods: ['GET', 'POST'],
        scopes,
        max_request_bytes: 1000,
        max_response_bytes: 1_000_000,
        ...limits,
      },
      { prefix: '/large', upstream: upstream.url, scopes, max_response_bytes: 64_000_000 },
      { prefix: '/rude', upstream: `http://127.0.0.1:${rudePort}`, scopes, ...limits },
      { prefix: '/closed', upstream: `http://127.0.0.1:${closedPort}`, scopes, ...limits },
    ]),
  },
});
const { url } = authority;
const key = await registerAgent(authority, 'planner', { scope: scopes });
afterAll(async () => {
  await Promise.all([authority.stop(), upstream.stop()]);
  await new Promise((resolve) => rude.close(resolve));
});

const plainly: Handler = upstream.answer;
beforeEach(() => {
  upstream.answer = plainly;
  upstream.take();
});

async function freshToken(): Promise<string> {
  const { body } = await postForm(`${url}/token`, await tokenForm(key, 'planner'));
  return String(body['access_token']);
}

describe('an upstream that', () => {
  test('hangs is 504', async () => {
    upstream.answer = () => undefined;
    expect(codeOf(await call(`${url}/tools/x`, { token: await freshToken() }))).toBe(
      '504 upstream_timeout',
    );
  });

  test.each<[string, (socket: Socket) => void]>([
    ['resets', (socket) => socket.resetAndDestroy()],
    ['hangs up', (socket) => socket.end()],
    ['answers garbage', (socket) => socket.end('\0\u0001garbage\r\n\r\n')],
    ['has a status that there is not', (socket) => socket.end('HTTP/1.1 999 x\r\n\r\n')],
    ['has a status of no number', (socket) => socket.end('HTTP/1.1 abc x\r\n\r\n')],
    [
      'switches protocols',
      (socket) => socket.end('HTTP/1.1 101 x\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n'),
    ],
    [
      'packs its answer as nobody asked',
      (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx'),
    ],
    [
      'promises more than is allowed',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nx'),
    ],
    ['asks for a password', (socket) => socket.end('HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n')],
  ])('%s is 502', async (_name, say) => {
    speaking.say = say;
    const answer = await call(`${url}/rude/x`, { token: await freshToken() });
    expect(codeOf(answer)).toBe('502 upstream_invalid');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  test('is not there is 502', async () => {
    expect(codeOf(await call(`${url}/closed/x`, { token: await freshToken() }))).toBe(
      '502 upstream_invalid',
    );
  });

  test('falls silent in the middle is broken off', async () => {
    upstream.answer = (_seen, response) => response.write('half');
    const token = await freshToken();
    const began = Date.now();
    await expect(call(`${url}/tools/x`, { token })).rejects.toThrow('terminated');
    // Long before its token would end it
    expect(Date.now() - began).toBeLessThan(5000);
    await until(async () => (await upstream.open()) === 0);
  });

  test('sends more than is allowed is broken off there', async () => {
    let sent = 0;
    upstream.answer = (_seen, response) => {
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        while (sent < 1_000_000_000 && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    await expect(call(`${url}/tools/x`, { token: await freshToken() })).rejects.toThrow(
      'terminated',
    );
    await until(async () => (await upstream.open()) === 0);
    expect(sent).toBeLessThan(50_000_000);
  });
});

describe('bodies', () => {
  test('come back piece by piece, as they are sent', async () => {
    let later: ServerResponse | undefined;
    upstream.answer = (_seen, response) => {
      later = response;
      response.write('one');
    };
    const response = await fetch(`${url}/tools/x`, {
      headers: { authorization: `Bearer ${await freshToken()}` },
    });
    const reader = response.body?.getReader();
    const piece = async (): Promise<string> =>
      new TextDecoder().decode((await reader?.read())?.value);
    expect(await piece()).toBe('one');
    later?.end('two');
    expect(await piece()).toBe('two');
    expect((await reader?.read())?.done).toBe(true);
  });

  test('are as long as they were', async () => {
    const whole = Buffer.alloc(32_000_000, 'x');
    upstream.answer = (_seen, response) => response.end(whole);
    const response = await fetch(`${url}/large/x`, {
      headers: { authorization: `Bearer ${await freshToken()}` },
    });
    expect((await response.arrayBuffer()).byteLength).toBe(whole.length);
  });

  test.each([
    ['with its length', 'x'.repeat(1001)],
    ['in pieces', undefined],
  ])('too large are refused, %s', async (_name, text) => {
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < 11; at++) controller.enqueue(new Uint8Array(100));
        controller.close();
      },
    });
    const response = await fetch(`${url}/tools/x`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await freshToken()}` },
      body: text ?? pieces,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'message_too_large' });
    expect(upstream.take()).toEqual([]);
  });

  test.each([
    ['breaks off', (socket: Socket) => socket.resetAndDestroy()],
    ['hangs up', (socket: Socket) => socket.end()],
    ['sends no chunks any more', (socket: Socket) => socket.write('zz\r\nGET / HTTP/1.1\r\n')],
  ])('whose client %s in the middle never look whole', async (_name, then) => {
    const token = await freshToken();
    const arriving = upstream.arriving();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(
      `POST /tools/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    await arriving;
    then(socket);
    await until(async () => (await upstream.open()) === 0);
    socket.destroy();
    expect(upstream.take()).toEqual([]);
  });

  test('as large as is allowed arrive', async () => {
    const body = 'x'.repeat(1000);
    const answer = await call(`${url}/tools/x`, {
      method: 'POST',
      token: await freshToken(),
      body,
    });
    expect(answer.status).toBe(200);
    expect(upstream.take()[0]?.body).toBe(body);
  });

  test('whose client goes away end at the service too', async () => {
    upstream.answer = (_seen, response) => response.write('half');
    const controller = new AbortController();
    const response = await fetch(`${url}/tools/x`, {
      headers: { authorization: `Bearer ${await freshToken()}` },
      signal: controller.signal,
    });
    expect(response.status).toBe(200);
    controller.abort();
    await until(async () => (await upstream.open()) === 0);
  });
});

describe('an event stream', () => {
  /** Opens one that says something every 100 ms, and waits for its end. */
  async function openStream(
    token: string,
  ): Promise<{ ended: Promise<number>; text: () => string }> {
    upstream.answer = (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: x\n\n'), 100);
      response.on('close', () => clearInterval(timer));
    };
    const response = await fetch(`${url}/tools/x`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    let text = '';
    const reader = response.body?.getReader();
    const first = await reader?.read();
    text += new TextDecoder().decode(first?.value);
    const ended = (async () => {
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return Date.now();
        text += new TextDecoder().decode(piece.value);
      }
    })();
    return { ended, text: () => text };
  }

  test('ends when its token has expired, quietly', async () => {
    const began = Date.now();
    const { ended, text } = await openStream(await freshToken());
    const lasted = (await ended) - began;
    // 3 s of life, 5 s of tolerance, half a second until it is looked at
    expect(lasted).toBeGreaterThan(5000);
    expect(lasted).toBeLessThan(12_000);
    expect(text().startsWith('data: x\n\n')).toBe(true);
    await until(async () => (await upstream.open()) === 0);
  });

  test('that is silent ends then too', async () => {
    upstream.answer = (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': here\n\n');
    };
    const response = await fetch(`${url}/tools/x`, {
      headers: { authorization: `Bearer ${await freshToken()}` },
    });
    expect(await response.text()).toBe(': here\n\n');
  });

  test('ends when its agent is revoked', async () => {
    const otherKey = await registerAgent(authority, 'doomed', { scope: scopes });
    const { body } = await postForm(`${url}/token`, await tokenForm(otherKey, 'doomed'));
    const { ended } = await openStream(String(body['access_token']));
    const operator = await boundToken(url, authority.operator, 'operator');
    const { status } = await callBound(url, '/admin/revocations', authority.operator, operator, {
      method: 'POST',
      body: { kind: 'agent', value: 'doomed' },
    });
    expect(status).toBe(201);
    const began = Date.now();
    expect((await ended) - began).toBeLessThan(2500);
  });
});

describe('a request that takes long', () => {
  test('is given up when its agent is revoked before there is an answer', async () => {
    const lateKey = await registerAgent(authority, 'late', { scope: scopes });
    const { body } = await postForm(`${url}/token`, await tokenForm(lateKey, 'late'));
    upstream.answer = () => undefined;
    const arriving = upstream.arriving();
    const asked = call(`${url}/large/x`, { token: String(body['access_token']) });
    await arriving;
    const operator = await boundToken(url, authority.operator, 'operator');
    await callBound(url, '/admin/revocations', authority.operator, operator, {
      method: 'POST',
      body: { kind: 'agent', value: 'late' },
    });
    expect(codeOf(await asked)).toBe('401 token_revoked');
    await until(async () => (await upstream.open()) === 0);
  });
});

describe('nothing of a token', () => {
  test('is in the logs', async () => {
    const token = await boundToken(url, key, 'planner');
    upstream.answer = () => undefined;
    const { send } = callerWith(url, key, token);
    expect((await send('GET', '/tools/x')).status).toBe(504);
    for (const part of token.split('.')) expect(authority.logs()).not.toContain(part);
  });
});
