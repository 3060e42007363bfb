// The plan of key rotation: its rules over years of simulated time, whenever it is asked

import { array, assert, boolean, nat, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planRotation, type RotatingKey, type RotationPolicy } from '../../src/issue/index.ts';

const policy: RotationPolicy = { activeFor: 1000, publishFor: 100, retireFor: 300, keepFor: 2000 };

interface Ring {
  readonly keys: readonly RotatingKey[];
  readonly wakeAt: number;
  readonly made: number;
}

const empty: Ring = { keys: [], wakeAt: 0, made: 0 };

/** Takes the steps of a plan, as the key ring does. */
function run(ring: Ring, now: number, rotate = false): Ring {
  const { steps, wakeAt } = planRotation(ring.keys, policy, now, { rotate });
  let { keys, made } = ring;
  for (const step of steps) {
    if (step.kind === 'make') {
      keys = [...keys, { kid: `key-${made++}`, state: step.as, since: now }];
    } else if (step.kind === 'forget') {
      keys = keys.filter(({ kid }) => kid !== step.kid);
    } else {
      keys = keys.map((key) =>
        key.kid === step.kid ? { ...key, state: step.to, since: now } : key,
      );
    }
  }
  return { keys, wakeAt, made };
}

const inState = ({ keys }: Ring, state: string): readonly RotatingKey[] =>
  keys.filter((key) => key.state === state);

describe('planRotation()', () => {
  test('makes a signing key and its successor at the first start', () => {
    const { keys, wakeAt } = run(empty, 0);
    expect(keys.map(({ state }) => state)).toEqual(['active', 'next']);
    expect(wakeAt).toBe(policy.publishFor);
  });

  test('plans nothing new when nothing is due', () => {
    const ring = run(empty, 0);
    expect(planRotation(ring.keys, policy, 50).steps).toEqual([]);
  });

  test('lets the successor sign when the time of the active key is over', () => {
    const ring = run(run(empty, 0), policy.activeFor);
    expect(ring.keys.map(({ kid, state }) => [kid, state])).toEqual([
      ['key-0', 'retiring'],
      ['key-1', 'active'],
      ['key-2', 'next'],
    ]);
  });

  test('rotates on demand, but not before the successor was published long enough', () => {
    const start = run(empty, 0);
    const early = run(start, policy.publishFor - 1, true);
    expect(inState(early, 'active')[0]?.kid).toBe('key-0');
    expect(early.wakeAt).toBe(policy.publishFor);
    expect(inState(run(early, early.wakeAt, true), 'active')[0]?.kid).toBe('key-1');
  });

  test('lets the successor sign at once when no key is active', () => {
    const start = run(empty, 0);
    const compromised = start.keys.filter(({ state }) => state !== 'active');
    const ring = run({ ...start, keys: compromised }, 1);
    expect(inState(ring, 'active')[0]?.kid).toBe('key-1');
    expect(inState(ring, 'next')).toHaveLength(1);
  });

  test('retires a key only after its last token has expired, and forgets it later', () => {
    const rotated = run(run(empty, 0), 1000);
    expect(inState(run(rotated, 1000 + policy.retireFor - 1), 'retiring')).toHaveLength(1);
    const retired = run(rotated, 1000 + policy.retireFor);
    expect(inState(retired, 'retired')[0]?.kid).toBe('key-0');
    expect(run(retired, 1300 + policy.keepFor).keys.some(({ kid }) => kid === 'key-0')).toBe(false);
  });

  test('keeps its rules whenever it is asked, late alarms included', () => {
    assert(
      property(array(tuple(nat(700), boolean()), { minLength: 1, maxLength: 60 }), (visits) => {
        let ring = run(empty, 0);
        let now = 0;
        const publishedAt = new Map<string, number>();
        const signedUntil = new Map<string, number>();
        for (const [pause, rotate] of visits) {
          for (const key of inState(ring, 'next')) publishedAt.set(key.kid, key.since);
          for (const key of inState(ring, 'active')) signedUntil.set(key.kid, now + pause);
          now += pause;
          const before = ring;
          ring = run(ring, now, rotate);
          const active = inState(ring, 'active');
          expect(active).toHaveLength(1);
          expect(inState(ring, 'next')).toHaveLength(1);
          expect(ring.wakeAt).toBeGreaterThan(now);
          const [signer] = active;
          if (signer !== undefined && inState(before, 'active')[0]?.kid !== signer.kid) {
            const published = publishedAt.get(signer.kid) ?? Number.NaN;
            expect(now - published).toBeGreaterThanOrEqual(policy.publishFor);
          }
          for (const { kid } of inState(ring, 'retired')) {
            const last = signedUntil.get(kid) ?? Number.NaN;
            expect(now - last).toBeGreaterThanOrEqual(policy.retireFor);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
