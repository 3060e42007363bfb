// Names of mailboxes on disk: there and back, and never one folder for two agents

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeName, encodeName, foldedName, mergedIds } from '../../cli/bridge/names.ts';
import { isAgentId } from '../../src/index.ts';

const edge = fc.constantFrom(...'abzABZ059'.split(''));
const middle = fc.constantFrom(...'aAbBzZ09._:@/-'.split(''));
const agentId = fc
  .tuple(edge, fc.string({ unit: middle, maxLength: 40 }), edge)
  .map((parts) => parts.join(''))
  .filter(isAgentId);
const anyName = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...'aA.=2F3a:/-_'.split('')), maxLength: 12 }),
);

test('encodeName() and decodeName() are inverse for every agent id, and the name is safe', () => {
  fc.assert(
    fc.property(agentId, (id) => {
      const name = encodeName(id);
      expect(decodeName(name)).toBe(id);
      expect(name).toMatch(/^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/);
    }),
    { numRuns: 2000 },
  );
});

test('decodeName() takes only what encodeName() writes', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      const id = decodeName(name);
      if (id === undefined) return;
      expect([encodeName(id), isAgentId(id)]).toEqual([name, true]);
    }),
    { numRuns: 5000 },
  );
  const long = `a${'b'.repeat(128)}`;
  const refused =
    ' . .. .a a/b ../a a= a=3 a=3a a=ZZ =41 a=41b a=2E =2Ehidden a..b a=00b a=0Ab ä a=C3=A4b =2E=2E a=5Cb';
  for (const name of ['', 'a ', long, ...refused.split(' ')]) {
    expect([name, decodeName(name)]).toEqual([name, undefined]);
  }
  const taken = { 'a=3Ab': 'a:b', 'team=2Fa': 'team/a', 'a=40b': 'a@b', 'a.b_c-d': 'a.b_c-d' };
  for (const [name, id] of Object.entries(taken)) expect(decodeName(name)).toBe(id);
  expect(encodeName('.a')).toBe('=2Ea');
});

test('ids that a disk without capitals would merge are all found, and no others', () => {
  fc.assert(
    fc.property(fc.uniqueArray(agentId, { maxLength: 8 }), fc.boolean(), (ids, isDoubled) => {
      const all = [...new Set(isDoubled ? [...ids, ...ids.map((id) => id.toUpperCase())] : ids)];
      const merged = mergedIds(all);
      for (const id of all) {
        const isShared = all.some((other) => other !== id && foldedName(other) === foldedName(id));
        expect([id, merged.has(id)]).toEqual([id, isShared]);
      }
      const left = all.filter((id) => !merged.has(id));
      expect(new Set(left.map(foldedName)).size).toBe(left.length);
    }),
    { numRuns: 1000 },
  );
  expect([...mergedIds(['planner', 'coder', 'Planner'])].sort()).toEqual(['Planner', 'planner']);
});
