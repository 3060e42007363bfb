// The scope grammar: one scope taken apart, and the members of a `scope` claim.

/** A scope taken apart: `resource:action` or `resource:action:pattern`. */
export interface Scope {
  readonly resource: string;
  readonly action: string;
  /** The third part without a final `*`; `undefined` when there is no third part. */
  readonly pattern: string | undefined;
  /** Whether the pattern ended in `*`, and so covers every string that it begins. */
  readonly open: boolean;
}

const part = /^[a-z0-9-]+$/;
// RFC 6749 appendix A.4 (NQCHAR) without `*`, which only ends a pattern.
const patternText = /^[\x21\x23-\x29\x2b-\x5b\x5d-\x7e]*$/;

/** Parses one scope, or answers `undefined` where it does not follow the grammar. */
export function parseScope(text: string): Scope | undefined {
  const first = text.indexOf(':');
  if (first < 0) return undefined;
  const second = text.indexOf(':', first + 1);
  const resource = text.slice(0, first);
  const action = text.slice(first + 1, second < 0 ? text.length : second);
  if (!part.test(resource) || !part.test(action)) return undefined;
  if (second < 0) return { resource, action, pattern: undefined, open: false };
  const tail = text.slice(second + 1);
  const open = tail.endsWith('*');
  const pattern = open ? tail.slice(0, -1) : tail;
  if (tail === '' || !patternText.test(pattern)) return undefined;
  return { resource, action, pattern, open };
}

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
  return typeof value === 'string' && parseScope(value) !== undefined;
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
