// TokenError, the one error of the public edge, and Result, which carries it inside.

import { errorCodes, type ErrorCode, type ErrorStage } from './codes.ts';

/** Options of a {@link TokenError}. */
export interface TokenErrorOptions {
  /** The registered name of the claim or header member at fault: a name of ours, never a value. */
  readonly member?: string;
  readonly cause?: unknown;
}

/**
 * A refused token, message or request.
 *
 * The message is a fixed text from the table, with at most the name of a claim: it never holds
 * token text, a key or a claim value. Mistakes of the calling program are `TypeError`, not this.
 *
 * @example
 * ```ts
 * import { TokenError } from 'swarmgate';
 *
 * const error = new TokenError('token_expired');
 * if (error.code !== 'token_expired' || error.status !== 401 || error.stage !== 'claims') {
 *   throw new Error('unexpected');
 * }
 * ```
 */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  /** The code, from the table of `errorCodes`. */
  readonly code: ErrorCode;
  /** The step of the pipeline that refused. */
  readonly stage: ErrorStage;
  /** The HTTP status that the gateway answers with. */
  readonly status: number;
  /** The name of the claim or header member at fault, where one is. */
  readonly member: string | undefined;

  constructor(code: ErrorCode, options: TokenErrorOptions = {}) {
    const row = errorCodes[code];
    const { member, cause } = options;
    super(
      member === undefined ? row.description : `${row.description}: "${member}"`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.stage = row.stage;
    this.status = row.status;
    this.member = member;
  }
}

/** Success with a value, or failure with an error; for callers that prefer values over exceptions. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };
