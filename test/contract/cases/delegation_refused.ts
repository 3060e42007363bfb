// Exchanged delegation (`act`, `dlg`): everything that widens, breaks or lengthens a chain

import type { ContractCase } from '../case.ts';
import { actOf, chainClaims, withAncestor } from '../support/chains.ts';
import { change, type Json } from '../support/forge.ts';
import { rejects, type Mutation } from '../support/mutations.ts';
import { now, type World } from '../support/world.ts';

/** A good chain of so many hops, with changed claims. */
const changed = (
  name: string,
  hops: number,
  changes: (claims: Json, from: World) => Json,
  code: Mutation['code'],
): Mutation => ({
  name,
  mutate: (from) => from.signed(from.header, changes(chainClaims(from, hops), from)),
  code,
});

/** What makes a link wider than the one before it. */
const wider: Readonly<Record<string, Json>> = {
  'another scope': { scope: 'bus:publish:team-a-x bus:veto' },
  'a scope without its pattern': { scope: 'bus:publish bus:receive bus:broadcast' },
  'an admin scope': { scope: 'admin:write' },
  'a higher tier': { tier: 'root' },
  'another audience': { aud: ['swarm-bus', 'elsewhere'] },
  'a later expiry': { exp: now + 1000 },
};
const tiers = ['fast', 'power', 'root'];

const widened = [1, 2, 3].flatMap((hops) =>
  Array.from({ length: hops }, (_, at) => at + 1).flatMap((link) =>
    Object.entries(wider).map(([name, changes]): Mutation => ({
      ...changed(
        `${name} at hop ${link} of ${hops}`,
        hops,
        (claims) => (link === hops ? change(claims, changes) : withAncestor(claims, link, changes)),
        'delegation_widened',
      ),
      by: (from) => from.verifierWith({ tiers }),
    })),
  ),
);

const malformedActs: readonly unknown[] = [
  null,
  'worker',
  0,
  [],
  [{ sub: 'worker' }],
  {},
  { sub: '' },
  { sub: 1 },
  { sub: null },
  { sub: '../admin' },
  { sub: 'a b' },
  { sub: 'worker', act: null },
  { sub: 'worker', act: 'helper' },
  { sub: 'worker', act: {} },
  { act: { sub: 'worker' } },
];

const malformedLists: readonly unknown[] = [null, 'x', 0, {}, [], [null], ['x'], [[]], [0], true];

/** One ancestor's members, each in a way that nobody may write. */
const malformedMembers: readonly Json[] = [
  { extra: 1 },
  { act: { sub: 'x' } },
  { iss: 1 },
  { iss: null },
  { sub: 'other' },
  { sub: null },
  { aud: 1 },
  { aud: null },
  { aud: [1] },
  { scope: '*' },
  { scope: null },
  { scope: 'bus:*' },
  { scope: '' },
  { tier: 1 },
  { tier: '' },
  { tier: null },
  { iat: '0' },
  { iat: null },
  { exp: '0' },
  { exp: null },
  { jti: 1 },
  { jti: '' },
  { jti: null },
  { sid: 1 },
  { sid: '' },
  { kid: 1 },
  { kid: '' },
  { kid: null },
];

const code = 'delegation_malformed';

const malformed: readonly Mutation[] = [
  ...malformedActs.map((act) =>
    changed(`act ${JSON.stringify(act)}`, 1, (claims) => change(claims, { act }), code),
  ),
  ...malformedLists.map((dlg) =>
    changed(`dlg ${JSON.stringify(dlg)}`, 1, (claims) => change(claims, { dlg }), code),
  ),
  ...malformedMembers.flatMap((member) =>
    [0, 1].map((at) =>
      changed(
        `ancestor ${at} with ${JSON.stringify(member)}`,
        2,
        (claims) => withAncestor(claims, at, member),
        code,
      ),
    ),
  ),
  changed(
    'an empty dlg without act',
    1,
    (claims) => change(claims, { act: undefined, client_id: 'planner', dlg: [] }),
    code,
  ),
  changed('act without dlg', 1, (claims) => change(claims, { dlg: undefined }), code),
  changed('dlg without act', 1, (claims) => change(claims, { act: undefined }), code),
  changed('more actors than ancestors', 2, (claims) => withoutAncestors(claims, 1), code),
  changed('more ancestors than actors', 2, (claims) => change(claims, { act: actOf(['x']) }), code),
  {
    name: 'an ancestor whose exp is too large for a number',
    mutate: ({ header, signed, ...from }) => {
      const text = JSON.stringify(chainClaims({ header, signed, ...from }, 1));
      return signed(header, text.replace(`"exp":${now + 900}`, '"exp":1e400'));
    },
    code,
  },
];

function withoutAncestors(claims: Json, count: number): Json {
  return change(claims, { dlg: (claims['dlg'] as readonly Json[]).slice(count) });
}

const four = ['a', 'b', 'c', 'd'];
const deep: readonly Mutation[] = [
  changed(
    'four actors',
    3,
    (claims) => change(claims, { act: actOf(four), client_id: 'd' }),
    'delegation_too_deep',
  ),
  changed(
    'four ancestors',
    3,
    (claims) => change(claims, { dlg: [...(claims['dlg'] as readonly Json[]), { jti: 'x' }] }),
    'delegation_too_deep',
  ),
  changed(
    'four actors and four ancestors',
    3,
    (claims) =>
      change(claims, {
        act: actOf(four),
        client_id: 'd',
        dlg: [...(claims['dlg'] as readonly Json[]), { jti: 'x' }],
      }),
    'delegation_too_deep',
  ),
  changed(
    'an act 40 deep',
    1,
    (claims) => change(claims, { act: actOf(Array(40).fill('a')) }),
    'token_malformed',
  ),
  changed(
    'an act 2,000 deep',
    1,
    (claims) => change(claims, { act: actOf(Array(2000).fill('a')) }),
    'token_too_large',
  ),
];

const others: readonly Mutation[] = [
  changed(
    'a client_id that is not the newest actor',
    2,
    (claims) => change(claims, { client_id: 'worker' }),
    'claim_malformed',
  ),
  changed(
    'a client_id that is the subject',
    1,
    (claims) => change(claims, { client_id: 'planner' }),
    'claim_malformed',
  ),
  changed(
    'an ancestor of an unknown tier',
    1,
    (claims) => withAncestor(claims, 0, { tier: 'unknown' }),
    'delegation_widened',
  ),
  changed(
    'a tier above that of an ancestor without one of its own',
    1,
    (claims) => withAncestor(change(claims, { tier: 'power' }), 0, { tier: 'fast' }),
    'delegation_widened',
  ),
  changed(
    'a delegated token over its own size limit',
    3,
    (claims) => change(claims, { pad: 'x'.repeat(3000) }),
    'token_too_large',
  ),
];

export const cases: readonly ContractCase[] = rejects([
  ...widened,
  ...malformed,
  ...deep,
  ...others,
]);
