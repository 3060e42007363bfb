// The shapes that claims may have: small tests without policy, the same for issuing and verifying.

import { isBase64url } from './base64url.ts';
import type { Confirmation, StatusClaim } from './claims.ts';

const maxNameLength = 128;
// C0 and C1 controls: they would break a log line or a header. Half of a surrogate pair: no UTF-8 has it.
const control = /[\p{Cc}\p{Cs}]/u;
const halfPair = /\p{Cs}/u;

/** A JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number that is a time: JSON's `1e400` is Infinity, which no comparison refuses by itself. */
export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** An identifier such as `jti`, `sid` or `kid`: 1 to 128 characters, no control characters. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxNameLength &&
    !control.test(value)
  );
}

/** A text that is not empty, and that a token can carry. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !halfPair.test(value);
}

/** A list with something at every place: `every` passes over holes, `includes` does not. */
export function isFilledList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0 && !value.includes(undefined);
}

/** The members of an `aud` claim (RFC 7519 section 4.1.3), or `undefined` where it is malformed. */
export function audienceList(aud: unknown): readonly string[] | undefined {
  if (typeof aud === 'string') return [aud];
  if (!Array.isArray(aud)) return undefined;
  return aud.every((entry): entry is string => typeof entry === 'string') ? aud : undefined;
}

/** A SHA-256 thumbprint (RFC 7638) in base64url: 32 bytes. */
export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && value.length === 43 && isBase64url(value);
}

/**
 * `cnf` with a thumbprint and nothing else: another confirmation could not be checked here, and so
 * is refused (RFC 7800 section 3.1 leaves that to the profile).
 */
export function isConfirmation(value: unknown): value is Confirmation {
  return isRecord(value) && Object.keys(value).length === 1 && isThumbprint(value['jkt']);
}

/** `status` (Token Status List): an index and the URI of its list. */
export function isStatus(value: unknown): value is StatusClaim {
  const list = isRecord(value) ? value['status_list'] : undefined;
  if (!isRecord(list)) return false;
  const { idx, uri } = list;
  return Number.isSafeInteger(idx) && Number(idx) >= 0 && isText(uri);
}

/** `sealed`: a compact JWE (RFC 7516 section 7.1), of which only the form is looked at. */
export function isCompactJwe(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+\.[\w-]*\.[\w-]+\.[\w-]*\.[\w-]+$/.test(value);
}
