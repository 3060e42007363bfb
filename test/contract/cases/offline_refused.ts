// Off-line delegation: everything that breaks, lengthens, forges or widens a chain, and its exact code

import type { ErrorCode, VerifyOptions } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { actOf, chainClaims } from '../support/chains.ts';
import { sha256, sign, type Json } from '../support/forge.ts';
import {
  chainOf,
  hopBelow,
  presented,
  publicMembers,
  type Chain,
  type HopChanges,
} from '../support/hops.ts';
import { keyOf, now, world } from '../support/world.ts';

/** One hostile chain and the code that it is refused with. */
interface Row {
  readonly name: string;
  readonly make: () => Promise<Chain>;
  readonly code: ErrorCode;
  /** Whether it must be refused before any signature is checked. */
  readonly early?: true;
  readonly present?: (chain: Chain) => Promise<VerifyOptions>;
}

const malformed = 'delegation_malformed';

/** The hops of a good chain of three, put together anew. */
const rearranged = (
  name: string,
  arrange: (hops: readonly [string, string, string]) => readonly string[],
  code: ErrorCode = malformed,
): Row => ({
  name,
  make: async () => {
    const { token, hops } = await chainOf(3);
    return { token, hops: arrange([hops[0] ?? '', hops[1] ?? '', hops[2] ?? '']) };
  },
  code,
  early: true,
});

/** A chain of so many hops in which the one at a place is changed, and signed again. */
const changed = (
  name: string,
  at: number,
  changes: HopChanges,
  code: ErrorCode,
  length = Math.max(at, 1),
): Row => ({ name, make: () => chainOf(length, { [at]: changes }), code });

const early = (row: Row): Row => ({ ...row, early: true });

const linked: readonly Row[] = [
  rearranged('the first hop missing', ([, b, c]) => [b, c]),
  rearranged('the middle hop missing', ([a, , c]) => [a, c]),
  rearranged('the first hop doubled', ([a, b]) => [a, a, b]),
  rearranged('the last hop doubled', ([a, b]) => [a, b, b]),
  rearranged('two hops swapped', ([a, b, c]) => [a, c, b]),
  rearranged('its hops newest first', ([a, b, c]) => [c, b, a]),
  rearranged('an empty hop', ([a, b]) => [a, '', b]),
  rearranged('a final comma', ([a]) => [a, '']),
  rearranged('no hop at all', () => ['']),
  rearranged('four hops', ([a, b, c]) => [a, b, c, c], 'delegation_too_deep'),
  rearranged('a thousand hops', () => Array<string>(1000).fill('x'), 'delegation_too_deep'),
  rearranged('a hop that is no JWS', ([a]) => [a, 'x']),
  rearranged('a hop of two segments', ([a, b]) => [a, b.split('.').slice(0, 2).join('.')]),
  rearranged('a hop with padding', ([a, b]) => [a, `${b}=`]),
  rearranged('a hop over its size', ([a]) => [a, 'x'.repeat(1537)], 'token_too_large'),
  rearranged('a header over its size', () => ['x'.repeat(5000)], 'token_too_large'),
  {
    name: 'hops of another root',
    make: async () => {
      const { hops } = await chainOf(2);
      const { token } = await chainOf(0, { 0: { claims: { jti: 'another' } } });
      return { token, hops };
    },
    code: malformed,
    early: true,
  },
  {
    name: 'a hop that a sibling signed with its own key',
    make: async () => {
      const sibling = await keyOf('ES256', 'sibling');
      const header = { jwk: await publicMembers(sibling) };
      return chainOf(2, { 2: { header, signer: sibling } });
    },
    code: malformed,
    early: true,
  },
  {
    name: "a hop under its parent's key that a sibling signed",
    make: async () => chainOf(2, { 2: { signer: await keyOf('ES256', 'sibling') } }),
    code: 'signature_invalid',
  },
  {
    name: 'a root that a stranger signed',
    make: async () => {
      const from = await world();
      const { token } = await chainOf(0);
      const [, payload = ''] = token.split('.');
      const forged = await sign(from.stranger.privateKey, from.header, atob(payload));
      return { token: forged, hops: [await hopBelow(forged, 1)] };
    },
    code: 'signature_invalid',
  },
  {
    name: 'more hops than the root allows',
    make: () => chainOf(2, { 0: { claims: { dlg_max: 1 } } }),
    code: 'delegation_too_deep',
    early: true,
  },
  {
    name: 'a root that may not be delegated',
    make: () => chainOf(1, { 0: { claims: { dlg_max: undefined } } }),
    code: 'delegation_too_deep',
    early: true,
  },
  {
    name: 'a root that says it may be delegated nine times',
    make: () => chainOf(1, { 0: { claims: { dlg_max: 9 } } }),
    code: 'delegation_too_deep',
    early: true,
  },
  {
    name: 'a root that is bound to no key',
    make: () => chainOf(1, { 0: { claims: { cnf: undefined } } }),
    code: malformed,
    early: true,
  },
  {
    name: 'two hops below a root with two actors',
    make: async () => {
      const claims = chainClaims(await world(), 2, { act: actOf(['worker', 'helper']) });
      return chainOf(2, { 0: { claims } });
    },
    code: 'delegation_too_deep',
    early: true,
  },
];

