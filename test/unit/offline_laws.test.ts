// The laws of off-line delegation: whatever tree of delegations is grown, an accepted leaf is within all its ancestors

import {
  assert,
  asyncProperty,
  constantFrom,
  integer,
  nat,
  property,
  record,
  subarray,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversAll } from '../../src/authorize/covers.ts';
import {
  createVerifier,
  delegateAgentToken,
  generateSigningKey,
  localKeys,
  TokenError,
  type SigningKey,
} from '../../src/index.ts';
import type { Grant } from '../../src/verify/delegation.ts';
import { narrowHops } from '../../src/verify/hop_claims.ts';
import { change, sha256, sign, type Json } from '../contract/support/forge.ts';

const tiers = ['low', 'fast', 'power'];
const scopes = ['bus:publish', 'bus:publish:a*', 'bus:publish:ab', 'bus:receive', 'mcp:call:x*'];
const audiences = ['swarm-bus', 'b', 'c'];
const now = 1_800_000_000;
const clock = (): number => now;

const keys: readonly SigningKey[] = await Promise.all(
  Array.from({ length: 5 }, () => generateSigningKey()),
);
const authority = await generateSigningKey();
const verifier = createVerifier({
  keys: await localKeys(authority.publicJwk),
  audience: null,
  tiers,
  clock,
  cache: { maxEntries: 8 },
});

const keyAt = (at: number): SigningKey => keys[at] ?? authority;

/** The members of a grant that narrow: what a hop or a root says. */
interface Wanted {
  readonly scope: readonly string[];
  readonly aud: readonly string[];
  readonly tier: string | undefined;
  readonly exp: number;
}

const wanted: Arbitrary<Wanted> = record({
  scope: subarray(scopes, { minLength: 1 }),
  aud: subarray(audiences, { minLength: 1 }),
  tier: constantFrom(undefined, ...tiers),
  exp: integer({ min: 100, max: 105 }).map((later) => now + later),
});

const widest: Wanted = { scope: scopes.slice(0), aud: audiences, tier: 'power', exp: now + 105 };

function rootToken(root: Wanted): Promise<string> {
  const claims = {
    iss: 'yamtam-engine',
    sub: 'planner',
    client_id: 'planner',
    jti: 'root',
    iat: now,
    cnf: { jkt: keyAt(0).kid },
    dlg_max: 3,
  };
  const { scope, ...rest } = root;
  const header = { alg: 'ES256', typ: 'at+jwt', kid: authority.kid };
  return sign(
    authority.privateKey,
    header,
    change({ ...claims, ...rest, scope: scope.join(' ') }, {}),
  );
}

async function hopToken(parent: string, at: number, { scope, ...rest }: Wanted): Promise<string> {
  const { kid: _kid, use: _use, alg, ...jwk } = keyAt(at - 1).publicJwk;
  const claims: Json = {
    prt: await sha256(parent),
    sub: `agent-${at}`,
    cnf: { jkt: keyAt(at).kid },
    iat: now,
    jti: `hop-${at}`,
    scope: scope.join(' '),
    ...rest,
  };
  return sign(
    keyAt(at - 1).privateKey,
    { alg, typ: 'agent-delegation+jwt', jwk },
    change(claims, {}),
  );
}

async function verify(root: Wanted, hops: readonly Wanted[]) {
  const token = await rootToken(root);
  const texts: string[] = [];
  for (const [at, hop] of hops.entries()) {
    texts.push(await hopToken(texts.at(-1) ?? token, at + 1, hop));
  }
  return verifier.checkAgentToken(token, { delegation: texts.join(','), proof: null });
}

const rank = (tier: string | undefined): number => (tier === undefined ? 0 : tiers.indexOf(tier));

/** The tiers that links have: a hop without one has its parent's. */
function tiersOf(links: readonly Wanted[]): readonly number[] {
  const found: number[] = [];
  for (const { tier } of links) {
    const parent = found.at(-1);
    found.push(tier === undefined && parent !== undefined ? parent : rank(tier));
  }
  return found;
}

const grantOf = ({ scope, aud, tier, exp }: Wanted): Grant => ({
  issuer: 'yamtam-engine',
  audience: aud,
  scope,
  tier,
  issuedAt: now,
  expiresAt: exp,
  tokenId: undefined,
  sessionId: undefined,
  keyThumbprint: undefined,
  jkt: undefined,
});

const narrower = (of: Wanted): Arbitrary<Wanted> =>
  record({
    scope: subarray([...of.scope], { minLength: 1 }),
    aud: subarray([...of.aud], { minLength: 1 }),
    tier: constantFrom(undefined, ...tiers.slice(0, rank(of.tier) + 1)),
    exp: integer({ min: now + 50, max: of.exp }),
  }).map((hop) => ({ ...hop, tier: hop.tier ?? of.tier }));

/** A chain that narrows all the way: a path through a tree of delegations. */
const path: Arbitrary<readonly Wanted[]> = narrower(widest).chain((root) =>
  narrower(root).chain((first) =>
    narrower(first).chain((second) =>
      narrower(second).map((third) => [root, first, second, third] as const),
    ),
  ),
);

