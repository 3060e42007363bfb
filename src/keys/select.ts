// Exactly one key for a token: a pure look-up in an index that is made once per key set.

import { TokenError, type ErrorCode } from '../errors/index.ts';
import type { SigningAlgorithm } from './algorithms.ts';
import type { KeyQuery, VerificationKey } from './key_source.ts';

/** What one JWK of a set became: no keys for one that cannot be used, so that its kid is remembered. */
export interface PublishedKey {
  /** The kid that it is found by. */
  readonly kid: string;
  readonly keys: readonly VerificationKey[];
}

/** A key set, ready for look-up. Kids come from outside: they are keys of a Map, never of an object. */
export interface KeyIndex {
  readonly byKid: ReadonlyMap<string, readonly VerificationKey[]>;
  /** The one key that fits an algorithm; `undefined` where there are several. */
  readonly byAlgorithm: ReadonlyMap<SigningAlgorithm, VerificationKey | undefined>;
}

/** Indexes a key set. A kid that was published twice is unusable, whatever its keys are. */
export function indexKeys(published: Iterable<PublishedKey>): KeyIndex {
  const byKid = new Map<string, readonly VerificationKey[]>();
  for (const { kid, keys } of published) byKid.set(kid, byKid.has(kid) ? [] : keys);
  const byAlgorithm = new Map<SigningAlgorithm, VerificationKey | undefined>();
  for (const keys of byKid.values()) {
    for (const key of keys) {
      const alg = tableName(key.alg);
      byAlgorithm.set(alg, byAlgorithm.has(alg) ? undefined : key);
    }
  }
  return { byKid, byAlgorithm };
}

/**
 * Looks up the one key for a token's `alg` and `kid`.
 *
 * With a kid, the key published under it must be for that algorithm. Without one, there must be
 * exactly one key for the algorithm: no key is ever tried.
 *
 * @returns the key, or the code of the refusal.
 */
export function lookUpKey(
  index: KeyIndex,
  { alg, kid }: KeyQuery,
): VerificationKey | Extract<ErrorCode, 'key_unknown' | 'key_unusable'> {
  const wanted = tableName(alg);
  if (kid === undefined) return index.byAlgorithm.get(wanted) ?? 'key_unknown';
  const keys = index.byKid.get(kid);
  if (keys === undefined) return 'key_unknown';
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    if (key !== undefined && tableName(key.alg) === wanted) return key;
  }
  return 'key_unusable';
}

/**
 * Looks up the one key as `lookUpKey` does.
 *
 * @throws TokenError `key_unknown`, `key_unusable`.
 */
export function selectKey(index: KeyIndex, query: KeyQuery): VerificationKey {
  const found = lookUpKey(index, query);
  if (typeof found === 'string') throw new TokenError(found);
  return found;
}

/** RFC 9864 section 2.2: `EdDSA` is the older name; only Ed25519 is meant by it here. */
function tableName(alg: KeyQuery['alg']): SigningAlgorithm {
  return alg === 'EdDSA' ? 'Ed25519' : alg;
}
