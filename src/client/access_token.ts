// An access token as a client holds it, and the interface of whatever hands one out.

import type { SigningKey } from '../keys/signing_key.ts';

/** An access token, and what is needed to present it. */
export interface AccessToken {
  /** The token: opaque to a client. */
  readonly token: string;
  /** How it is presented: `DPoP` with a proof for each request, `Bearer` alone. */
  readonly scheme: 'DPoP' | 'Bearer';
  /** The key that a `DPoP` token is bound to; with `delegation`, the key that the last hop names. */
  readonly key?: SigningKey;
  /**
   * The hops of an off-line delegation that was handed to this agent, oldest first, separated by
   * commas: sent along as `Agent-Delegation`. Only beside a `DPoP` token.
   */
  readonly delegation?: string;
  /** Seconds since the epoch, by the client's clock. */
  readonly expiresAt: number;
  /** The scopes that were granted, where the authority named them. */
  readonly scope?: readonly string[];
}

/** How a token is asked for. */
export interface TokenRequest {
  /** Ends the wait of this caller, and of no other. */
  readonly signal?: AbortSignal | undefined;
  /** A token that a server has just refused: a newer one is wanted, where there can be one. */
  readonly refused?: AccessToken;
}

/** Whatever hands out access tokens: `createTokenSource`, or an object of your own. */
export interface AccessTokenSource {
  token(request?: TokenRequest): Promise<AccessToken>;
}

// RFC 6750 section 2.1: nothing else fits into a header
const token68 = /^[A-Za-z0-9._~+/-]+=*$/;

/** Tells whether a value can be sent as `Agent-Delegation`: compact tokens between commas. */
export function isDelegationText(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= 16_384 && /^[\w.-]+(?:, ?[\w.-]+)*$/.test(value)
  );
}

/** Tells whether a value can be sent as a token. */
export function isTokenText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 16_384 && token68.test(value);
}