const headers: readonly (readonly [name: string, header: Json, code: ErrorCode])[] = [
  ['alg none', { alg: 'none' }, 'alg_not_allowed'],
  ['alg HS256', { alg: 'HS256' }, 'alg_not_allowed'],
  ['alg ES384', { alg: 'ES384' }, 'alg_not_allowed'],
  ['alg RS256', { alg: 'RS256' }, 'alg_not_allowed'],
  ['an alg that its key is not for', { alg: 'Ed25519' }, malformed],
  ['no typ', { typ: undefined }, 'typ_not_allowed'],
  ['typ at+jwt', { typ: 'at+jwt' }, 'typ_not_allowed'],
  ['typ dpop+jwt', { typ: 'dpop+jwt' }, 'typ_not_allowed'],
  ['crit', { crit: ['x'] }, 'header_not_allowed'],
  ['b64', { b64: false }, 'header_not_allowed'],
  ['jku', { jku: 'https://evil.example' }, 'header_not_allowed'],
  ['x5c', { x5c: [] }, 'header_not_allowed'],
  ['no jwk', { jwk: undefined }, malformed],
  ['a jwk of text', { jwk: 'x' }, malformed],
  ['a symmetric jwk', { jwk: { kty: 'oct', k: 'AAAA' } }, malformed],
  ['a kid of another key', { kid: 'x' }, malformed],
];

const thumbprint = 'A'.repeat(43);
const claims: readonly Json[] = [
  { prt: undefined },
  { prt: 1 },
  { prt: thumbprint },
  { sub: undefined },
  { sub: '../admin' },
  { sub: '' },
  { cnf: undefined },
  { cnf: {} },
  { cnf: { jkt: 'x' } },
  { cnf: { jkt: thumbprint, x: 1 } },
  { aud: undefined },
  { aud: 1 },
  { scope: undefined },
  { scope: '' },
  { scope: '*' },
  { scope: 'bus:*' },
  { tier: '' },
  { tier: 1 },
  { tier: null },
  { iat: undefined },
  { iat: '1' },
  { exp: undefined },
  { exp: '1' },
  { jti: undefined },
  { jti: '' },
  { jti: 'x'.repeat(129) },
  { act: { sub: 'x' } },
  { nbf: now },
  { dlg_max: 3 },
];

const formed: readonly Row[] = [1, 2].flatMap((at) => [
  ...headers.map(([name, header, code]) =>
    early(changed(`${name} in hop ${at}`, at, { header }, code)),
  ),
  ...claims.map((change) =>
    early(changed(`${JSON.stringify(change)} in hop ${at}`, at, { claims: change }, malformed)),
  ),
]);

/** What makes a hop wider than its parent, whichever it is. */
const wider: readonly (readonly [name: string, claims: Json])[] = [
  ['another scope', { scope: 'bus:publish:team-a-b bus:veto' }],
  ['a scope without its pattern', { scope: 'bus:publish bus:receive bus:broadcast' }],
  ['an admin scope that its root has', { scope: 'admin:read' }],
  ['a higher tier', { tier: 'root' }],
  ['an unknown tier', { tier: 'unknown' }],
  ['another audience', { aud: ['swarm-bus', 'elsewhere'] }],
  ['a later expiry', { exp: now + 841 }],
];

const widened: readonly Row[] = [1, 2, 3].flatMap((length) =>
  Array.from({ length }, (_, at) => at + 1).flatMap((at) =>
    wider.map(([name, change]) =>
      changed(
        `${name} at hop ${at} of ${length}`,
        at,
        { claims: change },
        'delegation_widened',
        length,
      ),
    ),
  ),
);

