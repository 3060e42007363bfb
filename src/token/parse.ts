// A compact JWS with strict JSON in it: no duplicate names, no second reading. Nothing is verified.

import type { Result, TokenError } from '../errors/token_error.ts';
import { parseJson } from './json.ts';
import {
  defaultMaxDelegatedTokenBytes,
  defaultMaxTokenBytes,
  takeApart,
  type KnownHeaders,
  type ParsedToken,
  type SizeLimits,
} from './take_apart.ts';

export type { ParsedToken } from './take_apart.ts';

/**
 * Splits and decodes a token within its limits. The refusals are `token_too_large` and
 * `token_malformed`.
 */
export function parseToken(
  token: string,
  limits: SizeLimits,
  known?: KnownHeaders,
): Result<ParsedToken, TokenError> {
  return takeApart(token, limits, parseJson, known);
}

/** A token decoded for display. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Decodes a token for display, strictly, without verifying anything.
 *
 * Checks neither signature nor claims: whatever it returns may be forged. Never authorize by it.
 *
 * @throws TokenError `token_malformed`, `token_too_large`
 * @example
 * ```ts
 * import { createIssuer, decodeUnverified, generateSigningKey } from 'swarmgate';
 *
 * const issuer = createIssuer({ key: await generateSigningKey() });
 * const token = await issuer.issueAgentToken({ sub: 'planner', tier: 'fast', scope: [] });
 * if (decodeUnverified(token).claims['sub'] !== 'planner') throw new Error('unexpected');
 * ```
 */
export function decodeUnverified(token: string): UnverifiedToken {
  const parsed = parseToken(token, {
    maxTokenBytes: defaultMaxTokenBytes,
    maxDelegatedTokenBytes: defaultMaxDelegatedTokenBytes,
  });
  if (!parsed.ok) throw parsed.error;
  const { header, claims } = parsed.value;
  return { header, claims };
}
