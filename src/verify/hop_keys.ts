// The keys that off-line hops carry, each imported once: by its exact members, bounded.

import { canonicalAlgorithm, type SigningAlgorithm } from '../keys/algorithms.ts';
import type { VerificationKey } from '../keys/key_source.ts';
import { checkPublicJwk, importVerificationKeys } from '../keys/public_jwk.ts';
import { boundedCache } from '../token/bounded_cache.ts';

/** A key of a hop that was looked at. */
export interface HopKey {
  readonly key: VerificationKey;
  /** Keeps it: called for keys whose chain verified, so that nobody else's can push them out. */
  readonly remember: () => void;
}

/** Keys of hops. */
export interface HopKeys {
  /** Reads and imports a hop's `jwk`; `undefined` where it is no public key for this algorithm. */
  read(jwk: unknown, alg: SigningAlgorithm): Promise<HopKey | undefined>;
}

/** The algorithms that a hop may be signed with; `undefined` for any other. */
export function hopAlgorithm(name: unknown): SigningAlgorithm | undefined {
  const alg = canonicalAlgorithm(name);
  return alg === 'ES256' || alg === 'Ed25519' ? alg : undefined;
}

/** Makes a bounded store of keys. */
export function createHopKeys(maxEntries: number): HopKeys {
  const known = boundedCache<VerificationKey>(maxEntries);
  return {
    async read(jwk, alg) {
      const checked = checkPublicJwk(jwk, alg);
      if (typeof checked === 'string') return undefined;
      const id = JSON.stringify([alg, checked.members]);
      const held = known.get(id);
      if (held !== undefined) return { key: held, remember: () => {} };
      const imported = await importVerificationKeys({ ...checked, kid: undefined });
      const key = typeof imported === 'string' ? undefined : imported[0];
      return key && { key, remember: () => known.set(id, key) };
    },
  };
}
