// localKeys: verification keys that are given in configuration.

import type { JWK } from 'jose';
import { isSigningAlgorithm, type SigningAlgorithm } from './algorithms.ts';
import type { KeysFault } from './faults.ts';
import { copyMembers, type JwkFault } from './jwk.ts';
import type { KeySource } from './key_source.ts';
import { keyParts } from './on_demand.ts';
import { checkAnyJwk, importVerificationKeys } from './public_jwk.ts';
import { indexKeys, selectKey, type PublishedKey } from './select.ts';

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
 * for encryption, of an unknown type, or two under one kid. TokenError `key_unavailable` where what
 * reads PEM and other keys than P-256, or says what is wrong with one, cannot be loaded.
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
  if (alg !== undefined && !isSigningAlgorithm(alg)) return refuse('alg_unknown');
  const jwks = typeof keys === 'string' ? [await readPem(keys)] : listOf(keys);
  if (typeof jwks === 'string') return refuse(jwks);
  const published: PublishedKey[] = [];
  for (const [at, key] of (await Promise.all(jwks.map((jwk) => publish(jwk, alg)))).entries()) {
    if (typeof key === 'string') return refuse(key, jwks.length === 1 ? undefined : at);
    published.push(key);
  }
  if (new Set(published.map(({ kid }) => kid)).size !== published.length) {
    return refuse('kid_twice');
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
  const { jwkFromPem } = await keyParts();
  return jwkFromPem(pem, 'PUBLIC KEY');
}

function listOf(keys: unknown): readonly unknown[] | KeysFault {
  const copy = copyMembers(keys);
  if (copy === undefined) return 'none';
  if (!('keys' in copy)) return [keys];
  const list = copy['keys'];
  return Array.isArray(list) && list.length > 0 ? list : 'no_list';
}

async function publish(
  jwk: unknown,
  alg: SigningAlgorithm | undefined,
): Promise<PublishedKey | JwkFault> {
  const checked = await checkAnyJwk(jwk, alg);
  if (typeof checked === 'string') return checked;
  const keys = await importVerificationKeys(checked);
  if (typeof keys === 'string') return keys;
  return { kid: checked.kid ?? keys[0]?.thumbprint ?? '', keys };
}

async function refuse(fault: JwkFault | KeysFault, at?: number): Promise<never> {
  const { keyFault } = await keyParts();
  throw keyFault(fault, at);
}
