// The algorithm of a token: none, confusion of symmetric and asymmetric, and what is not in the table

import { createVerifier, localKeys, type Verifier } from '../../../src/index.ts';
import type { ContractCase } from '../case.ts';
import { mac, segment, sign, split } from '../support/forge.ts';
import { accepts, rejects, type Control, type Mutation } from '../support/mutations.ts';
import { clock, keyOf, type World } from '../support/world.ts';

/** The good claims under another `alg`, with the empty signature or another. */
const unsigned = ({ header, claims }: World, alg: unknown, tail = ''): string =>
  `${segment({ ...header, alg })}.${segment(claims)}.${tail}`;

const code = 'alg_not_allowed';

const nones = ['none', 'None', 'NONE', 'nOnE', 'NoNe', 'none ', ' none', 'none\u0000', 'nonе'].map(
  (alg): Mutation => ({
    name: `alg ${JSON.stringify(alg)} with an empty signature`,
    mutate: (from) => unsigned(from, alg),
    code,
  }),
);

const shapes = ['', null, undefined, 0, false, true, ['none'], ['ES256'], {}, { ES256: 1 }].map(
  (alg): Mutation => ({
    name: `alg ${JSON.stringify(alg) ?? 'missing'}`,
    mutate: (from) => from.withHeader({ alg }),
    code,
  }),
);

const names = [
  'es256',
  'Es256',
  'ES256 ',
  'ES256K',
  'ES512',
  'HS1',
  'HS256',
  'HS512',
  'RS1',
  'RS256',
  'RS384',
  'PS256',
  'EdDSA',
  'Ed25519',
  'Ed448',
  'ML-DSA-44',
  'dir',
  'RSA-OAEP',
  'RSA1_5',
  'A256GCMKW',
  'ECDH-ES',
  '__proto__',
  'constructor',
].map((alg): Mutation => ({
  name: `alg ${JSON.stringify(alg)} over a right ES256 signature`,
  mutate: (from) => from.withHeader({ alg }),
  code,
}));

function pem(label: string, der: Uint8Array, final = '\n'): string {
  const text = btoa(String.fromCharCode(...der));
  const lines = text.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----${final}`;
}

/** What is public of a key, in the forms that an attacker may use as an HMAC secret. */
async function publicForms(alg: 'ES256' | 'RS256'): Promise<Readonly<Record<string, Uint8Array>>> {
  const { publicJwk } = await keyOf(alg, 'trusted');
  const { kty, crv, x, y, n, e } = publicJwk;
  const parameters =
    alg === 'ES256'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const bare = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JsonWebKey;
  const key = await crypto.subtle.importKey('jwk', bare, parameters, true, ['verify']);
  const der = new Uint8Array(await crypto.subtle.exportKey('spki', key));
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  return {
    PEM: bytes(pem('PUBLIC KEY', der)),
    'PEM without the final newline': bytes(pem('PUBLIC KEY', der, '')),
    'PKCS#1 PEM': bytes(pem('RSA PUBLIC KEY', der.subarray(24))),
    DER: der,
    'JWK text': bytes(JSON.stringify(publicJwk)),
    'raw number': bytes(x ?? n ?? ''),
    'JWKS text': bytes(JSON.stringify({ keys: [publicJwk] })),
    kid: bytes(publicJwk.kid),
  };
}

const everyAlgorithm = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'] as const;

/** Trusts a key of each kind, and every algorithm of the table. */
async function wide(): Promise<Verifier> {
  const keys = await Promise.all(everyAlgorithm.map((alg) => keyOf(alg, 'trusted')));
  return createVerifier({
    keys: await localKeys({ keys: keys.map(({ publicJwk }) => publicJwk) }),
    algorithms: everyAlgorithm,
    clock,
  });
}

const forms = [
  'PEM',
  'PEM without the final newline',
  'PKCS#1 PEM',
  'DER',
  'JWK text',
  'raw number',
  'JWKS text',
  'kid',
];
const confusions = (['ES256', 'RS256'] as const).flatMap((alg) =>
  forms.map((form): Mutation => ({
    name: `an HS256 MAC keyed with the ${alg} public key as ${form}`,
    mutate: async ({ header, claims }) => {
      const { kid } = await keyOf(alg, 'trusted');
      const secret = (await publicForms(alg))[form] ?? new Uint8Array();
      return mac(secret, { ...header, alg: 'HS256', kid }, claims);
    },
    code,
    by: wide,
  })),
);

const weakSecrets = ['', 'secret', 'password', 'your-256-bit-secret', 'changeme'].map(
  (secret): Mutation => ({
    name: `an HS256 MAC keyed with ${JSON.stringify(secret)}`,
    mutate: ({ header, claims }) => mac(secret, { ...header, alg: 'HS256' }, claims),
    code,
    by: wide,
  }),
);

/** A token under one algorithm's name, made with another's key. */
const crossed = (
  alg: string,
  named: (typeof everyAlgorithm)[number],
  signer: (typeof everyAlgorithm)[number] = named,
): Mutation['mutate'] => {
  return async ({ header, claims }) => {
    const { kid } = await keyOf(named, 'trusted');
    const { privateKey } = await keyOf(signer, 'trusted');
    return sign(privateKey, { ...header, alg, kid }, claims);
  };
};

const mismatches: readonly Mutation[] = [
  {
    name: 'alg PS256 under a key for RS256',
    mutate: crossed('PS256', 'RS256', 'PS256'),
    code: 'key_unusable',
    by: wide,
  },
  { name: 'alg RS384 under a key for RS256', mutate: crossed('RS384', 'RS256'), code, by: wide },
  {
    name: 'alg ES256 under the kid of the RSA key',
    mutate: crossed('ES256', 'RS256', 'ES256'),
    code: 'key_unusable',
    by: wide,
  },
  {
    name: 'alg ES256 under the kid of the P-384 key',
    mutate: crossed('ES256', 'ES384'),
    code: 'key_unusable',
    by: wide,
  },
  {
    name: 'alg ES384 under the kid of the P-256 key',
    mutate: crossed('ES384', 'ES256'),
    code: 'key_unusable',
    by: wide,
  },
  {
    name: 'alg Ed25519 under the kid of the P-256 key',
    mutate: crossed('Ed25519', 'ES256', 'Ed25519'),
    code: 'key_unusable',
    by: wide,
  },
];

const framing: readonly Mutation[] = [
  {
    name: 'alg none over the right ES256 signature',
    mutate: (from) => unsigned(from, 'none', split(from.token)[2]),
    code,
  },
  {
    name: 'alg none without the last dot',
    mutate: (from) => unsigned(from, 'none').slice(0, -1),
    code: 'token_malformed',
  },
  {
    name: 'a JSON serialization with alg in the unprotected header',
    mutate: ({ claims, token }) =>
      JSON.stringify({
        payload: segment(claims),
        protected: segment({}),
        header: { alg: 'ES256' },
        signature: split(token)[2],
      }),
    code: 'token_malformed',
  },
];

const good: readonly Control[] = everyAlgorithm.map((alg) => ({
  name: `${alg} where it is configured`,
  make: crossed(alg, alg),
  by: wide,
}));

export const cases: readonly ContractCase[] = [
  ...rejects([...nones, ...shapes, ...names, ...confusions, ...weakSecrets]),
  ...rejects([...mismatches, ...framing]),
  ...accepts([
    ...good,
    {
      name: 'EdDSA as the older name of Ed25519',
      make: crossed('EdDSA', 'Ed25519'),
      by: wide,
    },
  ]),
];
