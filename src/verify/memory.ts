// What a verifier remembers of tokens and chains.

import { readClock } from '../errors/caller.ts';
import type { BoundedCache } from '../token/bounded_cache.ts';
import { andThen, type Maybe } from '../token/maybe.ts';
import type { AcceptedToken } from './accept.ts';
import { checkTimes } from './claims.ts';
import type { Signed } from './examine.ts';
import type { HopKeys } from './hop_keys.ts';
import type { Policy } from './policy.ts';
import type { ProofMemory } from './presenter.ts';
import { findKey } from './sources.ts';

/** What a verifier remembers. Chains apart: no token's text can then be taken for a chain's. */
export interface Memory extends ProofMemory, Signed {
  readonly chains: BoundedCache<AcceptedToken>;
  /** Made for the first chain. */
  hopKeys: HopKeys | undefined;
}

/** A remembered token, as long as its key is still the trusted one and its time has not passed. */
export function recall(
  policy: Policy,
  cache: BoundedCache<AcceptedToken>,
  id: string,
): Maybe<AcceptedToken | undefined> {
  const known = cache.get(id);
  if (known === undefined) return undefined;
  return andThen(findKey(known.keys, known.query), (key) => {
    const now = readClock(policy.clock);
    if (key === known.key && checkTimes(known.times, policy, now) === undefined) return known;
    cache.delete(id);
    return undefined;
  });
}
