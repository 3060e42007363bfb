// localKeys: verification keys that are given in configuration.

import type { JWK } from 'jose';
import { isSigningAlgorithm, type SigningAlgorithm } from './algorithms.ts';
import { keyFault } from './faults.ts';
import { copyMembers, isSecret } from './jwk_members.ts';
import type { KeySource } from './key_source.ts';
import { checkPublicJwk, importVerificationKeys, type CheckedJwk } from './public_jwk.ts';
import { indexKeys, selectKey, type PublishedKey } from './select.ts';
import { unknownAlgorithm } from './signing_key.ts';

/**
 * Makes a key source of public keys that are known beforehand.
 *
 * A key without a `kid` is found by its RFC 7638 thumbprint, which is the kid that this library's
 * issuer writes. An RSA key that names no `alg` verifies RS256 and PS256. Certificates (`x5c`,
 * `x5u`) in a JWK are ignored. Does not refresh: a key in here is trusted until the process ends.
 *
 * @param keys A public JWK, a JWK set (RFC 7517), or one SPKI PEM (RFC 7468).
 * @param alg The one algorithm that the keys are for. Default: what each names or its curve implies.
 * @returns the key source.
 * @throws TypeError for everything that is wrong with a key: private, symmetric, weak, malformed,
 * for encryption, of an unknown type, or two under one kid.
 * @example
 * ```ts
 * import { generateSigningKey, localKeys } from 'swarmgate';
 *
 * const { kid, publicJwk } = await generateSigningKey();
 * const keys = await localKeys({ keys: [publicJwk] });
 * const found = await keys.find({ alg: 'ES256', kid });
 * if (found.thumbprint !== kid) throw new Error('unexpected');
 * ```
 * @see RFC 7517 section 5, RFC 7638
 */
export async function localKeys(
  keys: JWK | { readonly keys: readonly JWK[] } | string,
  alg?: SigningAlgorithm,
): Promise<KeySource> {
  if (alg !== undefined && !isSigningAlgorithm(alg)) throw new TypeError(unknownAlgorithm);
  const jwks = typeof keys === 'string' ? [await readPem(keys)] : listOf(keys);
  const single = jwks.length === 1;
  const checked = jwks.map((jwk, at) => check(jwk, alg, single ? undefined : at));
  const published: PublishedKey[] = await Promise.all(
    checked.map(async (jwk, at) => {
      const imported = await importVerificationKeys(jwk);
      if (typeof imported === 'string') throw keyFault(imported, single ? undefined : at);
      return { kid: jwk.kid ?? imported[0]?.thumbprint ?? '', keys: imported };
    }),
  );
  if (new Set(published.map(({ kid }) => kid)).size !== published.length) {
    throw new TypeError('Two keys of the set have the same "kid"');
  }
  const index = indexKeys(published);
  const thumbprints = new Set(
    published.flatMap(({ keys: list }) => list.map(({ thumbprint }) => thumbprint)),
  );
  return Object.freeze({
    thumbprints,
    find: (query) => selectKey(index, query),
  } satisfies KeySource);
}

async function readPem(pem: string): Promise<JWK> {
  const { jwkFromPem } = await import('./pem.ts');
  return jwkFromPem(pem, 'PUBLIC KEY');
}

function listOf(keys: JWK | { readonly keys: readonly JWK[] }): readonly unknown[] {
  const copy = copyMembers(keys);
  if (copy === undefined) {
    throw new TypeError('The keys must be a public JWK, a JWK set or an SPKI PEM');
  }
  if (!('keys' in copy)) return [keys];
  const list = copy['keys'];
  if (!Array.isArray(list) || list.length === 0) {
    throw new TypeError('The JWK set must have at least one key in "keys"');
  }
  return list;
}

function check(
  jwk: unknown,
  alg: SigningAlgorithm | undefined,
  at: number | undefined,
): CheckedJwk {
  const copy = copyMembers(jwk);
  if (copy?.['kty'] === 'oct') {
    throw new TypeError('A symmetric key cannot verify tokens: whoever verifies could sign too');
  }
  if (copy !== undefined && isSecret(copy)) throw keyFault('secret', at);
  const checked = checkPublicJwk(jwk, alg);
  if (typeof checked === 'string') throw keyFault(checked, at);
  return checked;
}