/** One way to make a link wider than the one above it. */
const widenings: readonly ((above: Wanted, link: Wanted) => Wanted)[] = [
  (_above, link) => ({ ...link, scope: [...link.scope, 'bus:veto'] }),
  (_above, link) => ({ ...link, scope: [...link.scope, 'admin:read'] }),
  (_above, link) => ({ ...link, aud: [...link.aud, 'elsewhere'] }),
  (_above, link) => ({ ...link, tier: 'unknown' }),
  (above, link) => ({ ...link, exp: above.exp + 1 }),
  (above, link) => {
    const higher = tiers[rank(above.tier) + 1];
    return { ...link, tier: higher ?? 'unknown' };
  },
];

describe('an off-line chain', () => {
  test('is accepted exactly when every hop is within its parent', async () => {
    const law = asyncProperty(
      wanted,
      tuple(wanted, wanted, wanted),
      nat(2),
      async (root, all, n) => {
        const hops = all.slice(0, n + 1);
        const links = [root, ...hops];
        const ranks = tiersOf(links);
        const within = hops.every((hop, at) => {
          const parent = links[at] ?? root;
          return (
            (ranks[at + 1] ?? 0) <= (ranks[at] ?? 0) &&
            hop.exp <= parent.exp &&
            hop.aud.every((one) => parent.aud.includes(one)) &&
            coversAll(parent.scope, hop.scope)
          );
        });
        const result = await verify(root, hops);
        expect(result.ok ? 'accepted' : result.error.code).toBe(
          within ? 'accepted' : 'delegation_widened',
        );
      },
    );
    await assert(law, { numRuns: 400 });
  });

  test('that narrows all the way is accepted, and its leaf is within every ancestor', async () => {
    const law = asyncProperty(path, async ([root = widest, ...hops]) => {
      const result = await verify(root, hops);
      if (!result.ok) throw result.error;
      const { scope, audience, tier, expiresAt } = result.value;
      for (const link of [root, ...hops]) {
        expect(coversAll(link.scope, scope)).toBe(true);
        expect(audience.every((one) => link.aud.includes(one))).toBe(true);
        expect(rank(tier)).toBeLessThanOrEqual(rank(link.tier));
        expect(expiresAt).toBeLessThanOrEqual(link.exp);
      }
    });
    await assert(law, { numRuns: 300 });
  });

  test('is refused with delegation_widened wherever one hop widens in one respect', async () => {
    const one = constantFrom(...widenings);
    const law = asyncProperty(path, nat(2), one, async (links, at, widen) => {
      const [root = widest, ...hops] = links;
      const above = links[at] ?? root;
      const bent = hops.map((hop, index) => (index === at ? widen(above, hop) : hop));
      const result = await verify(root, bent);
      expect(result.ok ? 'accepted' : result.error.code).toBe('delegation_widened');
    });
    await assert(law, { numRuns: 400 });
  });
});

describe('delegateAgentToken()', () => {
  test('signs what a verifier accepts, and refuses all that one would refuse', async () => {
    const law = asyncProperty(wanted, wanted, async (root, hop) => {
      const token = await rootToken(root);
      const outcome = await delegateAgentToken({
        token,
        key: keyAt(0),
        to: 'agent-1',
        cnf: { jkt: keyAt(1).kid },
        scope: hop.scope,
        audience: hop.aud,
        ...(hop.tier === undefined ? {} : { tier: hop.tier }),
        lifetime: hop.exp - now,
        tiers,
        clock,
      }).catch((error: unknown) => error);
      // The lifetime is cut down to the parent's, not refused
      const within = narrowHops(
        grantOf(root),
        [{ grant: grantOf({ ...hop, exp: Math.min(hop.exp, root.exp) }) }],
        tiers,
      );
      if (typeof outcome === 'string') {
        const result = await verifier.checkAgentToken(token, { delegation: outcome, proof: null });
        expect(result.ok && result.value.expiresAt).toBe(Math.min(hop.exp, root.exp));
      } else {
        expect(outcome instanceof TokenError && outcome.code).toBe('delegation_widened');
      }
      expect(typeof outcome === 'string').toBe(within !== undefined);
    });
    await assert(law, { numRuns: 300 });
  });
});

describe('narrowHops()', () => {
  test('never lets a leaf out of its root, however many hops there are', () => {
    const law = property(wanted, tuple(wanted, wanted, wanted), (root, hops) => {
      const grants = narrowHops(
        grantOf(root),
        hops.map((hop) => ({ grant: grantOf(hop) })),
        tiers,
      );
      const leaf = grants?.at(-1);
      return (
        leaf === undefined ||
        (coversAll(root.scope, leaf.scope) &&
          leaf.expiresAt <= root.exp &&
          rank(leaf.tier) <= rank(root.tier) &&
          leaf.audience.every((one) => root.aud.includes(one)))
      );
    });
    assert(law, { numRuns: 20_000 });
  });
});
