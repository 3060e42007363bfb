// importSigningKey: every caller's mistake, by the sentence that answers it

import { exportPKCS8, generateKeyPair } from 'jose';
import type { SigningAlgorithm } from '../../../src/keys/algorithms.ts';
import { generateSigningKey } from '../../../src/keys/generate.ts';
import { importSigningKey } from '../../../src/keys/import.ts';
import type { SigningKey } from '../../../src/keys/signing_key.ts';
import type { ContractCase } from '../case.ts';
import { ed8037, es7515, rsa7516 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const pemOf = async (alg: SigningAlgorithm = 'ES256'): Promise<string> =>
  exportPKCS8((await generateSigningKey(alg)).privateKey);

interface Mistake {
  readonly name: string;
  readonly key: () => unknown;
  readonly alg?: SigningAlgorithm;
  readonly words: string;
}

const { d: _d, ...es256Public } = es7515;
const { p: _p, ...withoutPrime } = rsa7516;

const mistakes: readonly Mistake[] = [
  { name: 'nothing', key: () => undefined, words: 'PKCS#8 PEM, a private JWK' },
  { name: 'null', key: () => null, words: 'PKCS#8 PEM, a private JWK' },
  { name: 'a number', key: () => 1, words: 'PKCS#8 PEM, a private JWK' },
  { name: 'an array', key: () => [es7515], words: 'PKCS#8 PEM, a private JWK' },
  { name: 'an empty JWK', key: () => ({}), words: 'malformed' },
  { name: 'an unknown key type', key: () => ({ kty: 'AKP' }), words: 'key type' },
  { name: 'a symmetric JWK', key: () => ({ kty: 'oct', k: 'AAAA' }), words: 'symmetric' },
  { name: 'a public JWK', key: () => es256Public, words: 'this one is public' },
  { name: 'an RSA JWK without p', key: () => withoutPrime, words: 'must have d, p, q' },
  { name: 'an RSA JWK of three primes', key: () => ({ ...rsa7516, oth: [] }), words: 'two primes' },
  { name: 'another curve', key: () => ({ ...es7515, crv: 'P-521' }), words: 'curve' },
  { name: 'secp256k1', key: () => ({ ...es7515, crv: 'secp256k1' }), words: 'curve' },
  { name: 'X25519', key: () => ({ ...ed8037, crv: 'X25519' }), words: 'curve' },
  { name: 'a curve of the other type', key: () => ({ ...es7515, kty: 'OKP' }), words: 'curve' },
  { name: '"use": "enc"', key: () => ({ ...es7515, use: 'enc' }), words: '"use"' },
  {
    name: '"key_ops" without sign',
    key: () => ({ ...es7515, key_ops: ['verify'] }),
    words: '"use"',
  },
  {
    name: '"key_ops" that is a string',
    key: () => ({ ...es7515, key_ops: 'sign' }),
    words: '"use"',
  },
  {
    name: 'an "alg" of another curve',
    key: () => ({ ...es7515, alg: 'ES384' }),
    words: 'algorithm',
  },
  { name: 'a symmetric "alg"', key: () => ({ ...es7515, alg: 'HS256' }), words: 'algorithm' },
  { name: '"alg": "none"', key: () => ({ ...es7515, alg: 'none' }), words: 'algorithm' },
  { name: 'a wanted alg that does not fit', key: () => es7515, alg: 'RS256', words: 'algorithm' },
  {
    name: 'a wanted alg against the key’s own',
    key: () => ({ ...rsa7516, alg: 'RS256' }),
    alg: 'PS256',
    words: 'algorithm',
  },
  { name: 'd of another key', key: () => ({ ...es7515, d: ed8037.d }), words: 'belong' },
  { name: 'd of another Ed25519 key', key: () => ({ ...ed8037, d: es7515.d }), words: 'belong' },
  { name: 'd of 31 bytes', key: () => ({ ...es7515, d: 'A'.repeat(42) }), words: 'key' },
  { name: 'd of zero', key: () => ({ ...es7515, d: 'A'.repeat(43) }), words: 'key' },
  { name: 'an RSA exponent of 3', key: () => ({ ...rsa7516, e: 'Aw' }), words: 'weak' },
  {
    name: 'an RSA modulus of 1,024 bits',
    key: () => ({ ...rsa7516, n: `-${'_'.repeat(169)}w` }),
    words: 'weak',
  },
  { name: 'text that is not PEM', key: () => 'not a key', words: 'must begin with' },
  { name: 'an empty string', key: () => '', words: 'must begin with' },
  { name: 'a JWK as text', key: () => JSON.stringify(es7515), words: 'must begin with' },
  { name: 'PEM after a space', key: async () => ` ${await pemOf()}`, words: 'nothing before' },
  { name: 'PEM after a newline', key: async () => `\n${await pemOf()}`, words: 'nothing before' },
  { name: 'PEM after a BOM', key: async () => `\uFEFF${await pemOf()}`, words: 'nothing before' },
  { name: 'PEM before text', key: async () => `${await pemOf()}\nx`, words: 'nothing after' },
  {
    name: 'two PEMs',
    key: async () => `${await pemOf()}\n${await pemOf()}`,
    words: 'nothing after',
  },
  {
    name: 'PEM without line breaks',
    key: async () => (await pemOf()).replaceAll('\n', ''),
    words: 'lines of base64',
  },
  {
    name: 'PEM with a character outside base64',
    key: async () => (await pemOf()).replace('\nM', '\n!'),
    words: 'lines of base64',
  },
  {
    name: 'PEM of a truncated key',
    key: async () => (await pemOf()).replace(/\n[^\n]+\n-----END/, '\n-----END'),
    words: 'holds no',
  },
  { name: 'PEM that is very long', key: () => 'A'.repeat(10_000), words: 'too long' },
  {
    name: 'a SEC 1 PEM',
    key: () => '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n',
    words: 'openssl pkcs8 -topk8',
  },
  {
    name: 'an encrypted PEM',
    key: () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    words: 'Decrypt it',
  },
  {
    name: 'a public PEM',
    key: () => '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
    words: 'Pass the private key',
  },
  {
    name: 'an RSA PEM that names no algorithm',
    key: () => pemOf('RS256'),
    words: 'RS256 or PS256',
  },
  {
    name: 'a public CryptoKey',
    key: async () => (await generateKeyPair('ES256')).publicKey,
    words: 'must be private',
  },
  {
    name: 'a CryptoKey for agreement',
    key: async () => (await generateKeyPair('ECDH-ES', { extractable: true })).privateKey,
    words: 'must be private',
  },
  {
    name: 'a CryptoKey for RS512',
    key: async () => (await generateKeyPair('RS512', { extractable: true })).privateKey,
    words: 'must be one of',
  },
  {
    name: 'a CryptoKey for another algorithm than wanted',
    key: async () => (await generateSigningKey('ES384')).privateKey,
    alg: 'ES256',
    words: 'algorithm',
  },
];

// A caller without types passes anything; the cast is what such a caller does.
const importAnything = importSigningKey as (...args: readonly unknown[]) => Promise<SigningKey>;

export const cases: readonly ContractCase[] = mistakes.map(({ name, key, alg, words }) => ({
  name: `importSigningKey() refuses ${name}`,
  run: async () => refusesCaller(async () => importAnything(await key(), alg), words),
}));
