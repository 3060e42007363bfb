// Identities of connections stay the same objects for as long as their connections are asked about, and no longer

import { expect, test } from 'vitest';
import { createIdentityMemory } from '../../worker/bus/identity_memory.ts';

const row = (id: string) => ({ id, identities: JSON.stringify([{ tokenId: id }]) });

test('a connection has the same objects in each round, and new ones after a round without it', () => {
  const memory = createIdentityMemory();
  const [a, b] = memory.recall([row('a'), row('b')]);
  expect(a).toEqual({ id: 'a', identities: [{ tokenId: 'a' }] });
  const [again] = memory.recall([row('a')]);
  expect(again?.identities).toBe(a?.identities);
  const [, later] = memory.recall([row('a'), row('b')]);
  expect(later?.identities).toEqual(b?.identities);
  // It was forgotten: whatever ends is not remembered
  expect(later?.identities).not.toBe(b?.identities);
});
