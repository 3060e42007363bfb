// The laws of narrowing: no hop grants what its parent did not, and tiers that nobody knows never pass

import {
  assert,
  constantFrom,
  integer,
  property,
  record,
  shuffledSubarray,
  tuple,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversAll } from '../../src/authorize/covers.ts';
import { chainNarrows, narrows, type Grant } from '../../src/verify/delegation.ts';

const tiers = ['low', 'fast', 'power'];
const scopes = ['bus:publish', 'bus:publish:a*', 'bus:publish:ab', 'bus:receive', 'mcp:call:x'];

const grant = record({
  issuer: constantFrom('yamtam-engine'),
  audience: shuffledSubarray(['a', 'b', 'c']),
  scope: shuffledSubarray(scopes),
  tier: constantFrom(undefined, ...tiers, 'unknown'),
  issuedAt: constantFrom(0),
  expiresAt: integer({ min: 1, max: 5 }),
  tokenId: constantFrom(undefined),
  sessionId: constantFrom(undefined),
  keyThumbprint: constantFrom(undefined),
  jkt: constantFrom(undefined),
});

const rank = ({ tier }: Grant): number => (tier === undefined ? 0 : tiers.indexOf(tier));
const runs = { numRuns: 20_000 };

describe('narrows()', () => {
  test('lets nothing pass that is wider in any respect', () => {
    const law = property(tuple(grant, grant), ([parent, child]) => {
      const within =
        rank(child) >= 0 &&
        rank(parent) >= rank(child) &&
        child.expiresAt <= parent.expiresAt &&
        child.audience.every((one) => parent.audience.includes(one)) &&
        coversAll(parent.scope, child.scope);
      return narrows(parent, child, tiers) === within;
    });
    assert(law, runs);
  });

  test('is transitive, so that no chain widens what its root granted', () => {
    const law = property(tuple(grant, grant, grant), ([root, middle, leaf]) => {
      const chain = { actors: ['a', 'b'], ancestors: [root, middle] };
      return !chainNarrows(chain, leaf, tiers) || narrows(root, leaf, tiers);
    });
    assert(law, runs);
  });

  test('refuses a tier that is not configured, whoever has it', () => {
    const one: Grant = {
      issuer: 'yamtam-engine',
      audience: ['a'],
      scope: [],
      tier: 'unknown',
      issuedAt: 0,
      expiresAt: 1,
      tokenId: undefined,
      sessionId: undefined,
      keyThumbprint: undefined,
      jkt: undefined,
    };
    expect(narrows(one, one, tiers)).toBe(false);
    expect(narrows({ ...one, tier: 'power' }, one, tiers)).toBe(false);
    expect(narrows(one, { ...one, tier: 'low' }, tiers)).toBe(false);
    expect(narrows(one, { ...one, tier: undefined }, tiers)).toBe(false);
  });
});
