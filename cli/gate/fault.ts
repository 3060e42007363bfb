// GateFault: a gate that cannot judge, because of how it was set up; it blocks, and says what to do

import type { ErrorCode } from '../../src/verify/index.ts';

/** Why a gate blocks everything, with the code that it blocks with. */
export class GateFault extends Error {
  override readonly name = 'GateFault';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
