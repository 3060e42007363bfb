// The permutation of a status list: a bijection, and one that tells nothing of neighbours

import { describe, expect, test } from 'vitest';
import {
  listSize,
  makeListSecret,
  permutationOf,
} from '../../worker/authority/status/status_permutation.ts';

describe('the permutation of a list', () => {
  test('maps the whole list to itself, each number once', async () => {
    const permute = await permutationOf(makeListSecret());
    const seen = new Uint8Array(listSize);
    for (let counter = 0; counter < listSize; counter++) seen[permute(counter)] = 1;
    expect(seen.every((found) => found === 1)).toBe(true);
  });

  test('depends on the secret, and neighbours are not neighbours', async () => {
    const [one, other] = [
      await permutationOf(makeListSecret()),
      await permutationOf(makeListSecret()),
    ];
    const first = Array.from({ length: 64 }, (_, at) => one(at));
    expect(Array.from({ length: 64 }, (_, at) => other(at))).not.toEqual(first);
    const steps = first.slice(1).filter((index, at) => Math.abs(index - (first[at] ?? 0)) < 16);
    expect(steps.length).toBeLessThan(8);
  });
});
