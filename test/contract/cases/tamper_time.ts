// Times of a token: malformed, past, future, too long, and the exact edges of each

import type { Verifier } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { withRaw } from '../support/forge.ts';
import { accepts, refused, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { movableClock, now, world } from '../support/world.ts';

const claim = (
  name: string,
  value: unknown,
  code: Mutation['code'],
  more: Readonly<Record<string, unknown>> = {},
): Mutation => ({
  name: `${name} ${JSON.stringify(value) ?? 'missing'}${Object.keys(more).length > 0 ? ' beside others' : ''}`,
  mutate: (from) => from.withClaims({ ...more, [name]: value }),
  code,
});

/** A claim whose value is JSON text that JavaScript would not write. */
const raw = (name: string, text: string, code: Mutation['code']): Mutation => ({
  name: `${name} ${text}`,
  mutate: ({ signed, header, claims }) => signed(header, withRaw(claims, name, text)),
  code,
});

const wrongTypes = [null, '1800000840', '2027-01-15T08:00:00Z', [1_800_000_840], {}, true, ''];

const malformed = ['exp', 'iat', 'nbf'].flatMap((name) =>
  wrongTypes.map((value) => claim(name, value, 'claim_malformed')),
);

const rows: readonly Mutation[] = [
  ...malformed,
  claim('exp', undefined, 'claim_missing'),
  claim('iat', undefined, 'claim_missing'),
  claim('exp', 0, 'token_expired'),
  claim('exp', -1, 'token_expired'),
  claim('exp', now - 100, 'token_expired', { iat: now - 1000 }),
  raw('exp', '1e400', 'claim_malformed'),
  raw('exp', '-1e400', 'claim_malformed'),
  raw('iat', '-1e400', 'claim_malformed'),
  raw('iat', '1e400', 'claim_malformed'),
  raw('nbf', '1e400', 'claim_malformed'),
  raw('nbf', '-1e400', 'claim_malformed'),
  raw('exp', '9007199254740993', 'lifetime_too_long'),
  raw('exp', '1e308', 'lifetime_too_long'),
  claim('exp', (now + 840) * 1000, 'lifetime_too_long'),
  claim('exp', now + 3541, 'lifetime_too_long'),
  claim('iat', 0, 'lifetime_too_long'),
  claim('iat', -1, 'lifetime_too_long'),
  claim('iat', now + 300, 'token_not_active'),
  claim('iat', now + 900, 'token_not_active'),
  claim('iat', now * 1000, 'token_not_active'),
  claim('iat', now + 4, 'claim_malformed', { exp: now + 2 }),
  claim('iat', now + 2, 'claim_malformed', { exp: now + 2 }),
  claim('nbf', now + 300, 'token_not_active'),
  claim('nbf', now + 900, 'token_not_active'),
  claim('nbf', now + 4, 'claim_malformed', { exp: now + 2 }),
  claim('nbf', now + 2, 'claim_malformed', { exp: now + 2 }),
];

const good: readonly Control[] = [
  { name: 'a fractional exp', make: (from) => from.withClaims({ exp: now + 0.5 }) },
  {
    name: 'a fractional iat and nbf',
    make: (from) => from.withClaims({ iat: now - 0.5, nbf: now - 0.25 }),
  },
  {
    name: 'an exp in exponent form',
    make: ({ signed, header, claims }) => signed(header, withRaw(claims, 'exp', '18000008400e-1')),
  },
  { name: 'a lifetime of exactly an hour', make: (from) => from.withClaims({ exp: now + 3540 }) },
  { name: 'an nbf in the past', make: (from) => from.withClaims({ nbf: now - 30 }) },
];

/** What a token's time claims come to at a moment: accepted (`undefined`) or the code. */
interface Edge {
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly code?: Mutation['code'];
}

const exp = now + 100;
const tolerated = (tolerance: number): readonly Edge[] => [
  { name: 'exp - 1', claims: { exp }, at: exp - 1 },
  ...(tolerance === 0 ? [] : [{ name: 'exp', claims: { exp }, at: exp }]),
  ...(tolerance === 0
    ? []
    : [{ name: 'exp + tolerance - 1', claims: { exp }, at: exp + tolerance - 1 }]),
  { name: 'exp + tolerance', claims: { exp }, at: exp + tolerance, code: 'token_expired' },
  { name: 'exp + tolerance + 1', claims: { exp }, at: exp + tolerance + 1, code: 'token_expired' },
  ...(['nbf', 'iat'] as const).flatMap((name): Edge[] => [
    { name: `${name} + 1`, claims: { [name]: now, exp }, at: now + 1 },
    { name, claims: { [name]: now, exp }, at: now },
    { name: `${name} - tolerance`, claims: { [name]: now, exp }, at: now - tolerance },
    {
      name: `${name} - tolerance - 1`,
      claims: { [name]: now, exp },
      at: now - tolerance - 1,
      code: 'token_not_active',
    },
  ]),
];

const edges = [0, 5, 60].flatMap((clockTolerance) =>
  tolerated(clockTolerance).map(({ name, claims, at, code }): ContractCase => ({
    name: `verifyAgentToken() ${code === undefined ? 'accepts' : 'rejects'} at ${name}, tolerance ${clockTolerance} s`,
    run: async () => {
      const { withClaims, verifierWith } = await world();
      // Issued early enough that only the claim in question has its edge here.
      const token = await withClaims({ iat: now - 1000, ...claims });
      const verifier = await verifierWith({ clockTolerance, clock: () => at });
      if (code !== undefined) return refused(verifier, token, code);
      return equal((await verifier.verifyAgentToken(token)).agentId, 'planner', 'agentId');
    },
  })),
);

/** The same token at several moments, one after the other, by one verifier with its cache. */
const story = (
  name: string,
  steps: readonly (readonly [at: number, code: Mutation['code'] | undefined])[],
): ContractCase => ({
  name: `verifyAgentToken() ${name}`,
  run: async () => {
    const { token, verifierWith } = await world();
    const time = movableClock();
    const verifier: Verifier = await verifierWith({ clock: time.read });
    for (const [at, code] of steps) {
      time.set(at);
      if (code === undefined) await verifier.verifyAgentToken(token);
      else await refused(verifier, token, code);
    }
  },
});

export const cases: readonly ContractCase[] = [
  ...rejects(rows),
  ...accepts(good),
  ...edges,
  story('rejects a remembered token from exp + tolerance on', [
    [now, undefined],
    [now + 839, undefined],
    [now + 844, undefined],
    [now + 845, 'token_expired'],
    [now + 846, 'token_expired'],
  ]),
  story('does not remember that a token was expired', [
    [now + 3600, 'token_expired'],
    [now, undefined],
  ]),
  story('rejects a remembered token when the clock was set back before its iat', [
    [now, undefined],
    [now - 3600, 'token_not_active'],
    [now, undefined],
  ]),
  story('rejects a remembered token when the clock was set forward by an hour', [
    [now, undefined],
    [now + 3600, 'token_expired'],
    [now + 845, 'token_expired'],
  ]),
];
