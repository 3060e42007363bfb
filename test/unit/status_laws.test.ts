// The laws of status lists: what was packed and compressed comes back as it was, at every index and no other

import { array, assert, asyncProperty, constantFrom, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeStatusList,
  encodeStatusList,
  packStatuses,
  statusAt,
} from '../../src/revoke/status_codec.ts';

const statuses = constantFrom(1 as const, 2 as const, 4 as const, 8 as const).chain((bits) =>
  tuple(constantFrom(bits), array(integer({ min: 0, max: 2 ** bits - 1 }), { maxLength: 300 })),
);

describe('a status list', () => {
  test('gives back every status that was packed, and none beyond its last byte', () => {
    const law = property(statuses, ([bits, list]) => {
      const bytes = packStatuses(list, bits);
      const end = (bytes.length * 8) / bits;
      return (
        list.every((status, index) => statusAt(bytes, bits, index) === status) &&
        [-1, 0.5, Number.NaN, end, end + 1, 2 ** 53].every(
          (index) => statusAt(bytes, bits, index) === undefined,
        )
      );
    });
    assert(law, { numRuns: 5000 });
  });

  test('is the same after it was compressed and unfolded', async () => {
    const law = asyncProperty(statuses, async ([bits, list]) => {
      const bytes = packStatuses(list, bits);
      const unfolded = await decodeStatusList(await encodeStatusList(bytes), bytes.length);
      expect(unfolded).toEqual(bytes);
    });
    await assert(law, { numRuns: 500 });
  });

  test('holds no status that does not fit its bits', () => {
    const law = property(statuses, ([bits]) => {
      expect(() => packStatuses([2 ** bits], bits)).toThrow(TypeError);
      expect(() => packStatuses([-1], bits)).toThrow(TypeError);
    });
    assert(law, { numRuns: 20 });
  });
});
