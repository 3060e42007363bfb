// The keys that off-line hops carry, each imported once: by its exact members, bounded.

import { canonicalAlgorithm, type SigningAlgorithm } from '../keys/algorithms.ts';
import { checkCarriedJwk } from '../keys/carried_key.ts';
import type { VerificationKey } from '../keys/key_source.ts';
import { importVerificationKeys, type CheckedJwk } from '../keys/public_jwk.ts';
import { boundedCache } from '../token/bounded_cache.ts';

/** A key of a hop that was looked at. */
export interface HopKey {
  readonly key: VerificationKey;
  /** Keeps it: called for keys whose chain verified, so that nobody else's can push them out. */
  readonly remember: () => void;
}

/** Keys of hops. */
export interface HopKeys {
  /**
   * Reads a hop's `jwk`, at once where it is known, and imports it otherwise; `undefined` where it
   * is no public key for this algorithm.
   */
  read(jwk: unknown, alg: SigningAlgorithm): HopKey | undefined | Promise<HopKey | undefined>;
}

/** The algorithms that a hop may be signed with; `undefined` for any other. */
export function hopAlgorithm(name: unknown): SigningAlgorithm | undefined {
  const alg = canonicalAlgorithm(name);
  return alg === 'ES256' || alg === 'Ed25519' ? alg : undefined;
}

/** Makes a bounded store of keys. */
export function createHopKeys(maxEntries: number): HopKeys {
  const known = boundedCache<VerificationKey>(maxEntries);

  async function imported(jwk: CheckedJwk, id: string): Promise<HopKey | undefined> {
    const keys = await importVerificationKeys({ ...jwk, kid: undefined });
    const key = typeof keys === 'string' ? undefined : keys[0];
    return key && { key, remember: () => known.set(id, key) };
  }

  return {
    read(jwk, alg) {
      // Every member counts: what was checked once is the same to the last character
      const id = JSON.stringify([alg, jwk]);
      const key = known.get(id);
      if (key !== undefined) return { key, remember: () => {} };
      const checked = checkCarriedJwk(jwk, alg);
      return typeof checked === 'string' ? undefined : imported(checked, id);
    },
  };
}
