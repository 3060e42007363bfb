// A real MCP server behind the gateway: the official SDK's own client discovers, authorizes and calls

import { PrivateKeyJwtProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { decodeJwt, exportPKCS8, exportJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthenticatedFetch, createTokenSource } from '../../src/client/index.ts';
import { importSigningKey } from '../../src/issue/index.ts';
import { registerAgent, startAuthority, type RunningAuthority } from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { startMcpServer, type RunningMcpServer } from '../support/mcp_server.ts';
import type { TestKey } from '../support/tokens.ts';

let streaming: RunningMcpServer;
let plain: RunningMcpServer;
let authority: RunningAuthority;
const keys = new Map<string, TestKey>();

const agents = {
  echoer: ['mcp:call:echo', 'bus:receive'],
  reader: ['mcp:call:read-*', 'mcp:call:echo'],
  master: ['mcp:call'],
  outsider: ['bus:receive'],
};

beforeAll(async () => {
  [streaming, plain] = await Promise.all([startMcpServer(), startMcpServer({ json: true })]);
  authority = await startAuthority({
    variables: {
      ROUTES: JSON.stringify([
        { prefix: '/mcp', upstream: streaming.url, mcp: true },
        { prefix: '/plain', upstream: plain.url, mcp: true },
      ]),
    },
  });
  for (const [id, scope] of Object.entries(agents)) {
    keys.set(id, await registerAgent(authority, id, { scope }));
  }
});
afterAll(() => Promise.all([authority.stop(), streaming.stop(), plain.stop()]));

interface Session {
  readonly client: Client;
  readonly provider: PrivateKeyJwtProvider;
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

/** Everything that a user of the SDK writes; the public name leads to the test's port, as DNS would. */
async function connect(id: string, path = '/mcp', scope?: string): Promise<Session> {
  const key = keys.get(id);
  if (key === undefined) throw new Error('There is no such agent');
  const asked: string[] = [];
  const provider = new PrivateKeyJwtProvider({
    clientId: id,
    privateKey: await exportPKCS8(key.privateKey),
    algorithm: 'ES256',
    expectedIssuer: publicUrl,
    ...(scope === undefined ? {} : { scope }),
  });
  const transport = new StreamableHTTPClientTransport(new URL(publicUrl + path), {
    authProvider: provider,
    fetch: async (input, init) => {
      const { href } = new URL(String(input));
      if (!href.startsWith(`${publicUrl}/`)) throw new Error('The client asked somebody else');
      asked.push(href.slice(publicUrl.length));
      return fetch(authority.url + href.slice(publicUrl.length), init);
    },
  });
  const client = new Client({ name: id, version: '1.0.0' });
  await client.connect(transport);
  return {
    client,
    provider,
    asked,
    async close() {
      await transport.terminateSession();
      await client.close();
    },
  };
}

const namesOf = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name);

describe.each(['/mcp', '/plain'])('a server at %s', (path) => {
  const server = (): RunningMcpServer => (path === '/mcp' ? streaming : plain);

  test('is found, authorized for and called', async () => {
    const { client, provider, asked, close } = await connect('echoer', path);
    expect(asked).toEqual(
      expect.arrayContaining([
        path,
        `/.well-known/oauth-protected-resource${path}`,
        '/.well-known/oauth-authorization-server',
        '/token',
      ]),
    );
    const claims = decodeJwt(provider.tokens()?.access_token ?? '');
    expect(claims).toMatchObject({ aud: publicUrl + path, sub: 'echoer' });
    server().calls.length = 0;
    const answer = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
    expect(answer.content).toEqual([{ type: 'text', text: 'hello' }]);
    expect(server().calls).toEqual([{ tool: 'echo', agent: 'echoer' }]);
    const before = server().ended;
    await close();
    expect(server().ended).toBe(before + 1);
    expect(server().headers).toContain('mcp-session-id');
    expect(server().headers).toContain('mcp-protocol-version');
    expect(server().headers).not.toContain('authorization');
  });

  test.each([
    ['echoer', ['echo']],
    ['reader', ['echo', 'read-file']],
    ['master', ['echo', 'add', 'secret', 'read-file']],
    ['outsider', []],
  ] as const)('shows %s the tools %j', async (id, expected) => {
    const { client, close } = await connect(id, path);
    expect(await namesOf(client)).toEqual(expected);
    await close();
  });

  test('is not called with a tool outside of the scope', async () => {
    const { client, close } = await connect('echoer', path);
    server().calls.length = 0;
    await expect(client.callTool({ name: 'secret', arguments: {} })).rejects.toThrow(/403/);
    expect(server().calls).toEqual([]);
    expect(
      (await client.callTool({ name: 'echo', arguments: { text: 'x' } })).content,
    ).toHaveLength(1);
    await close();
  });
});

// With client credentials it asks for the provider's own scope again, whatever the challenge says: a token
// of more scope takes a provider that asks for it
test('the SDK understands that a tool needs another scope, and asks for a token once more', async () => {
  const { client, asked, close } = await connect('reader', '/mcp', 'mcp:call:echo');
  expect(await namesOf(client)).toEqual(['echo']);
  streaming.calls.length = 0;
  const tokens = (): number => asked.filter((path) => path === '/token').length;
  const before = tokens();
  await expect(client.callTool({ name: 'read-file', arguments: {} })).rejects.toThrow('upscoping');
  expect(tokens()).toBe(before + 1);
  expect(streaming.calls).toEqual([]);
  await close();
  const wider = await connect('reader', '/mcp', 'mcp:call:echo mcp:call:read-file');
  const answer = await wider.client.callTool({ name: 'read-file', arguments: { text: 'up' } });
  expect(answer.content).toEqual([{ type: 'text', text: 'up' }]);
  await wider.close();
});

test('the SDK uses bound tokens, where it is given a fetch that proves them', async () => {
  const key = keys.get('echoer');
  if (key === undefined) throw new Error('There is no such agent');
  const schemes = new Set<string>();
  const send = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { href } = new URL(input instanceof Request ? input.url : input);
    schemes.add(new Headers(init?.headers).get('authorization')?.split(' ')[0] ?? 'none');
    return fetch(authority.url + href.slice(publicUrl.length), init);
  };
  const source = createTokenSource({
    issuer: publicUrl,
    clientId: 'echoer',
    key: await importSigningKey(await exportJWK(key.privateKey)),
    resource: `${publicUrl}/mcp`,
    fetch: send,
  });
  const transport = new StreamableHTTPClientTransport(new URL(`${publicUrl}/mcp`), {
    fetch: createAuthenticatedFetch({ source, origins: [publicUrl], fetch: send }),
  });
  const client = new Client({ name: 'echoer', version: '1.0.0' });
  await client.connect(transport);
  expect(await namesOf(client)).toEqual(['echo']);
  expect([...schemes].sort()).toEqual(['DPoP', 'none']);
  await transport.terminateSession();
  await client.close();
  await source.close();
});
