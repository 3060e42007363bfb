// The configuration: what is accepted, and every mistake stopped with the variable's name

import { describe, expect, test } from 'vitest';
import { readBindings, readConfig } from '../../worker/env.ts';
import { ConfigError } from '../../worker/env_values.ts';
import { createTokenCheck } from '../../worker/gateway/verify.ts';
import { makeKey } from '../support/tokens.ts';

const { publicJwk } = await makeKey();
const { publicJwk: otherJwk } = await makeKey();
const jwks = { keys: [publicJwk] };
const entry = { issuer: 'https://issuer.example', jwks };

const variables = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  ISSUER: 'https://gate.example',
  TRUSTED_ISSUERS: JSON.stringify([entry]),
  ...changes,
});
const issuers = (...entries: unknown[]): Record<string, unknown> =>
  variables({ TRUSTED_ISSUERS: JSON.stringify(entries) });

function faultOf(env: Record<string, unknown>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no fault';
}

describe('readConfig()', () => {
  test('fills in the defaults', () => {
    expect(readConfig(variables())).toEqual({
      issuer: 'https://gate.example',
      publicUrl: 'https://gate.example',
      audience: 'swarm-bus',
      trustedIssuers: [
        {
          issuer: 'https://issuer.example',
          audience: ['swarm-bus'],
          profile: 'at+jwt',
          algorithms: undefined,
          keys: { jwks: [publicJwk] },
        },
      ],
      allowedOrigins: new Set(),
      bus: { kind: 'durable' },
      tiers: undefined,
      admission: {
        quotas: new Map([
          ['fast', 1200],
          ['power', 6000],
        ]),
        proofTiers: new Set(),
        proofScopes: [],
        nonce: 'optional',
        nonceSecrets: [],
      },
      routes: [],
      trustDomain: 'gate.example',
      audit: {
        mode: 'best-effort',
        shards: 4,
        keepFor: 30 * 86_400,
        keepBytes: 1_000_000_000,
        signingKey: undefined,
        metricsToken: undefined,
      },
    });
  });

  test('takes everything that can be given', () => {
    const config = readConfig({
      ISSUER: 'http://127.0.0.1:8787',
      PUBLIC_URL: 'https://bus.example:8443',
      AUDIENCE: 'https://bus.example/',
      TRUSTED_ISSUERS: JSON.stringify([
        { issuer: 'yamtam-engine', profile: 'engine', jwks, audience: ['a', 'b'] },
        {
          ...entry,
          jwks: undefined,
          jwks_uri: 'https://issuer.example/k',
          algorithms: ['Ed25519'],
        },
      ]),
      ALLOWED_ORIGINS: 'https://app.example, http://localhost:5173',
      BUS: 'durable',
      TIERS: 'slow,fast, power',
    });
    expect(config.publicUrl).toBe('https://bus.example:8443');
    expect(config.trustedIssuers.map(({ audience }) => audience)).toEqual([
      ['a', 'b'],
      ['https://bus.example/'],
    ]);
    expect(config.trustedIssuers[1]?.keys).toEqual({ uri: 'https://issuer.example/k' });
    expect([...config.allowedOrigins]).toEqual(['https://app.example', 'http://localhost:5173']);
    expect(config.tiers).toEqual(['slow', 'fast', 'power']);
  });

  const without = (name: string): Record<string, unknown> => {
    const { [name]: _left, ...rest } = variables();
    return rest;
  };

  test.each([
    ['ISSUER missing', without('ISSUER'), 'ISSUER is required'],
    ['TRUSTED_ISSUERS missing', without('TRUSTED_ISSUERS'), 'TRUSTED_ISSUERS is required'],
    [
      'TRUSTED_ISSUERS no JSON',
      variables({ TRUSTED_ISSUERS: '[' }),
      'TRUSTED_ISSUERS must be JSON',
    ],
    [
      'TRUSTED_ISSUERS with a duplicate name',
      variables({ TRUSTED_ISSUERS: '[{"issuer":"a","issuer":"b"}]' }),
      'TRUSTED_ISSUERS must be JSON',
    ],
    ['TRUSTED_ISSUERS no list', variables({ TRUSTED_ISSUERS: '{}' }), 'TRUSTED_ISSUERS must be'],
    ['TRUSTED_ISSUERS empty', issuers(), 'TRUSTED_ISSUERS must hold at least one issuer'],
    [
      'a typo',
      issuers({ ...entry, audiense: 'a' }),
      'TRUSTED_ISSUERS[0].audiense is not an option',
    ],
    ['an empty issuer', issuers({ ...entry, issuer: '' }), 'TRUSTED_ISSUERS[0].issuer must be'],
    ['no issuer', issuers({ jwks }), 'TRUSTED_ISSUERS[0].issuer'],
    ['any audience', issuers({ ...entry, audience: '*' }), 'TRUSTED_ISSUERS[0].audience must be'],
    [
      'an empty audience',
      issuers({ ...entry, audience: '' }),
      'TRUSTED_ISSUERS[0].audience must be',
    ],
    [
      'no audience',
      issuers({ ...entry, audience: [] }),
      'TRUSTED_ISSUERS[0].audience must not be empty',
    ],
    ['no algorithm', issuers({ ...entry, algorithms: [] }), 'TRUSTED_ISSUERS[0].algorithms must'],
    ['none', issuers({ ...entry, algorithms: ['none'] }), 'TRUSTED_ISSUERS[0].algorithms[0] must'],
    [
      'HS256',
      issuers({ ...entry, algorithms: ['HS256'] }),
      'TRUSTED_ISSUERS[0].algorithms[0] must',
    ],
    ['a profile', issuers({ ...entry, profile: 'jwt' }), 'TRUSTED_ISSUERS[0].profile must be'],
    ['no keys', issuers({ issuer: 'a' }), 'TRUSTED_ISSUERS[0] must have exactly one of'],
    [
      'keys twice',
      issuers({ ...entry, jwks_uri: 'https://issuer.example/k' }),
      'TRUSTED_ISSUERS[0] must have exactly one of',
    ],
    [
      'an empty set',
      issuers({ ...entry, jwks: { keys: [] } }),
      'TRUSTED_ISSUERS[0].jwks.keys must',
    ],
    [
      'a symmetric key',
      issuers({ ...entry, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }),
      'TRUSTED_ISSUERS[0].jwks.keys[0].kty must be',
    ],
    [
      'a private key',
      issuers({ ...entry, jwks: { keys: [{ ...publicJwk, d: 'AAAA' }] } }),
      'TRUSTED_ISSUERS[0].jwks.keys[0] must be a public key',
    ],
    [
      'a key address over http',
      issuers({ issuer: 'a', jwks_uri: 'http://issuer.example/k' }),
      'TRUSTED_ISSUERS[0].jwks_uri must be an https URL',
    ],
    [
      'a key address with a password',
      issuers({ issuer: 'a', jwks_uri: 'https://u:p@issuer.example/k' }),
      'TRUSTED_ISSUERS[0].jwks_uri must be an https URL',
    ],
    [
      'one issuer twice',
      issuers(entry, { ...entry, jwks: { keys: [otherJwk] } }),
      'TRUSTED_ISSUERS[1] names the issuer of entry 0 again',
    ],
    [
      'one key under two profiles',
      issuers(entry, { issuer: 'yamtam-engine', profile: 'engine', jwks }),
      'TRUSTED_ISSUERS[1] has a key of entry 0 again',
    ],
    [
      'one key address under two issuers',
      issuers(
        { issuer: 'a', jwks_uri: 'https://issuer.example/k' },
        { issuer: 'b', jwks_uri: 'https://ISSUER.example/k' },
      ),
      'TRUSTED_ISSUERS[1] has a key of entry 0 again',
    ],
    ['an empty AUDIENCE', variables({ AUDIENCE: '' }), 'AUDIENCE must not be empty'],
    ['AUDIENCE *', variables({ AUDIENCE: '*' }), 'AUDIENCE must be one exact audience'],
    ['AUDIENCE with a space', variables({ AUDIENCE: 'a b' }), 'AUDIENCE must be printable'],
    ['origin *', variables({ ALLOWED_ORIGINS: '*' }), 'ALLOWED_ORIGINS must hold exact'],
    [
      'an origin with *',
      variables({ ALLOWED_ORIGINS: 'https://*.example' }),
      'ALLOWED_ORIGINS must hold exact',
    ],
    ['origin null', variables({ ALLOWED_ORIGINS: 'null' }), 'ALLOWED_ORIGINS must hold exact'],
    [
      'an origin with a slash',
      variables({ ALLOWED_ORIGINS: 'https://app.example/' }),
      'ALLOWED_ORIGINS must hold exact',
    ],
    [
      'an origin over http',
      variables({ ALLOWED_ORIGINS: 'http://app.example' }),
      'ALLOWED_ORIGINS must hold exact',
    ],
    ['BUS', variables({ BUS: 'redis' }), 'BUS must be "durable", "http" or "nats"'],
    ['BUS empty', variables({ BUS: '' }), 'BUS must be "durable", "http" or "nats"'],
    ['TIERS empty', variables({ TIERS: '' }), 'TIERS must name at least one tier'],
    ['a tier twice', variables({ TIERS: 'fast,fast' }), 'TIERS must not name anything twice'],
    ['a tier in capitals', variables({ TIERS: 'Fast' }), 'TIERS must hold tiers'],
  ])('refuses %s', (_name, env, fault) => {
    expect(faultOf(env)).toContain(fault);
  });

  test.each(['ISSUER', 'PUBLIC_URL'])('takes as %s a secure origin and nothing more', (name) => {
    const good = [
      'https://a.example',
      'https://a.example:8443',
      'http://localhost:1',
      'http://[::1]:9',
    ];
    const bad = [
      '',
      'a.example',
      'https://a.example/',
      'https://a.example/x',
      'https://a.example?x',
      'https://a.example#x',
      'https://A.example',
      'https://a.example:443',
      'https://u@a.example',
      'http://a.example',
      'http://127.0.0.1.example',
      'ftp://a.example',
      ' https://a.example',
    ];
    for (const value of good) expect(faultOf(variables({ [name]: value }))).toBe('no fault');
    for (const value of bad)
      expect(faultOf(variables({ [name]: value }))).toContain(`${name} must`);
  });

  test('never repeats a value', () => {
    const secret = 'hunter2hunter2';
    for (const name of ['ISSUER', 'PUBLIC_URL', 'TRUSTED_ISSUERS', 'ALLOWED_ORIGINS', 'BUS']) {
      expect(faultOf(variables({ [name]: secret }))).not.toContain(secret);
    }
  });
});

describe('createTokenCheck()', () => {
  const refused = (env: Record<string, unknown>): Promise<unknown> =>
    createTokenCheck(readConfig(env)).then(
      () => 'no fault',
      (error: unknown) => error,
    );

  test('refuses a key that cannot verify, and names its entry', async () => {
    const weak = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' };
    const fault = await refused(issuers({ issuer: 'a', jwks: { keys: [weak] } }));
    expect(fault).toBeInstanceOf(ConfigError);
    expect(String(fault)).toContain('TRUSTED_ISSUERS[0] has keys that cannot be used');
  });

  test('takes keys that are published and fetches nothing yet', async () => {
    const env = issuers({ issuer: 'a', jwks_uri: 'https://issuer.example/k' });
    expect(await refused(env)).toBe('no fault');
  });
});

describe('readBindings()', () => {
  test('names the object that is not bound', () => {
    expect(() => readBindings({ AGENT: {} })).toThrow('AGENT must be bound');
  });
});
