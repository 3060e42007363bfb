// Errors: one table of codes, TokenError, and the challenge that answers over HTTP.

export { errorCodes } from './codes.ts';
export type { ErrorCode, ErrorRow, ErrorStage } from './codes.ts';
export { TokenError } from './token_error.ts';
export type { Result, TokenErrorOptions } from './token_error.ts';
export { challengeFor } from './challenge.ts';
export type { ChallengeOptions } from './challenge.ts';
