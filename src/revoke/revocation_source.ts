// RevocationSource: what a verifier asks whether a token, or an ancestor of it, has been revoked.

import type { TokenIdentity } from '../token/identity.ts';

/** Where revocation state comes from. */
export interface RevocationSource {
  /**
   * Tells whether any identity of the chain (the token and its ancestors) is revoked.
   *
   * Anything but exactly `false` counts as revoked. Throws, or rejects with, a TokenError
   * `revocation_unavailable` when the state cannot be confirmed within the bound.
   */
  isRevoked(chain: readonly TokenIdentity[]): boolean | Promise<boolean>;
}
