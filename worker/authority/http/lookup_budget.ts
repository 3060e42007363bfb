// How many unknown ids an address may ask for: so that guessing, at any rate, stays away from objects.

import { createBoundedMap } from '../../bounded_map.ts';

/** Counts the look-ups of each address, in this isolate. */
export interface LookupBudget {
  /** Waits for a place among the look-ups of an address; `false`: it has spent its budget. */
  enter(address: string): Promise<boolean>;
  /** Ends a look-up that was let in. */
  leave(address: string, found: boolean): void;
  isSpent(address: string): boolean;
}

/** Limits of {@link createLookupBudget}. */
export interface LookupLimits {
  /** Look-ups of one address in a window that find nothing. */
  readonly unknown: number;
  readonly windowMs: number;
  /** Addresses that are counted at once, about. */
  readonly addresses: number;
  /** How long a look-up waits for others of its address to turn out well, and how often it looks. */
  readonly patienceMs: number;
  /** How many of one address may wait. */
  readonly waiting: number;
  readonly pollMs: number;
}

const defaults: LookupLimits = {
  unknown: 20,
  windowMs: 10_000,
  addresses: 10_000,
  patienceMs: 1000,
  waiting: 500,
  pollMs: 10,
};

interface Count {
  readonly until: number;
  unknown: number;
  pending: number;
  waiting: number;
}

/** One subscriber has a whole /64 of IPv6 addresses: they count as one. */
export function subscriberOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
}

/** Makes the counts. `now` in milliseconds since the epoch. */
export function createLookupBudget(
  now: () => number,
  limits: Partial<LookupLimits> = {},
): LookupBudget {
  const { unknown, windowMs, addresses, patienceMs, waiting, pollMs } = { ...defaults, ...limits };
  const counts = createBoundedMap<Count>(addresses);

  function countOf(address: string): Count {
    const subscriber = subscriberOf(address);
    const known = counts.get(subscriber);
    if (known !== undefined && now() < known.until && now() >= known.until - windowMs) return known;
    const fresh = { until: now() + windowMs, unknown: 0, pending: 0, waiting: 0 };
    counts.set(subscriber, fresh);
    return fresh;
  }

  const isSpent = (address: string): boolean => countOf(address).unknown >= unknown;

  return {
    isSpent,

    async enter(address) {
      // Each waits by a timer of its own: what others promise may die with their requests
      for (let waited = 0; ; waited += pollMs) {
        const count = countOf(address);
        if (count.unknown >= unknown) return false;
        if (count.unknown + count.pending < unknown) {
          count.pending++;
          return true;
        }
        if (waited >= patienceMs || count.waiting >= waiting) return false;
        count.waiting++;
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        count.waiting--;
      }
    },

    leave(address, found) {
      const count = countOf(address);
      count.pending = Math.max(0, count.pending - 1);
      if (!found) count.unknown++;
    },
  };
}
