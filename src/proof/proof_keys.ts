// The keys that DPoP proofs carry, each checked and imported once: by the exact text of its header, bounded.

import type { VerificationKey } from '../keys/key_source.ts';
import { boundedCache, type BoundedCache } from '../token/bounded_cache.ts';
import type { KnownHeaders, ParsedToken } from '../token/take_apart.ts';

interface CheckedHeader {
  readonly header: ParsedToken['header'];
  readonly key: VerificationKey;
}

/** Keys of proofs that verified before. */
export interface ProofKeys {
  /** The headers that they came in. */
  readonly headers: KnownHeaders;
  /** The hashes (`ath`) of tokens that they were for. */
  readonly hashes: BoundedCache<string>;
  find(segment: string): VerificationKey | undefined;
  /** Keeps a key whose proof verified: nobody else's may push it out. */
  remember(segment: string, checked: CheckedHeader): void;
}

/** Makes a bounded store of keys, and of the hashes of tokens. */
export function createProofKeys(maxEntries: number, maxTokens: number): ProofKeys {
  const known = boundedCache<CheckedHeader>(maxEntries);
  return {
    headers: {
      get: (segment) => known.get(segment)?.header,
      // Not yet: nothing is known of a header that was only taken apart
      set: () => {},
      delete: known.delete,
    },
    hashes: boundedCache(maxTokens),
    find: (segment) => known.get(segment)?.key,
    remember: known.set,
  };
}
