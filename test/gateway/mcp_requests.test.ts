// What an MCP route lets through, down to the bytes: bodies, headers that disagree, batches, answers that are trimmed

import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import { mintToken } from '../support/tokens.ts';
import { startUpstream, type Handler } from '../support/upstream.ts';

const upstream = await startUpstream();
const gateway = await startGateway({
  variables: {
    ROUTES: JSON.stringify([
      { prefix: '/mcp', upstream: upstream.url, mcp: true, max_request_bytes: 2000 },
      { prefix: '/guarded', upstream: upstream.url, mcp: true, scopes: ['team:tools'] },
    ]),
  },
});
afterAll(() => Promise.all([gateway.stop(), upstream.stop()]));
const { url, issuer, key } = gateway;
const tokenFor = (scope: string, path = '/mcp'): Promise<string> =>
  mintToken(key, issuer, 'planner', scope, { claims: { aud: publicUrl + path } });
const token = await tokenFor('mcp:call:echo mcp:call:read-*');

const plainly: Handler = upstream.answer;
beforeEach(() => {
  upstream.answer = plainly;
  upstream.take();
});

type Headers = Readonly<Record<string, string>>;
const post = (body: string | object, headers: Headers = {}): Promise<Answer> =>
  call(`${url}/mcp`, {
    method: 'POST',
    token,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const rpc = (method: string, params?: object): object => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  ...(params === undefined ? {} : { params }),
});
const calling = (name: unknown): object => rpc('tools/call', { name, arguments: {} });
const list = rpc('tools/list');

describe('a call', () => {
  test.each(['echo', 'read-file', 'read-', 'read-:a/b.c'])('of %s is let through', async (name) => {
    const text = ` ${JSON.stringify(calling(name))}\n`;
    expect((await post(text)).status).toBe(200);
    // Byte for byte, white space too
    expect(upstream.take().map(({ body }) => body)).toEqual([text]);
  });

  test.each(['secret', 'Echo', 'ech', 'echo2', 'write-file'])(
    'of %s is refused, with the scope that it takes',
    async (name) => {
      const answer = await post(calling(name));
      expect(codeOf(answer)).toBe('403 scope_insufficient');
      const challenge = answer.headers.get('www-authenticate');
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain(`scope="mcp:call:${name}"`);
      expect(challenge).toContain(
        `resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp"`,
      );
      expect(upstream.take()).toEqual([]);
    },
  );

  test.each([
    '',
    'read-*',
    '*',
    'read file',
    'read-"x"',
    String.raw`read-\x`,
    'read-é',
    'read-\n',
    `read-${'x'.repeat(200)}`,
    1,
    null,
    undefined,
    ['echo'],
  ])('of %j cannot be expressed in a scope', async (name) => {
    expect(codeOf(await post(calling(name)))).toBe('400 message_malformed');
    expect(upstream.take()).toEqual([]);
  });

  test('in a batch is one of several', async () => {
    expect((await post([calling('echo'), rpc('ping'), calling('read-x')])).status).toBe(200);
    expect(upstream.take()).toHaveLength(1);
    const answer = await post([calling('echo'), calling('secret')]);
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    expect(answer.headers.get('www-authenticate')).toContain(
      'scope="mcp:call:echo mcp:call:secret"',
    );
    expect(upstream.take()).toEqual([]);
  });

  test('that is escaped is the same call', async () => {
    const text = String.raw`{"jsonrpc":"2.0","id":1,"method":"tools\u002fcall","params":{"name":"s\u0065cret"}}`;
    expect(codeOf(await post(text))).toBe('403 scope_insufficient');
  });

  test('needs the scopes of its route too', async () => {
    const send = async (scope: string): Promise<string> =>
      codeOf(
        await call(`${url}/guarded`, {
          method: 'POST',
          token: await tokenFor(scope, '/guarded'),
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(calling('echo')),
        }),
      );
    expect(await send('mcp:call:echo')).toBe('403 scope_insufficient');
    expect(await send('team:tools')).toBe('403 scope_insufficient');
    expect(await send('team:tools mcp:call:echo')).toBe('200');
  });
});

