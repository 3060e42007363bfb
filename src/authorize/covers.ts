// `covers`: the one function that compares scopes, for issuing, exchange and authorization.

import { scopeGrammar } from './scope.ts';

/** A scope taken apart: `resource:action` or `resource:action:pattern`. */
export interface Scope {
  readonly resource: string;
  readonly action: string;
  /** The third part without a final `*`; `undefined` when there is no third part. */
  readonly pattern: string | undefined;
  /** Whether the pattern ended in `*`, and so covers every string that it begins. */
  readonly open: boolean;
}

/** Parses one scope, or answers `undefined` where it does not follow the grammar. */
export function parseScope(text: string): Scope | undefined {
  const [, resource, action, pattern, star] = scopeGrammar.exec(text) ?? [];
  if (resource === undefined || action === undefined) return undefined;
  return { resource, action, pattern, open: star === '*' };
}

function coversScope(granted: Scope, asked: Scope): boolean {
  if (granted.resource !== asked.resource || granted.action !== asked.action) return false;
  if (granted.pattern === undefined) return true;
  if (asked.pattern === undefined) return false;
  if (granted.open) return asked.pattern.startsWith(granted.pattern);
  return !asked.open && asked.pattern === granted.pattern;
}

/**
 * Tells whether scope `granted` covers scope `asked`: same resource and action, and either no
 * pattern in `granted`, or every string that `asked` matches also matches `granted`.
 *
 * A malformed scope covers nothing and is covered by nothing.
 *
 * @example
 * ```ts
 * import { covers } from 'swarmgate';
 *
 * if (!covers('bus:publish', 'bus:publish:news')) throw new Error('unexpected');
 * if (!covers('mcp:call:read-*', 'mcp:call:read-file')) throw new Error('unexpected');
 * if (covers('mcp:call:read-*', 'mcp:call')) throw new Error('unexpected');
 * ```
 */
export function covers(granted: string, asked: string): boolean {
  const left = parseScope(granted);
  const right = parseScope(asked);
  return left !== undefined && right !== undefined && coversScope(left, right);
}

/** Tells whether every asked scope is covered by one of the granted ones. */
export function coversAll(granted: readonly string[], asked: readonly string[]): boolean {
  let grants: readonly (Scope | undefined)[] | undefined;
  return asked.every((text) => {
    const want = parseScope(text);
    if (want === undefined) return false;
    if (granted.includes(text)) return true;
    // Once for all that is asked: long lists on both sides would otherwise be parsed for each pair
    grants ??= granted.map(parseScope);
    return grants.some((have) => have !== undefined && coversScope(have, want));
  });
}
