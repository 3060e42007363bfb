// Answers that attack: bombs, redirects that look like ours, ranges, interim answers, trailers, hidden tools

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';
import { startUpstream, type Handler } from '../support/upstream.ts';

const upstream = await startUpstream();
/** What the raw service says, byte for byte. */
let said = '';
const raw = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end(said));
});
await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
const { port } = raw.address() as AddressInfo;
const gateway = await startGateway({
  variables: {
    ROUTES: JSON.stringify([
      {
        prefix: '/tools',
        upstream: `${upstream.url}/api`,
        scopes: [],
        max_response_bytes: 100_000,
      },
      { prefix: '/raw', upstream: `http://127.0.0.1:${port}`, scopes: [], timeout: 5 },
      { prefix: '/mcp', upstream: upstream.url, mcp: true, max_response_bytes: 100_000 },
    ]),
  },
});
afterAll(async () => {
  await Promise.all([gateway.stop(), upstream.stop()]);
  await new Promise((resolve) => raw.close(resolve));
});
const { url, issuer, key } = gateway;
const token = await mintToken(key, issuer, 'planner', 'tool:exec');
const mcpToken = await mintToken(key, issuer, 'planner', 'mcp:call:echo', {
  claims: { aud: `${publicUrl}/mcp` },
});
const plainly: Handler = upstream.answer;
beforeEach(() => {
  upstream.answer = plainly;
  upstream.take();
});

describe('an answer that is packed', () => {
  const bomb = Buffer.alloc(50_000_000);

  test.each([
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb)],
  ])('with %s counts as what it unpacks to', async (coding, body) => {
    upstream.answer = (_seen, response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(body);
    await expect(call(`${url}/tools/x`, { token })).rejects.toThrow('terminated');
  });

  test.each([
    ['gzip', gzipSync('ok')],
    ['br', brotliCompressSync('ok')],
    ['identity', Buffer.from('ok')],
  ])('with %s arrives unpacked', async (coding, body) => {
    upstream.answer = (_seen, response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(body);
    expect((await call(`${url}/tools/x`, { token })).text).toBe('ok');
  });

  // Nothing of ours unpacks these: without its coding a body is another one
  test.each([
    ['GZip', gzipSync('ok')],
    ['x-gzip', gzipSync('ok')],
    ['deflate', deflateSync('ok')],
    ['gzip, gzip', gzipSync(gzipSync('ok'))],
    ['zstd', Buffer.from('ok')],
  ])('with %s is no answer', async (coding, body) => {
    upstream.answer = (_seen, response) =>
      response.writeHead(200, { 'content-encoding': coding }).end(body);
    expect(codeOf(await call(`${url}/tools/x`, { token }))).toBe('502 upstream_invalid');
  });

  test('does not unpack without end where it is read: 502', async () => {
    upstream.answer = (_seen, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(bomb));
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const headers = { 'content-type': 'application/json' };
    const answer = await call(`${url}/mcp`, { method: 'POST', token: mcpToken, headers, body });
    expect(codeOf(answer)).toBe('502 upstream_invalid');
  });
});

describe('a redirect', () => {
  test.each([
    '//evil.test/x',
    'https://evil.test',
    'https:evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    '/api/../../evil',
    '/api/..%2f..%2fevil',
    'javascript:alert(1)',
    'data:text/html,x',
    ' //evil.test',
    '/api@evil.test',
    'https://gate.example@evil.test/api/x',
  ])('to %j names no other place', async (location) => {
    upstream.answer = (_seen, response) => response.writeHead(302, { location }).end();
    const answer = await call(`${url}/tools/x`, { token });
    expect(answer.status).toBe(302);
    const found = answer.headers.get('location');
    expect(found === null || found.startsWith(`${publicUrl}/tools`)).toBe(true);
    expect(found === null ? publicUrl : new URL(found).origin).toBe(publicUrl);
  });
});

