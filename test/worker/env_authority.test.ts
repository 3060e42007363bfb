// The authority's variables: on and off, defaults, and every mistake stopped without its value

import { describe, expect, test } from 'vitest';
import { readBindings, readConfig } from '../../worker/env.ts';
import { ConfigError } from '../../worker/env_values.ts';
import { makeKey } from '../support/tokens.ts';

const one = 'nW2vQGx3kqZr0fTz1LJmYdX5cB8hS7aPuoE6iRgVtKw';
const two = '5_mfFL0WcLLOsvkHRULyLpMT1_SNYuBvCSm3kOOHr6k';
const { publicJwk } = await makeKey();

const variables = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  ISSUER: 'https://gate.example',
  KEY_ENCRYPTION_KEY: one,
  ...changes,
});

function faultOf(env: Record<string, unknown>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no fault';
}

describe('readConfig() with an authority', () => {
  test('needs nothing but its key, and fills in the rest', () => {
    const { authority, trustedIssuers } = readConfig(variables());
    expect(trustedIssuers).toEqual([]);
    expect(authority).toEqual({
      sealingKeys: [one],
      tokenLifetime: 900,
      rotation: { activeFor: 2_592_000, publishFor: 86_400, retireFor: 1020, keepFor: 7_776_000 },
      dpopTiers: new Set(),
      dpopNonce: 'optional',
      operatorJwk: undefined,
    });
  });

  test('takes several sealing keys, the first one seals', () => {
    const { authority } = readConfig(variables({ KEY_ENCRYPTION_KEY: `${one}, ${two}` }));
    expect(authority?.sealingKeys).toEqual([one, two]);
  });

  test('takes everything that can be given', () => {
    const { authority } = readConfig(
      variables({
        TOKEN_SECONDS: '60',
        KEY_ACTIVE_SECONDS: '600',
        KEY_PUBLISH_SECONDS: '300',
        KEY_RETIRE_SECONDS: '70',
        KEY_KEEP_SECONDS: '10',
        DPOP_TIERS: 'power',
        DPOP_NONCE: 'required',
        OPERATOR_JWK: JSON.stringify(publicJwk),
      }),
    );
    expect(authority).toMatchObject({
      tokenLifetime: 60,
      rotation: { activeFor: 600, publishFor: 300, retireFor: 70, keepFor: 10 },
      dpopTiers: new Set(['power']),
      dpopNonce: 'required',
      operatorJwk: publicJwk,
    });
  });

  const key = (KEY_ENCRYPTION_KEY: unknown) => variables({ KEY_ENCRYPTION_KEY });
  test.each<[string, Record<string, unknown>, string]>([
    ['an empty key', key(''), 'KEY_ENCRYPTION_KEY must be base64url of 32 bytes'],
    ['a short key', key(one.slice(1)), 'KEY_ENCRYPTION_KEY must be base64url of 32 bytes'],
    ['a long key', key(`${one}A`), 'KEY_ENCRYPTION_KEY must be base64url of 32 bytes'],
    ['unused bits', key(`${one.slice(0, -1)}x`), 'KEY_ENCRYPTION_KEY must be base64url'],
    ['base64', key(`${one.slice(0, -2)}+w`), 'KEY_ENCRYPTION_KEY must be base64url'],
    ['a final comma', key(`${one},`), 'KEY_ENCRYPTION_KEY must be base64url'],
    ['zeros', key('A'.repeat(43)), 'KEY_ENCRYPTION_KEY must be random'],
    [
      'a pattern',
      key('abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabc'.slice(0, 42) + 'A'),
      'KEY_ENCRYPTION_KEY must be random',
    ],
    ['one key twice', key(`${one},${one}`), 'KEY_ENCRYPTION_KEY must not name a key twice'],
    ['no text', key(1), 'KEY_ENCRYPTION_KEY must be text'],
    ['a lifetime of 0', variables({ TOKEN_SECONDS: '0' }), 'TOKEN_SECONDS must be whole seconds'],
    ['a lifetime below 0', variables({ TOKEN_SECONDS: '-1' }), 'TOKEN_SECONDS must be whole'],
    ['1e400', variables({ TOKEN_SECONDS: '1e400' }), 'TOKEN_SECONDS must be whole seconds'],
    ['two hours', variables({ TOKEN_SECONDS: '7200' }), 'TOKEN_SECONDS must be at most 3600'],
    [
      'keys that go before their tokens',
      variables({ KEY_RETIRE_SECONDS: '905' }),
      'KEY_RETIRE_SECONDS must be at least TOKEN_SECONDS and 10 more',
    ],
    [
      'keys that are published longer than they sign',
      variables({ KEY_ACTIVE_SECONDS: '600', KEY_PUBLISH_SECONDS: '601' }),
      'KEY_PUBLISH_SECONDS must be at most KEY_ACTIVE_SECONDS',
    ],
    ['a tier', variables({ DPOP_TIERS: 'gold' }), 'DPOP_TIERS must hold tiers of TIERS'],
    ['a nonce policy', variables({ DPOP_NONCE: 'yes' }), 'DPOP_NONCE must be "optional"'],
    ['an operator that is no JSON', variables({ OPERATOR_JWK: '{' }), 'OPERATOR_JWK must be JSON'],
    [
      'an operator with a private key',
      variables({ OPERATOR_JWK: JSON.stringify({ ...publicJwk, d: 'x' }) }),
      'OPERATOR_JWK must be a public key',
    ],
    [
      'its own issuer among the others',
      variables({
        TRUSTED_ISSUERS: JSON.stringify([
          { issuer: 'https://gate.example', jwks: { keys: [publicJwk] } },
        ]),
      }),
      'TRUSTED_ISSUERS must not name ISSUER',
    ],
    ['neither', { ISSUER: 'https://gate.example' }, 'TRUSTED_ISSUERS is required, or KEY_ENC'],
  ])('refuses %s', (_name, env, fault) => {
    const message = faultOf(env);
    expect(message).toContain(fault);
    expect(message).not.toContain(one);
  });
});

test('readBindings() asks for the objects of an authority where there is one', () => {
  const namespace = { idFromName: () => undefined };
  const bound = Object.fromEntries(
    ['AGENT', 'CONNECTIONS', 'DIRECTORY', 'MAILBOX', 'OUTBOX', 'AUDIT_LOG'].map((name) => [
      name,
      namespace,
    ]),
  );
  expect(() => readBindings(bound)).not.toThrow();
  expect(() => readBindings(bound, readConfig(variables()))).toThrow(
    'KEY_RING must be bound to its Durable Object class',
  );
});
