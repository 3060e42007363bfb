// The codes that a gateway may refuse with: those of the table, and nothing that only looks like one.

import { errorCodes, type ErrorCode } from '../errors/codes.ts';

/** Tells whether a value is a code of the table. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorCodes, code);
