// The `Agent-Delegation` value: hops of off-line delegation, oldest first, split within their limits. Nothing is verified.

import { TokenError, type Result } from '../errors/token_error.ts';
import type { ErrorCode } from '../errors/codes.ts';

/** The longest hop, in bytes. */
export const maxHopBytes = 1536;
/** The most hops of a chain, of both forms together. */
export const maxHops = 3;

const separatorBytes = 3;

const refuse = (code: ErrorCode): Result<never, TokenError> => ({
  ok: false,
  error: new TokenError(code),
});

/**
 * Splits the value of an `Agent-Delegation` header into its hops, oldest first.
 *
 * Refusals: `token_too_large`, `delegation_too_deep`, `delegation_malformed` for an empty hop.
 */
export function splitDelegation(value: unknown): Result<readonly string[], TokenError> {
  if (typeof value !== 'string') return refuse('delegation_malformed');
  if (value.length > maxHops * (maxHopBytes + separatorBytes)) return refuse('token_too_large');
  // RFC 9110 section 5.6.1: optional white space around the commas of a list
  const hops = value.split(',', maxHops + 1).map((hop) => hop.trim());
  if (hops.length > maxHops) return refuse('delegation_too_deep');
  if (hops.some((hop) => hop.length > maxHopBytes)) return refuse('token_too_large');
  return hops.includes('') ? refuse('delegation_malformed') : { ok: true, value: hops };
}

/** What a hop is revoked by: the thumbprint of the key that signed it, and its `jti`. */
export const hopId = (keyThumbprint: string, jti: string): string => `${keyThumbprint}:${jti}`;