describe('a body', () => {
  const call1 = JSON.stringify(calling('echo'));

  test.each<[string, string, Headers?]>([
    ['is no JSON', 'tools/call'],
    ['is empty', ''],
    ['is an empty batch', '[]'],
    ['is a text', '"tools/call"'],
    ['has a batch in a batch', `[[${call1}]]`],
    ['has a method that is no text', '{"method":["tools/call"]}'],
    ['names the tool twice', call1.replace('"name"', '"name":"echo","name"')],
    ['names the method twice', call1.replace('"method"', '"method":"ping","method"')],
    ['names the tool twice, once escaped', call1.replace('"name"', '"n\\u0061me":"x","name"')],
    // Servers in Go and .NET read names without their case, and the last one counts
    ['names the method in another case', '{"id":1,"Method":"tools/call","params":{"name":"x"}}'],
    ['names the method twice, in two cases', call1.replace('"id"', '"METHOD":"ping","id"')],
    ['names the parameters in two cases', call1.replace('"id"', '"Params":{"name":"x"},"id"')],
    ['names them with a long s', call1.replace('"id"', '"param\u017f":{"name":"x"},"id"')],
    ['names the tool in two cases', call1.replace('"name"', '"NAME":"secret","name"')],
    ['names the tool after it, in another case', call1.replace('{}', '{},"Name":"secret"')],
    ['hides the method in a prototype', '{"id":1,"__proto__":{"method":"tools/call"}}'],
    ['begins with a byte order mark', `\uFEFF${call1}`],
    ['is not typed', call1, { 'content-type': '' }],
    ['is typed otherwise', call1, { 'content-type': 'text/plain' }],
    ['is typed twice', call1, { 'content-type': 'application/json, text/plain' }],
    ['is in another charset', call1, { 'content-type': 'application/json; charset=utf-16' }],
    // Servers take the last one of two, and decode UTF-7: then "+ACI-" is a quotation mark
    [
      'is in two charsets',
      '{"jsonrpc":"2.0","id":1,"method":"ping","x":"+ACIALAAiAG0AZQB0AGgAbwBkACIAOgAi-tools/call"}',
      { 'content-type': 'application/json; charset=utf-8; charset=utf-7' },
    ],
    ['hides a charset', call1, { 'content-type': 'application/json; x="; charset=utf-8"' }],
    [
      'has another charset in brackets',
      call1,
      { 'content-type': 'application/json; charset="utf-8;"; charset=utf-16le' },
    ],
    ['spells its charset', call1, { 'content-type': "application/json; charset*=utf-8''utf-7" }],
    ['is packed', call1, { 'content-encoding': 'gzip' }],
    ['is too deep', `{"method":"ping","params":${'['.repeat(80)}${']'.repeat(80)}}`],
    ['is a long batch', JSON.stringify(Array.from({ length: 51 }, () => ({ method: 'a' })))],
  ])('that %s is refused', async (_name, body, headers = {}) => {
    expect(codeOf(await post(body, headers))).toBe('400 message_malformed');
    expect(upstream.take()).toEqual([]);
  });

  test('arrives typed as it was read, whatever it was typed', async () => {
    const type = 'APPLICATION/JSON ; CharSet="UTF8"';
    expect((await post(calling('echo'), { 'content-type': type })).status).toBe(200);
    expect(upstream.take()[0]?.all('content-type')).toEqual(['application/json']);
  });

  test('that is too large is refused', async () => {
    const large = JSON.stringify(rpc('ping', { text: 'x'.repeat(2000) }));
    expect(codeOf(await post(large))).toBe('413 message_too_large');
    expect(upstream.take()).toEqual([]);
  });

  test.each([rpc('ping'), rpc('tools/list'), { jsonrpc: '2.0', id: 1, result: {} }])(
    'like %j is let through',
    async (body) => {
      upstream.answer = (_seen, response) => response.writeHead(202).end();
      expect((await post(body, { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(
        202,
      );
      expect(upstream.take()).toHaveLength(1);
    },
  );

  test('beside GET is not passed on', async () => {
    const answer = await call(`${url}/mcp`, { token, headers: { 'last-event-id': '7' } });
    expect(answer.status).toBe(200);
    expect(upstream.take()[0]?.all('last-event-id')).toEqual(['7']);
  });

  test('beside DELETE is not passed on', async () => {
    const body = JSON.stringify(calling('secret'));
    expect((await call(`${url}/mcp`, { method: 'DELETE', token, body })).status).toBe(200);
    expect(upstream.take()[0]?.body).toBe('');
  });
});

describe('headers of MCP', () => {
  test('pass both ways', async () => {
    upstream.answer = (_seen, response) =>
      response
        .writeHead(200, { 'Mcp-Session-Id': 's', 'MCP-Protocol-Version': 'v', 'Mcp-Other': 'o' })
        .end('{}');
    const sent = {
      'mcp-session-id': 's1',
      'mcp-protocol-version': '2025-06-18',
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-param-x': 'y',
    };
    const answer = await post(calling('echo'), sent);
    const [one] = upstream.take();
    for (const [name, value] of Object.entries(sent)) expect(one?.all(name)).toEqual([value]);
    expect(answer.headers.get('mcp-session-id')).toBe('s');
    expect(answer.headers.get('mcp-protocol-version')).toBe('v');
    expect(answer.headers.get('mcp-other')).toBe('o');
  });

  const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

  test.each<[Headers, object]>([
    [{ 'mcp-method': 'ping' }, rpc('ping')],
    [{ 'mcp-name': encoded('echo') }, calling('echo')],
    [{ 'mcp-name': 'file:///x' }, rpc('resources/read', { uri: 'file:///x' })],
    [{ 'mcp-name': encoded('é') }, rpc('prompts/get', { name: 'é' })],
  ])('%j agree with %j', async (headers, body) => {
    expect((await post(body, headers)).status).toBe(200);
  });

  test.each<[Headers, object]>([
    [{ 'mcp-method': 'tools/list' }, calling('echo')],
    [{ 'mcp-method': 'TOOLS/CALL' }, calling('echo')],
    [{ 'mcp-method': 'tools/call, tools/call' }, calling('echo')],
    [{ 'mcp-method': '' }, calling('echo')],
    [{ 'mcp-name': 'secret' }, calling('echo')],
    [{ 'mcp-name': encoded('secret') }, calling('echo')],
    [{ 'mcp-name': '=?base64?!?=' }, calling('echo')],
    [{ 'mcp-name': 'echo' }, rpc('ping')],
    [{ 'mcp-method': 'tools/call' }, [calling('echo'), rpc('ping')]],
    [{ 'mcp-name': 'echo' }, [calling('echo'), calling('read-x')]],
    [{ 'mcp-method': 'ping' }, { jsonrpc: '2.0', id: 1, result: {} }],
  ])('%j disagree with %j', async (headers, body) => {
    expect(codeOf(await post(body, headers))).toBe('400 message_malformed');
    expect(upstream.take()).toEqual([]);
  });

  test('say nothing of a request without a body', async () => {
    const headers = { 'mcp-method': 'tools/call' };
    expect(codeOf(await call(`${url}/mcp`, { token, headers }))).toBe('400 message_malformed');
  });
});

describe('an answer to tools/list', () => {
  const tools = [
    { name: 'echo', max: 1 },
    { name: 'secret', about: 'hidden' },
    { name: 'read-file' },
    { name: 'bad name' },
    { title: 'nameless' },
    'text',
  ];
  const result = { jsonrpc: '2.0', id: 1, result: { tools, nextCursor: 'c' } };
  const trimmed = {
    ...result,
    result: { tools: [{ name: 'echo', max: 1 }, { name: 'read-file' }], nextCursor: 'c' },
  };
  const answering = (
    text: string,
    type = 'application/json; charset=utf-8',
    status = 200,
  ): void => {
    upstream.answer = (_seen, response) =>
      response.writeHead(status, { 'content-type': type }).end(text);
  };
  const dataOf = (text: string): unknown[] =>
    text
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => JSON.parse(line.slice(5)) as unknown);

  test('has the tools that the agent may call', async () => {
    answering(JSON.stringify(result));
    expect(JSON.parse((await post(list)).text)).toEqual(trimmed);
  });

  test('in a batch has them too', async () => {
    answering(JSON.stringify([{ id: 0, result: {} }, result]));
    expect(JSON.parse((await post([list, rpc('ping')])).text)).toEqual([
      { id: 0, result: {} },
      trimmed,
    ]);
  });

  test('keeps every digit', async () => {
    const text = JSON.stringify(result).replace('"max":1', '"max":9223372036854775807,"n":1.0');
    answering(text);
    expect((await post(list)).text).toContain('"max":9223372036854775807,"n":1.0');
  });

  test('of which nothing has to be taken comes as it was', async () => {
    const text = ' {"id":1, "result":{"tools":[{"name":"echo"}]}}';
    answering(text);
    expect((await post(list)).text).toBe(text);
  });

  test.each([
    ['is no JSON', '{"result":', 'application/json'],
    ['is typed otherwise', JSON.stringify(result), 'text/plain'],
    ['is not typed', JSON.stringify(result), ''],
  ])('that %s is none', async (_name, text, type) => {
    answering(text, type);
    expect(codeOf(await post(list))).toBe('502 upstream_invalid');
  });

  test('that is a failure comes back', async () => {
    answering('not today', 'text/plain', 503);
    expect((await post(list)).text).toBe('not today');
  });

  test.each(['\n', '\r\n', '\r'])('as an event stream, with lines that end in %j', async (end) => {
    const events = [
      ': hello',
      '',
      'event: message',
      'id: 7',
      `data: ${JSON.stringify(result)}`,
      '',
      `data: ${JSON.stringify({ method: 'note' })}`,
      '',
      '',
    ].join(end);
    answering(events, 'text/event-stream');
    const { text } = await post(list);
    expect(dataOf(text)).toEqual([trimmed, { method: 'note' }]);
    expect(text).toContain(`: hello${end}${end}`);
    expect(text).toContain('event: message');
    expect(text).toContain('id: 7');
    expect(text).not.toContain('hidden');
  });

  test('as an event in several lines and pieces', async () => {
    const lines = JSON.stringify(result, undefined, 1)
      .split('\n')
      .map((line) => `data:${line}`)
      .join('\r\n');
    const bytes = Buffer.from(`${lines}\r\n\r\n`);
    upstream.answer = (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let at = 0;
      const more = (): void => {
        if (at >= bytes.length) return void response.end();
        response.write(bytes.subarray(at, (at += 7)), () => setImmediate(more));
      };
      more();
    };
    expect(dataOf((await post(list)).text)).toEqual([trimmed]);
  });

  test('that comes later, on a stream of its own', async () => {
    answering(`data: ${JSON.stringify(result)}\n\n`, 'text/event-stream');
    expect(dataOf((await call(`${url}/mcp`, { token })).text)).toEqual([trimmed]);
  });

  test('without its end', async () => {
    answering(`data: ${JSON.stringify(result)}`, 'text/event-stream');
    expect(dataOf((await post(list)).text)).toEqual([trimmed]);
  });
});

describe('metadata', () => {
  test('is of each server', async () => {
    const { text } = await call(`${url}/.well-known/oauth-protected-resource/guarded`);
    expect(JSON.parse(text)).toEqual({
      resource: `${publicUrl}/guarded`,
      authorization_servers: [issuer],
      scopes_supported: ['team:tools', 'mcp:call'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519'],
    });
  });

  test('is what a stranger is told of', async () => {
    const answer = await call(`${url}/mcp`, { method: 'POST', body: '{}' });
    expect(codeOf(answer)).toBe('401 token_missing');
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${publicUrl}/.well-known/oauth-protected-resource/mcp"`,
    );
  });
});
