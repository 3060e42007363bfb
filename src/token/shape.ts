// The shapes that claims may have: small tests without policy.

const maxNameLength = 128;
// C0 and C1 controls: they would break a log line or a header.
const control = /\p{Cc}/u;

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

/** The members of an `aud` claim (RFC 7519 section 4.1.3), or `undefined` where it is malformed. */
export function audienceList(aud: unknown): readonly string[] | undefined {
  if (typeof aud === 'string') return [aud];
  if (!Array.isArray(aud)) return undefined;
  return aud.every((entry): entry is string => typeof entry === 'string') ? aud : undefined;
}
