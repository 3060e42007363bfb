// Agent ids, and the identity under which a token is revoked: never its raw string.

import type { StatusClaim } from './claims.ts';

const maxIdLength = 128;
const idPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._:@/-]*[A-Za-z0-9])?$/;

/**
 * Tells whether a value is a well-formed agent id: 1 to 128 of `A-Z a-z 0-9 . _ : @ / -`, first and
 * last alphanumeric, no two dots in a row.
 *
 * Does not tell whether such an agent exists.
 *
 * @example
 * ```ts
 * import { isAgentId } from 'swarmgate';
 *
 * if (!isAgentId('team-a/planner.1') || isAgentId('../admin')) throw new Error('unexpected');
 * ```
 */
export function isAgentId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= maxIdLength &&
    idPattern.test(value) &&
    !value.includes('..')
  );
}

/**
 * What revocation knows a token by. One for the token and one for each of its ancestors; the
 * objects of a cached token stay the same, so a source may cache by identity.
 */
export interface TokenIdentity {
  readonly issuer: string;
  /** The `jti`; of an off-line hop the thumbprint of the key that signed it, `:`, and its `jti`. */
  readonly tokenId: string | undefined;
  readonly sessionId: string | undefined;
  /** Every agent that the token speaks for or by: the subject and the client. */
  readonly agentIds: readonly string[];
  /** Thumbprint (RFC 7638) of the key that verified the token, whatever its header says. */
  readonly keyThumbprint: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly jkt: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Where the token's status is published (Token Status List), if it is. */
  readonly status?: StatusClaim['status_list'] | undefined;
}
