// The claims of off-line hops against the policy, and the narrowing of each: pure, after all signatures.

import { parseScope } from '../authorize/covers.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { checkTimes, type TimeRules } from './claims.ts';
import { narrows, type Grant } from './delegation.ts';
import type { Hop } from './hops.ts';

/** What hops are held against. */
export interface HopRules extends TimeRules {
  readonly audience: readonly string[] | null;
}

/** Checks audience and times of each hop, oldest first; `undefined` means that they are right. */
export function checkHops(
  hops: readonly Hop[],
  rules: HopRules,
  now: number,
): ErrorCode | undefined {
  for (const { grant } of hops) {
    const { issuedAt, expiresAt } = grant;
    if (rules.audience?.some((entry) => grant.audience.includes(entry)) === false) {
      return 'audience_mismatch';
    }
    const untimely = checkTimes({ issuedAt, expiresAt, notBefore: undefined }, rules, now);
    // For a hop there is a code that says which part is broken
    if (untimely !== undefined)
      return untimely === 'claim_malformed' ? 'delegation_malformed' : untimely;
  }
  return undefined;
}

const isAdmin = (scope: string): boolean => parseScope(scope)?.resource === 'admin';

/**
 * The grants of a chain, each no wider than the one before it, the first no wider than the root's;
 * `undefined` where one is. `admin:*` never passes, whoever has it.
 */
export function narrowHops(
  root: Grant,
  hops: readonly Pick<Hop, 'grant'>[],
  tiers: readonly string[],
): readonly Grant[] | undefined {
  const grants: Grant[] = [];
  let parent = root;
  for (const hop of hops) {
    const grant = { ...hop.grant, tier: hop.grant.tier ?? parent.tier };
    if (grant.scope.some(isAdmin) || !narrows(parent, grant, tiers)) return undefined;
    grants.push(grant);
    parent = grant;
  }
  return grants;
}
