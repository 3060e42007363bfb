// A refusal whose answer says more than its code: when to come again, or with which nonce.

import { TokenError, type ErrorCode } from '../../src/verify/index.ts';
import type { Headed } from '../respond.ts';

/** A TokenError with headers for its answer. */
export class RefusalError extends TokenError {
  readonly headers: Headed;

  constructor(code: ErrorCode, headers: Headed) {
    super(code);
    this.headers = headers;
  }
}

/** The headers that a refusal brings along. */
export function headersOf(error: unknown): Headed {
  return error instanceof RefusalError ? error.headers : {};
}
