// Counts by key, in this isolate: so that one client or address does not ask for ever.

import { createBoundedMap } from '../../bounded_map.ts';

/** Counts what a key has spent of its window. */
export interface RateWindow {
  isSpent(key: string): boolean;
  spend(key: string): void;
}

/** Limits of {@link createRateWindow}. */
export interface RateLimits {
  readonly perKey: number;
  readonly windowMs: number;
}

const maxKeys = 10_000;

interface Count {
  readonly from: number;
  spent: number;
}

/** Makes the counts. `now` in milliseconds since the epoch. */
export function createRateWindow(now: () => number, { perKey, windowMs }: RateLimits): RateWindow {
  const counts = createBoundedMap<Count>(maxKeys);

  function current(key: string): Count | undefined {
    const count = counts.get(key);
    const passed = count === undefined ? windowMs : now() - count.from;
    return passed >= 0 && passed < windowMs ? count : undefined;
  }

  return {
    isSpent: (key) => (current(key)?.spent ?? 0) >= perKey,

    spend(key) {
      const count = current(key);
      if (count === undefined) counts.set(key, { from: now(), spent: 1 });
      else count.spent++;
    },
  };
}
