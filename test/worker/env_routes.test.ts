// ROUTES: what is accepted, and every mistake stopped with its row and member

import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../worker/env.ts';
import { ownSegments } from '../../worker/env_route_schema.ts';
import { ConfigError } from '../../worker/env_values.ts';
import { createStart } from '../../worker/gateway/start.ts';

const withKeys = { KEY_ENCRYPTION_KEY: '5_mfFL0WcLLOsvkHRULyLpMT1_SNYuBvCSm3kOOHr6k' };
const elsewhere = {
  TRUSTED_ISSUERS: JSON.stringify([
    { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/k', audience: 'theirs' },
  ]),
};
const variables = (routes: unknown, more: object = withKeys): Record<string, unknown> => ({
  ISSUER: 'https://gate.example',
  ROUTES: typeof routes === 'string' ? routes : JSON.stringify(routes),
  ...more,
});
const row = { prefix: '/tools', upstream: 'https://tools.example/api', scopes: ['tool:exec'] };

function faultOf(routes: unknown, more?: object): string {
  try {
    readConfig(variables(routes, more));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no fault';
}

describe('ROUTES', () => {
  test('has defaults', () => {
    expect(readConfig(variables([row])).routes).toEqual([
      {
        prefix: '/tools',
        origin: 'https://tools.example',
        base: '/api',
        service: undefined,
        methods: ['GET'],
        scopes: ['tool:exec'],
        tiers: undefined,
        dpop: 'optional',
        timeout: 30,
        idleTimeout: 60,
        maxRequestBytes: 10_485_760,
        maxResponseBytes: 104_857_600,
        audience: undefined,
        trusted: false,
        mcp: false,
      },
    ]);
    const [mcp] = readConfig(
      variables([{ prefix: '/m', upstream: 'https://m', mcp: true }]),
    ).routes;
    expect(mcp).toMatchObject({
      base: '',
      methods: ['GET', 'POST', 'DELETE'],
      scopes: [],
      audience: 'https://gate.example/m',
      maxRequestBytes: 1_048_576,
      maxResponseBytes: 10_485_760,
    });
  });

  test('takes everything that can be given', () => {
    const given = {
      prefix: '/a-b/C_d/e.f',
      upstream: 'http://127.0.0.1:3000/x/y/',
      service: 'TOOLS',
      methods: ['PUT', 'PATCH'],
      scopes: [],
      tiers: ['power'],
      dpop: 'required',
      timeout: 300,
      idle_timeout: 1,
      max_request_bytes: 0,
      max_response_bytes: 1,
      audience: 'https://tools.example',
      trusted: true,
    };
    expect(readConfig(variables([given])).routes[0]).toMatchObject({
      origin: 'http://127.0.0.1:3000',
      base: '/x/y',
      audience: 'https://tools.example',
      maxRequestBytes: 0,
    });
    expect(readConfig(variables([row, { ...row, prefix: '/tools2' }])).routes).toHaveLength(2);
    expect(readConfig(variables([])).routes).toEqual([]);
    // As wrangler's file has it
    expect(readConfig({ ...variables([]), ROUTES: [row] }).routes).toHaveLength(1);
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '[', 'ROUTES must be JSON without duplicate names'],
    ['a name twice', '[{"prefix":"/a","prefix":"/b"}]', 'ROUTES must be JSON without duplicate'],
    ['nothing', '', 'ROUTES must not be empty'],
    ['no list', {}, 'ROUTES must be a JSON array'],
    ['a row that is none', [1], 'ROUTES[0] '],
    ['an unknown member', [{ ...row, timeouts: 1 }], 'ROUTES[0].timeouts is not a member'],
    ['no prefix', [{ ...row, prefix: undefined }], 'ROUTES[0].prefix is required'],
    ['no upstream', [row, { prefix: '/b' }], 'ROUTES[1].upstream is required'],
    ['no scopes', [{ ...row, scopes: undefined }], 'ROUTES[0].scopes is required'],
    ['the same prefix', [row, row], 'ROUTES[1].prefix overlaps that of row 0'],
    ['a prefix in another', [row, { ...row, prefix: '/tools/x' }], 'ROUTES[1].prefix overlaps'],
    ['a prefix around another', [{ ...row, prefix: '/tools/x' }, row], 'ROUTES[1].prefix overlaps'],
    ['the gateway itself', [{ ...row, upstream: 'https://gate.example/x' }], 'ROUTES[0].upstream'],
    ['a tier of nobody', [{ ...row, tiers: ['slow'] }], 'ROUTES[0].tiers must hold tiers of TIERS'],
    ['PUT to MCP', [{ ...row, mcp: true, methods: ['PUT'] }], 'ROUTES[0].methods must be GET'],
  ])('refuses %s', (_name, routes, fault) => {
    expect(faultOf(routes)).toContain(fault);
  });

  test.each([
    '/',
    '',
    'tools',
    '/tools/',
    '//tools',
    '/tools//x',
    '/tools/*',
    '/tools/:id',
    '/a/../b',
    '/a/.',
    '/.hidden',
    '/tools.',
    '/t%6fols',
    '/t;x',
    '/t?x',
    '/té',
    '/bus',
    '/bus/x',
    '/BUS',
    '/Admin/x',
    '/.well-known/x',
    '/token',
    '/dashboard',
    `/${'a'.repeat(256)}`,
    1,
  ])('refuses the prefix %j', (prefix) => {
    expect(faultOf([{ ...row, prefix }])).toMatch(/^ROUTES\[0\]\.prefix /);
  });

  test.each([
    'tools.example',
    'http://tools.example',
    'ftp://tools.example',
    'https://user@tools.example',
    'https://tools.example/#x',
    'https://tools.example/?x',
    'https://TOOLS.example/',
    'https://tools.example:443/',
    'https://tools.example/a/../b',
    'https://tools.example/a//b',
    'https://tools.example/%61',
    'https://tools.example/a;b',
    String.raw`https://tools.example\a`,
    'http://127.1/',
    ' https://tools.example',
    'https://',
    null,
  ])('refuses the upstream %j', (upstream) => {
    expect(faultOf([{ ...row, upstream }])).toMatch(/^ROUTES\[0\]\.upstream /);
  });

  test.each<[string, unknown]>([
    ['service', 'a-b'],
    ['methods', []],
    ['methods', ['HEAD']],
    ['methods', ['GET', 'GET']],
    ['methods', 'GET'],
    ['scopes', ['*']],
    ['scopes', ['a:b', 'a:b']],
    ['tiers', []],
    ['dpop', 'always'],
    ['timeout', 0],
    ['timeout', 301],
    ['timeout', '30'],
    ['timeout', 1.5],
    ['idle_timeout', 601],
    ['max_request_bytes', -1],
    ['max_response_bytes', 0],
    ['audience', '*'],
    ['audience', ''],
    ['audience', 'a b'],
    ['trusted', 'yes'],
    ['mcp', 1],
  ])('refuses %s: %j', (member, value) => {
    expect(faultOf([{ ...row, [member]: value }])).toMatch(`ROUTES[0].${member}`);
  });

  test('needs keys for trusted services', () => {
    expect(faultOf([{ ...row, trusted: true }], elsewhere)).toContain(
      'ROUTES[0].trusted needs KEY_ENCRYPTION_KEY',
    );
  });
});

describe('TRUST_DOMAIN', () => {
  const trusted = [{ ...row, trusted: true }];

  test('is the host of PUBLIC_URL, or what it is said to be', () => {
    expect(readConfig(variables(trusted)).trustDomain).toBe('gate.example');
    const given = { ...withKeys, TRUST_DOMAIN: 'swarm.example' };
    expect(readConfig(variables(trusted, given)).trustDomain).toBe('swarm.example');
  });

  test.each<[string, object]>([
    ['of the bus', { AUDIENCE: 'same', TRUST_DOMAIN: 'same' }],
    ['of the bus, by default', { AUDIENCE: 'gate.example' }],
    ['of the gateway', { TRUST_DOMAIN: 'https://gate.example' }],
    ['of another issuer', { ...elsewhere, TRUST_DOMAIN: 'theirs' }],
    ['of a route', { TRUST_DOMAIN: 'apart' }],
  ])('is never an audience %s', (_name, more) => {
    const routes = [...trusted, { ...row, prefix: '/apart', audience: 'apart' }];
    expect(faultOf(routes, { ...withKeys, ...more })).toBe(
      'TRUST_DOMAIN must not be an audience of tokens',
    );
  });
});

describe('a gateway', () => {
  test('has no route of its own that a prefix could cover', async () => {
    const started = await createStart({})(env);
    const segments = (started?.routes ?? []).map(({ path }) => path.split('/')[1] ?? '');
    expect(segments.length).toBeGreaterThan(20);
    expect(segments.filter((segment) => !ownSegments.has(segment))).toEqual([]);
  });

  test('needs the services that it names', async () => {
    const routes = JSON.stringify([{ ...row, service: 'NOWHERE' }]);
    expect(await createStart({})({ ...env, ROUTES: routes })).toBeUndefined();
  });
});
