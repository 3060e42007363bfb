// KeySource: where a verifier gets the one key that may have signed a token.

import type { VerificationAlgorithm } from './algorithms.ts';

/** A public key that is ready to verify with. */
export interface VerificationKey {
  /** The `kid` it is published under, if any. */
  readonly kid: string | undefined;
  /** RFC 7638 thumbprint (SHA-256, base64url): the key's name in revocation. */
  readonly thumbprint: string;
  readonly alg: VerificationAlgorithm;
  readonly key: CryptoKey;
}

/** What a token's header says of its key. Both members are unverified. */
export interface KeyQuery {
  readonly alg: VerificationAlgorithm;
  readonly kid: string | undefined;
}

/** Where verification keys come from. The same key is the same object as long as it is trusted. */
export interface KeySource {
  /** Thumbprints of all its keys, where they are known beforehand: for checks of a configuration. */
  readonly thumbprints?: ReadonlySet<string>;
  /**
   * Finds exactly one key, at once where it is in memory.
   *
   * Throws, or rejects with, a TokenError: `key_unknown` (none, or more than one, matches),
   * `key_unusable` (the one that matches cannot verify this algorithm), `key_unavailable` (the
   * source cannot be reached).
   */
  find(query: KeyQuery): VerificationKey | Promise<VerificationKey>;
}
