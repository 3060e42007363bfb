// The compact set against a plain map, and its memory and look-ups at a million entries

import { array, assert, constant, constantFrom, nat, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compactSet } from '../../src/revoke/compact_set.ts';
import type { Fingerprint } from '../../src/revoke/fingerprint.ts';

const keyOf = ({ high, low }: Fingerprint): string => `${high} ${low}`;

/** Few enough values to collide, crowd at one home, and stand at both ends. */
const part = oneof(
  constantFrom(0, 1, 2, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff),
  nat({ max: 0xffff_ffff }),
);
const fingerprint = record({ high: part, low: part });
const step = oneof(
  { weight: 5, arbitrary: record({ what: constant('add'), fingerprint, life: nat(50) }) },
  {
    weight: 1,
    arbitrary: record({ what: constant('remove'), fingerprint, life: nat(50) }),
  },
);

const random = (): Fingerprint => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return { high, low };
};

describe('compactSet()', () => {
  test('holds what a map holds, whatever is added, removed and expires', () => {
    assert(
      property(array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const set = compactSet();
        const model = new Map<string, number>();
        let now = 1000;
        for (const { what, fingerprint: entry, life } of steps) {
          now++;
          if (what === 'add') {
            set.add(entry, now + life, now);
            model.set(keyOf(entry), Math.max(now + life, model.get(keyOf(entry)) ?? 0));
          } else {
            set.remove(entry);
            model.delete(keyOf(entry));
          }
        }
        for (const { fingerprint: entry } of steps) {
          const expiresAt = model.get(keyOf(entry));
          // What has expired may be held or not
          if (expiresAt === undefined) expect(set.has(entry)).toBe(false);
          else if (expiresAt > now) expect(set.has(entry)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('holds entries that all have one home', () => {
    const set = compactSet();
    for (let low = 0; low < 2000; low++) set.add({ high: 0xffff_ffff, low: low * 7 }, 2000, 1000);
    for (let low = 0; low < 2000; low++) {
      expect(set.has({ high: 0xffff_ffff, low: low * 7 })).toBe(true);
      expect(set.has({ high: 0xffff_ffff, low: low * 7 + 1 })).toBe(false);
    }
  });

  test('holds a million records in at most 16 bytes each, and finds each', () => {
    const set = compactSet();
    const entries = Array.from({ length: 1_000_000 }, random);
    let worst = 0;
    for (const [index, entry] of entries.entries()) {
      set.add(entry, 2000, 1000);
      if (index > 10_000) worst = Math.max(worst, set.bytes / set.size);
    }
    expect(worst).toBeLessThanOrEqual(16);
    expect(set.size).toBe(1_000_000);
    expect(entries.every((entry) => set.has(entry))).toBe(true);
    expect(entries.some(({ high, low }) => set.has({ high, low: low ^ 1 }))).toBe(false);
  });

  test('gives the memory of expired records back', () => {
    const set = compactSet();
    for (let index = 0; index < 100_000; index++) set.add(random(), 2000, 1000);
    const full = set.bytes;
    for (let index = 0; index < 20_000; index++) set.add(random(), 9000, 3000);
    expect(set.bytes).toBeLessThan(full / 3);
  });

  test('an end past 2^32 stands until it is removed', () => {
    const set = compactSet();
    const entry = { high: 5, low: 6 };
    set.add(entry, Infinity, 1000);
    for (let index = 0; index < 10_000; index++) set.add(random(), 2000, 1000);
    expect(set.has(entry)).toBe(true);
    set.remove(entry);
    expect(set.has(entry)).toBe(false);
  });
});
