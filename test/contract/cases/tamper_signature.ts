// The signature: forms that must not verify, and the one malleable form that must not be a second identity

import { base64url } from 'jose';
import { createVerifier, localKeys, type RevocationSource } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { segment, sign, signature, split } from '../support/forge.ts';
import { refused, rejects, type Mutation } from '../support/mutations.ts';
import { clock, keyOf, world, type World } from '../support/world.ts';

const code = 'signature_invalid';

/** The order of P-256 (SEC 2 section 2.4.2). */
const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

function toBytes(value: bigint): Uint8Array {
  const hex = value.toString(16).padStart(64, '0');
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** The good token with another signature. */
function withSignature(from: World, bytes: Uint8Array): string {
  const [header, payload] = split(from.token);
  return `${header}.${payload}.${base64url.encode(bytes)}`;
}

const own = ({ token }: World): Uint8Array => base64url.decode(split(token)[2]);

const invalid = (name: string, make: (from: World) => Uint8Array): Mutation => ({
  name,
  mutate: (from) => withSignature(from, make(from)),
  code,
});

const pair = (r: bigint, s: bigint) => (): Uint8Array => join(toBytes(r), toBytes(s));

/** One number of a DER signature. */
function derInteger(bytes: Uint8Array): Uint8Array {
  const digits = (bytes[0] ?? 0) > 127 ? join(Uint8Array.of(0), bytes) : bytes;
  return join(Uint8Array.of(2, digits.length), digits);
}

function toDer(bytes: Uint8Array): Uint8Array {
  const body = join(derInteger(bytes.subarray(0, 32)), derInteger(bytes.subarray(32)));
  return join(Uint8Array.of(0x30, body.length), body);
}

/** (r, n - s): verifies wherever (r, s) does. */
function malleated(from: World): string {
  const bytes = own(from);
  const s = order - toNumber(bytes.subarray(32));
  return withSignature(from, join(bytes.subarray(0, 32), toBytes(s)));
}

const forms: readonly Mutation[] = [
  invalid('an empty signature', () => new Uint8Array()),
  invalid('a signature of zeros', () => new Uint8Array(64)),
  invalid('a signature of ones', () => new Uint8Array(64).fill(255)),
  invalid('r = 0, s = 1', pair(0n, 1n)),
  invalid('r = 1, s = 0', pair(1n, 0n)),
  invalid('r = 1, s = 1', pair(1n, 1n)),
  invalid('r = n, s = n', pair(order, order)),
  invalid('r = n, s = 0', pair(order, 0n)),
  invalid('a DER signature', (from) => toDer(own(from))),
  invalid('63 bytes', (from) => own(from).subarray(0, 63)),
  invalid('65 bytes', (from) => join(own(from), Uint8Array.of(0))),
  invalid('a leading zero', (from) => join(Uint8Array.of(0), own(from))),
  invalid('128 bytes', (from) => join(own(from), own(from))),
  invalid('r and s exchanged', (from) => join(own(from).subarray(32), own(from).subarray(0, 32))),
  invalid('one bit changed in r', (from) =>
    own(from).map((byte, at) => (at === 3 ? byte ^ 1 : byte)),
  ),
  invalid('one bit changed in s', (from) =>
    own(from).map((byte, at) => (at === 40 ? byte ^ 128 : byte)),
  ),
  invalid('r + n', (from) => {
    const r = (toNumber(own(from).subarray(0, 32)) + order) % (1n << 256n);
    return join(toBytes(r), own(from).subarray(32));
  }),
];

const swaps: readonly Mutation[] = [
  {
    name: 'the signature of another token',
    mutate: async (from) => {
      const [header, payload] = split(from.token);
      return `${header}.${payload}.${split(await from.withClaims({ sid: 'run-2' }))[2]}`;
    },
    code,
  },
  {
    name: 'a payload from another token',
    mutate: ({ token, claims }) => {
      const [header, , tail] = split(token);
      return `${header}.${segment({ ...claims, tier: 'power' })}.${tail}`;
    },
    code,
  },
  {
    name: 'a header from another token',
    mutate: ({ token, header }) => {
      const [, payload, tail] = split(token);
      return `${segment({ ...header, x: 1 })}.${payload}.${tail}`;
    },
    code,
  },
  {
    name: "a stranger's signature under the trusted kid",
    mutate: ({ stranger, header, claims }) => sign(stranger.privateKey, header, claims),
    code,
  },
  {
    name: 'a signature over the payload alone',
    mutate: async (from) => {
      const [header, payload] = split(from.token);
      const bytes = await signature(from.key.privateKey, payload);
      return `${header}.${payload}.${base64url.encode(bytes)}`;
    },
    code,
  },
];

const rsaForms = (['RS256', 'PS256'] as const).flatMap((alg) => {
  const by = async () => {
    const { publicJwk } = await keyOf(alg, 'trusted');
    return createVerifier({ keys: await localKeys(publicJwk), algorithms: [alg], clock });
  };
  const row = (name: string, make: (bytes: Uint8Array) => Uint8Array): Mutation => ({
    name: `${alg} with ${name}`,
    mutate: async ({ header, claims }) => {
      const { privateKey, kid } = await keyOf(alg, 'trusted');
      const [head, body, tail] = split(await sign(privateKey, { ...header, alg, kid }, claims));
      return `${head}.${body}.${base64url.encode(make(base64url.decode(tail)))}`;
    },
    code,
    by,
  });
  return [
    row('a signature one byte short', (bytes) => bytes.subarray(1)),
    row('a signature without its last byte', (bytes) => bytes.subarray(0, -1)),
    row('a leading zero', (bytes) => join(Uint8Array.of(0), bytes)),
    row('a signature of zeros', (bytes) => new Uint8Array(bytes.length)),
    row('an empty signature', () => new Uint8Array()),
  ];
});

/** Revokes by issuer and jti, as every source does; remembers what it was asked. */
function revokes(jti: unknown): { source: RevocationSource; asked: string[] } {
  const asked: string[] = [];
  const source: RevocationSource = {
    isRevoked: (chain) => {
      asked.push(...chain.map(({ issuer, tokenId }) => `${issuer} ${tokenId}`));
      return chain.some(({ tokenId }) => tokenId === jti);
    },
  };
  return { source, asked };
}

export const cases: readonly ContractCase[] = [
  ...rejects([...forms, ...swaps, ...rsaForms]),
  {
    name: 'verifyAgentToken() knows (r, n - s) by the same identity, so that it stays revoked',
    run: async () => {
      const from = await world();
      const alias = malleated(from);
      equal(alias === from.token, false, 'same spelling');
      const agent = await from.verifier.verifyAgentToken(alias);
      equal(agent.tokenId, from.claims['jti'], 'tokenId');
      const { source, asked } = revokes(from.claims['jti']);
      const strict = await from.verifierWith({ revocation: source });
      await refused(strict, from.token, 'token_revoked');
      await refused(strict, alias, 'token_revoked');
      equal(new Set(asked).size, 1, 'identities asked for');
    },
  },
];
