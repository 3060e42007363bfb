// The bucket as a law: in no time more than it is for, whatever the clock does

import { array, assert as assertLaw, double, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spend, windowMs } from '../../worker/authority/agent/rate_bucket.ts';

const t0 = 1_800_000_000_000;

describe('spend()', () => {
  test('lets a full bucket go at once, and then one for each that is refilled', () => {
    let fullAt = 0;
    for (let left = 2; left >= 0; left--) {
      const spent = spend(fullAt, 3, t0);
      expect(spent).toMatchObject({ allowed: true, remaining: left });
      ({ fullAt } = spent);
    }
    const refused = spend(fullAt, 3, t0);
    expect(refused).toEqual({ allowed: false, fullAt, remaining: 0, waitMs: 20_000 });
    expect(spend(fullAt, 3, t0 + 19_999).allowed).toBe(false);
    expect(spend(fullAt, 3, t0 + 20_000).allowed).toBe(true);
  });

  test('never lets more through than the bucket and what was refilled, over any steps', () => {
    const step = integer({ min: -windowMs * 3, max: windowMs });
    const law = property(
      integer({ min: 1, max: 50 }),
      array(step, { minLength: 1, maxLength: 300 }),
      (quota, steps) => {
        let [now, fullAt, allowed, forward] = [t0, 0, 0, 0];
        for (const by of steps) {
          now += by;
          // A clock that steps back gives nothing; what it then runs through again it gives again
          forward += Math.max(0, by);
          const spent = spend(fullAt, quota, now);
          ({ fullAt } = spent);
          if (spent.allowed) allowed++;
        }
        expect(allowed).toBeLessThanOrEqual(quota + Math.ceil((forward / windowMs) * quota));
      },
    );
    assertLaw(law);
  });

  test('whoever waits as long as it says is let through', () => {
    const law = property(
      integer({ min: 1, max: 1_000_000 }),
      double({ min: 0, max: t0 * 2, noNaN: true }),
      (quota, fullAt) => {
        const first = spend(fullAt, quota, t0);
        if (first.allowed) return;
        expect(spend(first.fullAt, quota, t0 + first.waitMs).allowed).toBe(true);
      },
    );
    assertLaw(law);
  });
});
