// The WWW-Authenticate challenge for a refusal (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section 5.1).

import { errorCodes, type ErrorCode } from './codes.ts';

/** What a challenge says besides its error. */
export interface ChallengeOptions {
  /** `DPoP` where a proof is expected, `Bearer` otherwise. Default: by the code. */
  readonly scheme?: 'Bearer' | 'DPoP';
  /** URL of the protected-resource metadata (RFC 9728). */
  readonly resourceMetadata?: string;
  /** The scopes that the request needs. */
  readonly scope?: string | readonly string[];
  /** Signature algorithms accepted for proofs (RFC 9449 section 7.1). */
  readonly algs?: readonly string[];
}

const quote = (value: string): string => `"${value.replace(/[^\x20-\x7e]|["\\]/g, '')}"`;

/**
 * Builds the `WWW-Authenticate` value for a code, or `undefined` where the status takes none.
 *
 * Only 400, 401 and 403 carry a challenge. The text comes from the table; nothing of the request
 * is echoed.
 *
 * @example
 * ```ts
 * import { challengeFor } from 'swarmgate';
 *
 * const value = challengeFor('scope_insufficient', { scope: 'bus:publish' });
 * if (!value?.includes('error="insufficient_scope"')) throw new Error('unexpected');
 * ```
 */
export function challengeFor(code: ErrorCode, options: ChallengeOptions = {}): string | undefined {
  const { status, error, stage, description } = errorCodes[code];
  if (status !== 401 && error === undefined) return undefined;
  const scheme = options.scheme ?? (stage === 'proof' ? 'DPoP' : 'Bearer');
  const parameters: string[] = [];
  if (error !== undefined) {
    parameters.push(`error=${quote(error)}`, `error_description=${quote(description)}`);
  }
  const { scope, resourceMetadata, algs } = options;
  if (scope !== undefined && scope.length > 0) {
    parameters.push(`scope=${quote(typeof scope === 'string' ? scope : scope.join(' '))}`);
  }
  if (scheme === 'DPoP' && algs !== undefined) parameters.push(`algs=${quote(algs.join(' '))}`);
  if (resourceMetadata !== undefined) {
    parameters.push(`resource_metadata=${quote(resourceMetadata)}`);
  }
  return parameters.length === 0 ? scheme : `${scheme} ${parameters.join(', ')}`;
}
