// createVerifier: every mistake in its options is a TypeError that names the option

import {
  createVerifier,
  localKeys,
  type KeySource,
  type VerifierOptions,
} from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { refused, throwsTypeError, rejectsWithTypeError } from '../support/mutations.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

/** A mistake in one option, beside a right key source, and what the message must name. */
type Mistake = readonly [option: string, value: unknown, named?: string];

const never = (): never => {
  throw new Error('never asked');
};

const mistakes: readonly Mistake[] = [
  ...[undefined, null, {}, 'key', { find: 1 }, []].map((value): Mistake => ['keys', value]),
  ...[undefined, '', 0, {}, [], ['yamtam-engine']].map((value): Mistake => ['issuer', value]),
  ...[undefined, '', '*', 0, {}, [], [''], ['*'], ['a', 1], [undefined], Array(1)].map(
    (value): Mistake => ['audience', value],
  ),
  ...[undefined, [], 'ES256', {}, null, ['none'], ['HS256'], ['ES256', 'HS256'], ['dir']].map(
    (value): Mistake => ['algorithms', value],
  ),
  ...[['es256'], [''], [null], ['__proto__'], ['constructor']].map((value): Mistake => [
    'algorithms',
    value,
  ]),
  ...[undefined, '', 'jwt', 'AT+JWT', null, 1].map((value): Mistake => ['profile', value]),
  ...[undefined, [], 'fast', [''], [1], ['fast', 'fast'], null, {}, Array(1)].map(
    (value): Mistake => ['tiers', value],
  ),
  ...[undefined, 0, -1, 3601, NaN, Infinity, '900', null].map((value): Mistake => [
    'maxLifetime',
    value,
  ]),
  ...[undefined, -1, 61, 1e9, NaN, Infinity, '5', null, []].map((value): Mistake => [
    'clockTolerance',
    value,
  ]),
  ...[undefined, null, {}, true, never, { isRevoked: true }].map((value): Mistake => [
    'revocation',
    value,
  ]),
  ...[undefined, {}, true, never, { use: true }].map((value): Mistake => ['replay', value]),
  ...[undefined, null, 0, 5, 'yes', never].map((value): Mistake => ['cache', value]),
  ['cache', { maxEntrys: 5 }, 'maxEntrys'],
  ...[0, -1, NaN, '5', 1e9].map((value): Mistake => ['cache', { maxEntries: value }, 'maxEntries']),
  ...[undefined, null, 0, new Date(0)].map((value): Mistake => ['clock', value]),
  ...[undefined, 0, 255, 65_537, NaN, Infinity, '2048'].flatMap((value): Mistake[] => [
    ['maxTokenBytes', value],
    ['maxDelegatedTokenBytes', value],
  ]),
  ...['audiance', 'isuer', 'algorithm', 'Clock', 'maxAge', '__proto', 'key'].map(
    (option): Mistake => [option, 1],
  ),
];

const keysOf = async (): Promise<KeySource> =>
  localKeys((await keyOf('ES256', 'trusted')).publicJwk);

const single = mistakes.map(([option, value, named = option]): ContractCase => ({
  name: `createVerifier() refuses ${option}: ${shown(value)}`,
  run: async () => {
    const options = { keys: await keysOf(), [option]: value };
    throwsTypeError(() => createVerifier(options), named);
  },
}));

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'undefined');
}

/** Mistakes in the whole, given the key source. */
const whole: readonly (readonly [
  name: string,
  make: (keys: KeySource, other: KeySource) => unknown,
  text: string,
])[] = [
  ['no options', () => undefined, 'createVerifier'],
  ['null', () => null, 'createVerifier'],
  ['a key source alone', (keys) => keys, 'createVerifier'],
  ['no keys', () => ({}), '"keys"'],
  ['no issuers', () => ({ issuers: [] }), '"issuers"'],
  ['issuers that are no list', (keys) => ({ issuers: { keys } }), '"issuers"'],
  ['issuers undefined', () => ({ issuers: undefined }), '"issuers"'],
  ['an issuer that is null', () => ({ issuers: [null] }), '"issuers"'],
  ['an issuer without keys', () => ({ issuers: [{ issuer: 'a' }] }), '"keys"'],
  ['an issuer with a typo', (keys) => ({ issuers: [{ keys, isuer: 'a' }] }), '"isuer"'],
  [
    'a shared option in an issuer',
    (keys) => ({ issuers: [{ keys, clockTolerance: 0 }] }),
    '"clockTolerance"',
  ],
  ['one issuer and issuers', (keys) => ({ keys, issuers: [{ keys }] }), '"keys"'],
  [
    'one issuer twice',
    (keys, other) => ({
      issuers: [
        { issuer: 'a', keys },
        { issuer: 'a', keys: other },
      ],
    }),
    '"issuers"',
  ],
  [
    'the default issuer twice',
    (keys, other) => ({ issuers: [{ keys }, { issuer: 'yamtam-engine', keys: other }] }),
    '"issuers"',
  ],
  [
    'any issuer beside another',
    (keys, other) => ({
      issuers: [
        { issuer: null, keys },
        { issuer: 'a', keys: other },
      ],
    }),
    '"issuer"',
  ],
  [
    'one key source under two profiles',
    (keys) => ({
      issuers: [
        { issuer: 'a', keys },
        { issuer: 'b', keys, profile: 'engine' },
      ],
    }),
    'two profiles',
  ],
];

