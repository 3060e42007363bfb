// AuthorityError: an authority that gave no token, and why.

/** Why there is no token. */
export type AuthorityErrorCode =
  /** The authority answered with an OAuth error: trying the same again does not help. */
  | 'authority_refused'
  /** The authority's answer or metadata breaks the rules, redirects, or is for somebody else. */
  | 'authority_invalid'
  /** The authority cannot be reached, takes too long, or says that it is busy. */
  | 'authority_unavailable'
  /** The token source was closed. */
  | 'source_closed';

/** Options of an {@link AuthorityError}. */
export interface AuthorityErrorOptions {
  /** The OAuth error that the authority named. */
  readonly error?: string;
  /** The HTTP status that it answered with. */
  readonly status?: number;
  readonly cause?: unknown;
}

const descriptions: Readonly<Record<AuthorityErrorCode, string>> = {
  authority_refused: 'The authority refused the request',
  authority_invalid: 'The authority answered with an invalid response',
  authority_unavailable: 'The authority cannot be reached',
  source_closed: 'The token source is closed',
};

/**
 * A request to an authority that brought nothing.
 *
 * The message is a fixed text: it never holds what the authority wrote, a token or a key. Only
 * `error`, a code of RFC 6749, comes from the answer.
 *
 * @see RFC 6749 section 5.2
 * @example
 * ```ts
 * import { AuthorityError } from 'swarmgate/client';
 *
 * const error = new AuthorityError('authority_refused', { error: 'invalid_client', status: 401 });
 * if (error.code !== 'authority_refused' || error.error !== 'invalid_client') {
 *   throw new Error('unexpected');
 * }
 * ```
 */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
  /** Why, in this library's terms. */
  readonly code: AuthorityErrorCode;
  /** The OAuth error that the authority named: `invalid_client`, `invalid_scope`, … */
  readonly error: string | undefined;
  /** The HTTP status that the authority answered with, if it answered. */
  readonly status: number | undefined;

  constructor(code: AuthorityErrorCode, options: AuthorityErrorOptions = {}) {
    const { error, status, cause } = options;
    super(descriptions[code], cause === undefined ? undefined : { cause });
    this.code = code;
    this.error = error;
    this.status = status;
  }
}