describe('what HTTP allows beside an answer', () => {
  const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Agent-Id: mallory\r\n\r\nok';

  test('an early hint is not the answer, and its headers do not come through', async () => {
    said = `HTTP/1.1 103 Early Hints\r\nLink: </mallory>; rel=preload\r\n\r\n${plain}`;
    const answer = await call(`${url}/raw/x`, { token });
    expect(JSON.stringify([...answer.headers])).not.toContain('mallory');
    expect([200, 502]).toContain(answer.status);
  });

  test.each(['100 Continue', '102 Processing'])('%s is not the answer', async (status) => {
    said = `HTTP/1.1 ${status}\r\n\r\n${plain}`;
    const answer = await call(`${url}/raw/x`, { token });
    expect(JSON.stringify([...answer.headers])).not.toContain('mallory');
    expect([200, 502]).toContain(answer.status);
  });

  test('trailers are dropped', async () => {
    said =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: a=mallory\r\n\r\n';
    const answer = await call(`${url}/raw/x`, { token });
    expect([answer.status, answer.text]).toEqual([200, 'ok']);
    expect(JSON.stringify([...answer.headers])).not.toContain('mallory');
  });

  test.each([
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\nok'],
    ['a second answer', `${plain}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    [
      'a header over two lines',
      'HTTP/1.1 200 OK\r\nETag: "a"\r\n mallory\r\nContent-Length: 2\r\n\r\nok',
    ],
    [
      'a name with a space',
      'HTTP/1.1 200 OK\r\nSet-Cookie : a=mallory\r\nContent-Length: 2\r\n\r\nok',
    ],
  ])('%s is one answer, or none', async (_name, text) => {
    said = text;
    const answer = await call(`${url}/raw/x`, { token });
    expect(`${answer.status} ${answer.text.includes('evil')}`).toMatch(/^(?:200|502) false$/);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });
});

describe('headers that no client would read', () => {
  test.each([
    ['a control character', 'ETag: "a\u0001b"'],
    ['DEL', 'Content-Type: text/plain; x=\u007f'],
    ['a vertical tab', 'Mcp-Session-Id: a\u000bb'],
    ['100 kB', `ETag: "${'a'.repeat(100_000)}"`],
    ['1 MB', `ETag: "${'a'.repeat(1_000_000)}"`],
    ['2,000 of them', Array.from({ length: 2000 }, (_, at) => `Mcp-X${at}: ${at}`).join('\r\n')],
  ])('%s are no answer', async (_name, lines) => {
    said = `HTTP/1.1 200 OK\r\n${lines}\r\nContent-Length: 2\r\n\r\nok`;
    expect(codeOf(await call(`${url}/raw/x`, { token }))).toBe('502 upstream_invalid');
  });

  test.each(['ETag: "a\tb"', 'ETag: "é"', `ETag: "${'a'.repeat(4000)}"`, 'Server: a\u0001b'])(
    '%s is one',
    async (line) => {
      said = `HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 2\r\n\r\nok`;
      expect((await call(`${url}/raw/x`, { token })).text).toBe('ok');
    },
  );
});

describe('conditions of a request', () => {
  test.each<Readonly<Record<string, string>>>([
    { range: 'bytes=0-1' },
    { 'if-none-match': '*' },
    { 'if-modified-since': 'Thu, 01 Jan 2099 00:00:00 GMT' },
    { 'if-range': '"v"', range: 'bytes=0-' },
  ])('%j lets nobody in', async (headers) => {
    expect(codeOf(await call(`${url}/tools/x`, { headers }))).toBe('401 token_missing');
    expect(upstream.take()).toEqual([]);
  });
});

describe('tools that are hidden in a stream', () => {
  const data = (text: string): string => JSON.stringify(text).slice(1, -1);
  const tools = '[{"name":"echo"},{"name":"secret"}]';

  test.each([
    ['spelled with escapes', `data: {"id":1,"r\\u0065sult":{"t\\u006fols":${tools}}}\n\n`],
    ['in a batch', `data: [{"id":1,"result":{"tools":${tools}}}]\n\n`],
    ['behind a byte order mark', `\uFEFFdata: {"id":1,"result":{"tools":${tools}}}\n\n`],
    ['under another event', `event: x\nid: 7\ndata:{"id":1,"result":{"tools":${tools}}}\n\n`],
    ['in lines', `data: {"id":1,"result":\ndata: {"tools":\ndata: ${tools}}}\n\n`],
    ['after a comment', `: {"tools":1}\n\n\r\rdata: {"id":1,"result":{"tools":${tools}}}\r\r`],
    ['twice, once allowed', `data: {"id":1,"result":{"tools":[],"tools":${tools}}}\n\n`],
    ['at the end of a stream that breaks off', `data: {"id":1,"result":{"tools":${tools}}}`],
  ])('%s are not seen', async (_name, text) => {
    upstream.answer = (_seen, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    const headers = { 'content-type': 'application/json' };
    const answer = await call(`${url}/mcp`, { method: 'POST', token: mcpToken, headers, body });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('secret');
    expect(data(answer.text)).toContain('data:');
  });
});