export const cases: readonly ContractCase[] = [
  ...single,
  ...whole.map(([name, make, text]): ContractCase => ({
    name: `createVerifier() refuses ${name}`,
    run: async () => {
      const other = await localKeys((await keyOf('ES256', 'other issuer')).publicJwk);
      const options = make(await keysOf(), other);
      throwsTypeError(() => createVerifier(options as VerifierOptions), text);
    },
  })),
  {
    name: 'createVerifier() refuses one key under two profiles in two sources',
    run: async () => {
      const issuers = [
        { issuer: 'a', keys: await keysOf() },
        { issuer: 'b', keys: await keysOf(), profile: 'engine' as const },
      ];
      throwsTypeError(() => createVerifier({ issuers }), 'two profiles');
    },
  },
  {
    name: 'createVerifier() takes null as the opt-out of issuer and audience, and nothing else',
    run: async () => {
      const { withClaims, verifierWith } = await world();
      const token = await withClaims({ iss: 'anyone', aud: 'anything' });
      const any = await verifierWith({ issuer: null, audience: null });
      equal((await any.verifyAgentToken(token)).issuer, 'anyone', 'issuer');
      await refused(await verifierWith({ issuer: null }), token, 'audience_mismatch');
      await refused(await verifierWith({ audience: null }), token, 'issuer_not_trusted');
      for (const iss of [undefined, null, '', 0, ['anyone']]) {
        await refused(any, await withClaims({ iss }), 'issuer_not_trusted');
      }
      await refused(any, await withClaims({ aud: undefined }), 'claim_missing');
      await refused(any, await withClaims({ aud: [1] }), 'claim_malformed');
    },
  },
  {
    name: 'createVerifier() takes no later change of its options',
    run: async () => {
      const { token } = await world();
      const audience = ['swarm-bus'];
      const tiers = ['fast', 'power'];
      const options = { keys: await keysOf(), audience, tiers, clock, issuer: 'yamtam-engine' };
      const verifier = createVerifier(options);
      audience[0] = 'other';
      tiers[0] = 'other';
      options.issuer = 'other';
      equal((await verifier.verifyAgentToken(token)).agentId, 'planner', 'agentId');
    },
  },
  {
    name: 'verifyAgentToken() refuses mistakes in its own options',
    run: async () => {
      const { token, verifier } = await world();
      const check = (options: unknown): Promise<unknown> =>
        verifier.verifyAgentToken(token, options as object);
      await rejectsWithTypeError(check({ prof: null }), '"prof"');
      await rejectsWithTypeError(check(null), 'verifyAgentToken');
      await rejectsWithTypeError(check('x'), 'verifyAgentToken');
      await rejectsWithTypeError(check({ proof: 'a.b.c' }), '"method"');
      await rejectsWithTypeError(check({ proof: 'a.b.c', method: 'GET' }), '"url"');
    },
  },
  {
    name: 'verifyAgentToken() does not run on a clock that tells no time',
    run: async () => {
      const { token, verifierWith } = await world();
      for (const time of [NaN, Infinity, undefined, 'now', null]) {
        const verifier = await verifierWith({ clock: () => time as number });
        await rejectsWithTypeError(verifier.verifyAgentToken(token), '"clock"');
      }
    },
  },
  {
    name: 'createVerifier() takes a shorter lifetime and no tolerance',
    run: async () => {
      const { token, verifierWith } = await world();
      await refused(await verifierWith({ maxLifetime: 899 }), token, 'lifetime_too_long');
      const exact = await verifierWith({ maxLifetime: 900, clockTolerance: 0 });
      equal((await exact.verifyAgentToken(token)).expiresAt, now + 840, 'expiresAt');
    },
  },
];
