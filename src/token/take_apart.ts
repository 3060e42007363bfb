// A compact JWS taken apart (RFC 7515 section 7.1): size, canonical base64url, UTF-8, JSON objects. Nothing is verified.

import { TokenError, type Result } from '../errors/token_error.ts';
import type { BoundedCache } from './bounded_cache.ts';
import { decodeBase64urlBinary, decodeBinaryText, isBase64url } from './base64url.ts';
import { readPlainClaims } from './plain_claims.ts';
import { isRecord } from './shape.ts';

/** Default limits on the length of a token, in bytes. */
export const defaultMaxTokenBytes = 2048;
export const defaultMaxDelegatedTokenBytes = 4096;

/** The parts of a token. Every member is what the sender claims: none of it is verified. */
export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token as sent. */
  readonly compact: string;
  /** Its three segments. */
  readonly segments: readonly [header: string, payload: string, signature: string];
}

/** Limits on the length of a token, in bytes. */
export interface SizeLimits {
  readonly maxTokenBytes: number;
  /** For a token that carries a delegation chain (`dlg`). */
  readonly maxDelegatedTokenBytes: number;
}

/** Reads JSON text; what it cannot read, it throws at, or answers `undefined`. */
export type ReadJson = (text: string) => unknown;

function parseObject(segment: string, read: ReadJson): Record<string, unknown> | undefined {
  const binary = decodeBase64urlBinary(segment);
  if (binary === undefined) return undefined;
  const plain = readPlainClaims(binary);
  if (plain !== undefined) return plain;
  const text = decodeBinaryText(binary);
  if (text === undefined) return undefined;
  try {
    const value = read(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const refuse = (code: 'token_malformed' | 'token_too_large'): Result<never, TokenError> => ({
  ok: false,
  error: new TokenError(code),
});

/** Headers by their segment: those of one issuer's tokens are the same text for as long as its key. */
export type KnownHeaders = BoundedCache<ParsedToken['header']>;

function parseHeader(
  segment: string,
  read: ReadJson,
  known: KnownHeaders | undefined,
): ParsedToken['header'] | undefined {
  const seen = known?.get(segment);
  if (seen !== undefined) return seen;
  const header = parseObject(segment, read);
  if (header !== undefined) known?.set(segment, Object.freeze(header));
  return header;
}

/**
 * Splits and decodes a token within its limits. The refusals are `token_too_large` and
 * `token_malformed`.
 */
export function takeApart(
  token: string,
  limits: SizeLimits,
  read: ReadJson,
  known?: KnownHeaders,
): Result<ParsedToken, TokenError> {
  if (typeof token !== 'string') return refuse('token_malformed');
  const { maxTokenBytes, maxDelegatedTokenBytes } = limits;
  // Characters outside ASCII are refused below, so that the length here is the length in bytes.
  if (token.length > Math.max(maxTokenBytes, maxDelegatedTokenBytes)) {
    return refuse('token_too_large');
  }
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 0 || second < 0 || token.indexOf('.', second + 1) >= 0) {
    return refuse('token_malformed');
  }
  const segments = [
    token.slice(0, first),
    token.slice(first + 1, second),
    token.slice(second + 1),
  ] as const;
  const header = parseHeader(segments[0], read, known);
  const claims = parseObject(segments[1], read);
  if (header === undefined || claims === undefined || !isBase64url(segments[2])) {
    return refuse('token_malformed');
  }
  if (token.length > maxTokenBytes && !Object.hasOwn(claims, 'dlg')) {
    return refuse('token_too_large');
  }
  return { ok: true, value: { header, claims, compact: token, segments } };
}
