// The scope grammar (`resource:action` or `resource:action:pattern`), and the members of a `scope` claim.

/**
 * Resource, action, pattern, and the `*` that may end it. A pattern's characters are NQCHAR of RFC
 * 6749 appendix A.4 without `*`.
 */
export const scopeGrammar: RegExp =
  /^([a-z0-9-]+):([a-z0-9-]+)(?::(?!$)([\x21\x23-\x29\x2b-\x5b\x5d-\x7e]*)(\*?))?$/;

/**
 * Tells whether a string is a well-formed scope: `resource:action`, or `resource:action:pattern`
 * whose pattern may end in one `*`.
 *
 * @example
 * ```ts
 * import { isScope } from 'swarmgate';
 *
 * if (!isScope('bus:publish:team-a-*') || isScope('bus:*')) throw new Error('unexpected');
 * ```
 */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && scopeGrammar.test(value);
}

/**
 * The members of a token's `scope` claim (RFC 8693 section 4.2: one string, members separated by
 * one space; older issuers send an array), or `undefined` where it is malformed.
 */
export function parseScopeClaim(claim: unknown): readonly string[] | undefined {
  const members = typeof claim === 'string' ? claim.split(' ') : claim;
  if (!Array.isArray(members)) return undefined;
  return members.every((member): member is string => isScope(member)) ? members : undefined;
}