const timed: readonly Row[] = [
  changed('an expired hop', 1, { claims: { exp: now - 6, iat: now - 60 } }, 'token_expired'),
  changed('an expired hop in the middle', 2, { claims: { exp: now - 6 } }, 'token_expired', 3),
  changed('a hop from the future', 1, { claims: { iat: now + 6 } }, 'token_not_active'),
  changed('a hop for too long', 1, { claims: { iat: now - 3100 } }, 'lifetime_too_long'),
  changed(
    'a hop that ends before it begins',
    1,
    { claims: { iat: now + 3, exp: now + 2 } },
    malformed,
  ),
  changed('a hop for another audience', 1, { claims: { aud: 'b' } }, 'audience_mismatch'),
  changed('an expired root', 0, { claims: { exp: now - 6 } }, 'token_expired'),
];

const proven: readonly Row[] = [
  ...[0, 1].map((by): Row => ({
    name: `a proof by the key at place ${by} of two`,
    make: () => chainOf(2),
    present: (chain) => presented(chain, by),
    code: 'proof_invalid',
  })),
  {
    name: 'no proof',
    make: () => chainOf(1),
    present: async ({ hops }) => ({ delegation: hops.join() }),
    code: 'proof_required',
  },
  {
    name: 'its hops left out',
    make: () => chainOf(1),
    present: async (chain) => ({ ...(await presented(chain)), delegation: undefined }),
    code: 'proof_invalid',
  },
  {
    name: 'a number for hops',
    make: () => chainOf(1),
    present: async () => ({ proof: null, delegation: 1 as unknown as string }),
    code: malformed,
  },
];

/** Counts the signature checks that the runtime makes. */
async function countSignatures(run: () => Promise<void>): Promise<number> {
  const { subtle } = crypto;
  const original = subtle.verify;
  let count = 0;
  subtle.verify = function counted(...args: Parameters<SubtleCrypto['verify']>) {
    count++;
    return original.apply(this, args);
  };
  try {
    await run();
  } finally {
    subtle.verify = original;
  }
  return count;
}

const rejects = ({ name, make, code, early: before, present = presented }: Row): ContractCase => ({
  name: `verifyAgentToken() rejects a chain with ${name}`,
  run: async () => {
    const chain = await make();
    const { verifierWith } = await world();
    const options = await present(chain);
    const verifier = await verifierWith({ tiers: ['fast', 'power', 'root'] });
    let result = await verifier.checkAgentToken(chain.token, options);
    const checks = await countSignatures(async () => {
      result = await verifier.checkAgentToken(chain.token, options);
    });
    equal(result.ok ? 'accepted' : result.error.code, code, 'code');
    if (before === true) equal(checks, 0, 'signatures checked');
  },
});

export const cases: readonly ContractCase[] = [
  ...[...linked, ...formed, ...widened, ...timed, ...proven].map(rejects),
  {
    name: 'verifyAgentToken() rejects hops below a remembered root with the same codes',
    run: async () => {
      const { verifierWith } = await world();
      const verifier = await verifierWith({});
      const rows = [...linked, ...widened].filter(({ code }) => code !== 'signature_invalid');
      for (const { make, code } of rows.slice(0, 24)) {
        const { token, hops } = await make();
        await verifier.checkAgentToken(token, { proof: null });
        const options = { proof: null, delegation: hops.join() };
        const result = await verifier.checkAgentToken(token, options);
        equal(result.ok ? 'accepted' : result.error.code, code, 'code');
      }
    },
  },
  {
    name: 'verifyAgentToken() rejects what is not a string beside a token, whatever it remembers',
    run: async () => {
      const { verifierWith } = await world();
      const verifier = await verifierWith({});
      const { token, hops } = await chainOf(1);
      await verifier.verifyAgentToken(token, { proof: null, delegation: hops.join() });
      for (const value of [hops, null, Symbol('hop'), Object.create(null)]) {
        const delegation = value as string;
        const result = await verifier.checkAgentToken(token, { proof: null, delegation });
        equal(result.ok ? 'accepted' : result.error.code, malformed, 'code');
      }
    },
  },
  {
    name: 'verifyAgentToken() rejects a second chain that reuses the first hop of another',
    run: async () => {
      const { verifier } = await world();
      const one = await chainOf(2);
      const other = await hopBelow(one.hops[0] ?? '', 2, { claims: { prt: await sha256('x') } });
      const options = { proof: null, delegation: [one.hops[0], other].join() };
      const result = await verifier.checkAgentToken(one.token, options);
      equal(!result.ok && result.error.code, malformed, 'code');
    },
  },
];
