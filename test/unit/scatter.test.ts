// Fingerprints are spread: a feed whose hashes were chosen to crowd costs no more than another

import { assert, nat, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createScatter } from '../../src/revoke/scatter.ts';
import { createRevocationView } from '../../src/revoke/view.ts';

const part = nat({ max: 0xffff_ffff });
const fingerprint = record({ high: part, low: part });
const textOf = ({ high, low }: { high: number; low: number }): string => `${high} ${low}`;

/** A hash that begins with these 64 bits. */
function hashOf(high: number, low: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(high, 0);
  bytes.writeUInt32BE(low, 4);
  return bytes.toString('base64url');
}

describe('createScatter()', () => {
  test('maps one to one, to 32 bits each', () => {
    const scatter = createScatter();
    assert(
      property(fingerprint, fingerprint, (one, other) => {
        const [first, second] = [scatter(one), scatter(other)];
        expect(textOf(first) === textOf(second)).toBe(textOf(one) === textOf(other));
        for (const half of [first.high, first.low]) expect(half >>> 0).toBe(half);
        expect(scatter(one)).toEqual(first);
      }),
    );
  });

  test('is another map each time', () => {
    const maps = Array.from({ length: 20 }, () => textOf(createScatter()({ high: 1, low: 1 })));
    expect(new Set(maps).size).toBe(20);
  });
});

describe('a view', () => {
  // Side by side each would be looked for past all the others: 10^10 steps
  test.each([
    ['follow each other', (at: number) => hashOf(at, 0)],
    ['begin alike', (at: number) => hashOf(0xffff_ffff, at)],
  ])(
    'takes 200,000 records whose hashes %s',
    (_name, hash) => {
      const count = 200_000;
      const records = Array.from({ length: count }, (_, at) => ({
        seq: at + 1,
        kind: 'token' as const,
        h: hash(at),
        exp: 2000,
      }));
      const view = createRevocationView();
      view.apply({ issuer: 'x', seq: count, as_of: 1000, full: true, records }, 0);
      expect(view.size).toBe(count);
      expect(view.bytes).toBeLessThan(count * 16);
    },
    10_000,
  );
});
