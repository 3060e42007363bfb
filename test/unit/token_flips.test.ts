// A good token, changed at random: it never verifies unless it is the very same text

import { assert, asyncProperty, constantFrom, integer, string, tuple } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createDpopProof,
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
  TokenError,
  type SigningAlgorithm,
  type Verifier,
} from '../../src/index.ts';

const algorithms: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'PS256', 'Ed25519'];
const made = new Map<SigningAlgorithm, { token: string; verifier: Verifier }>();

beforeAll(async () => {
  for (const alg of algorithms) {
    const key = await generateSigningKey(alg);
    const token = await createIssuer({ key }).issueAgentToken({
      sub: 'planner',
      tier: 'fast',
      scope: ['bus:publish'],
    });
    const keys = await localKeys(key.publicJwk);
    made.set(alg, { token, verifier: createVerifier({ keys, algorithms: [alg] }) });
  }
});

function good(alg: SigningAlgorithm): { token: string; verifier: Verifier } {
  const found = made.get(alg);
  if (found === undefined) throw new Error('no token was made');
  return found;
}

/** Accepted, refused with a code, or (never) another error. */
async function verdict(verifier: Verifier, token: string): Promise<string> {
  const result = await verifier.checkAgentToken(token);
  if (result.ok) return 'accepted';
  expect(result.error).toBeInstanceOf(TokenError);
  return result.error.code;
}

const place = integer({ min: 0, max: 5000 });
const alg = constantFrom(...algorithms);

describe('verifyAgentToken()', () => {
  test('rejects a token with one character changed', async () => {
    const law = asyncProperty(
      tuple(alg, place, string({ minLength: 1, maxLength: 1 })),
      async ([name, at, character]) => {
        const { token, verifier } = good(name);
        const index = at % token.length;
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        const outcome = await verdict(verifier, changed);
        expect(outcome === 'accepted').toBe(changed === token);
      },
    );
    await assert(law, { numRuns: 2000 });
  });

  test('rejects a token with one bit of its bytes flipped', async () => {
    const law = asyncProperty(
      tuple(alg, place, integer({ min: 0, max: 7 })),
      async ([name, at, bit]) => {
        const { token, verifier } = good(name);
        const segments = token.split('.').map((segment) => Buffer.from(segment, 'base64url'));
        let index = at % segments.reduce((sum, { length }) => sum + length, 0);
        for (const segment of segments) {
          if (index >= 0 && index < segment.length)
            segment[index] = (segment[index] ?? 0) ^ (1 << bit);
          index -= segment.length;
        }
        const changed = segments.map((segment) => segment.toString('base64url')).join('.');
        expect(changed).not.toBe(token);
        expect(await verdict(verifier, changed)).not.toBe('accepted');
      },
    );
    await assert(law, { numRuns: 2000 });
  });

  test('rejects a token with a piece cut out or put in', async () => {
    const law = asyncProperty(
      tuple(alg, place, integer({ min: 0, max: 20 }), string()),
      async (parts) => {
        const [name, at, length, inserted] = parts;
        const { token, verifier } = good(name);
        const index = at % (token.length + 1);
        const changed = token.slice(0, index) + inserted + token.slice(index + length);
        expect((await verdict(verifier, changed)) === 'accepted').toBe(changed === token);
      },
    );
    await assert(law, { numRuns: 2000 });
  });

  test('rejects any text that is not a token, with a code', async () => {
    const law = asyncProperty(string({ maxLength: 300 }), async (text) => {
      const { token, verifier } = good('ES256');
      expect(await verdict(verifier, text)).toBe('token_malformed');
      const [header, payload] = token.split('.');
      expect(await verdict(verifier, `${header}.${payload}.${text}`)).not.toBe('accepted');
    });
    await assert(law, { numRuns: 1000 });
  });

  test('rejects a bound token whose proof has one character changed', async () => {
    const key = await generateSigningKey();
    const issuer = createIssuer({ key });
    const cnf = { jkt: key.kid };
    const token = await issuer.issueAgentToken({ sub: 'a', tier: 'fast', scope: [], cnf });
    const request = { method: 'GET', url: 'https://bus.example/whoami' };
    const proof = await createDpopProof({ key, ...request, token });
    const verifier = createVerifier({ keys: await localKeys(key.publicJwk), replay: null });
    const law = asyncProperty(
      tuple(place, string({ minLength: 1, maxLength: 1 })),
      async ([at, character]) => {
        const index = at % proof.length;
        const changed = proof.slice(0, index) + character + proof.slice(index + 1);
        const result = await verifier.checkAgentToken(token, { ...request, proof: changed });
        expect(result.ok).toBe(changed === proof);
      },
    );
    await assert(law, { numRuns: 1000 });
  });
});
