// createSealer: every key that is refused, by the sentence that says why

import { exportJWK, generateKeyPair } from 'jose';
import { createSealer, type Sealer } from '../../../src/seal/index.ts';
import { encodeBase64url } from '../../../src/token/base64url.ts';
import type { ContractCase } from '../case.ts';
import { ec7517, ed8037, es7515, rsa7516, rsa7638 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const oct = { kty: 'oct', k: encodeBase64url(secret) };
const { d: _d, ...ecPublic } = ec7517;
const { d: _signing, ...signingKey } = es7515;

const aesKey = (usages: readonly KeyUsage[], bytes = secret): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), 'AES-GCM', false, [...usages]);

const mistakes: readonly (readonly [name: string, options: () => unknown, words: string])[] = [
  ['no options', () => undefined, 'takes an object'],
  ['no key', () => ({}), 'exactly one of'],
  ['two keys', () => ({ key: secret, recipient: ecPublic }), 'exactly one of'],
  ['an unknown option', () => ({ secret }), 'no option "secret"'],
  ['maxBytes of zero', () => ({ key: secret, maxBytes: 0 }), '"maxBytes"'],
  ['maxBytes that is no number', () => ({ key: secret, maxBytes: '16384' }), '"maxBytes"'],
  ['a key that is undefined', () => ({ key: undefined }), 'a JWK or a CryptoKey'],
  ['a key that is a number', () => ({ key: 5 }), 'a JWK or a CryptoKey'],
  ['16 bytes', () => ({ key: secret.slice(0, 16) }), 'exactly 32 bytes'],
  ['31 bytes', () => ({ key: secret.slice(0, 31) }), 'exactly 32 bytes'],
  ['33 bytes', () => ({ key: new Uint8Array(33).fill(1) }), 'exactly 32 bytes'],
  ['64 bytes', () => ({ key: new Uint8Array(64).fill(1) }), 'exactly 32 bytes'],
  ['no bytes', () => ({ key: new Uint8Array() }), 'exactly 32 bytes'],
  ['an empty string', () => ({ key: '' }), 'exactly 32 bytes'],
  ['a passphrase', () => ({ key: 'correct horse battery staple' }), 'exactly 32 bytes'],
  ['base64 with padding', () => ({ key: `${encodeBase64url(secret)}=` }), 'exactly 32 bytes'],
  ['hexadecimal of 32 bytes', () => ({ key: '0f'.repeat(32) }), 'exactly 32 bytes'],
  ['all zeros', () => ({ key: new Uint8Array(32) }), 'all zeros'],
  ['all zeros as text', () => ({ key: 'A'.repeat(43) }), 'all zeros'],
  ['all zeros as JWK', () => ({ key: { kty: 'oct', k: 'A'.repeat(43) } }), 'all zeros'],
  ['an oct JWK of 16 bytes', () => ({ key: { kty: 'oct', k: 'A'.repeat(22) } }), 'exactly 32'],
  ['an oct JWK for A128GCM', () => ({ key: { ...oct, alg: 'A128GCM' } }), 'A256GCM when present'],
  ['an oct JWK for HS256', () => ({ key: { ...oct, alg: 'HS256' } }), 'A256GCM when present'],
  ['an oct JWK for signatures', () => ({ key: { ...oct, use: 'sig' } }), '"enc" when present'],
  ['an oct JWK for nothing', () => ({ key: { ...oct, key_ops: ['sign'] } }), 'neither encrypt'],
  ['an oct JWK without k', () => ({ key: { kty: 'oct' } }), 'shared secret'],
  ['a kid that is a number', () => ({ key: { ...oct, kid: 1 } }), '"kid"'],
  ['a key pair as secret', () => ({ key: ec7517 }), 'use "recipient"'],
  [
    'a CryptoKey of 128 bits',
    async () => ({ key: await aesKey(['encrypt'], secret.slice(16)) }),
    '256 bits',
  ],
  ['a CryptoKey for wrapping', async () => ({ key: await aesKey(['wrapKey']) }), 'neither encrypt'],
  ['a private recipient', () => ({ recipient: ec7517 }), 'must be a public key'],
  ['a symmetric recipient', () => ({ recipient: oct }), 'must be a public key'],
  ['a recipient that is PEM', () => ({ recipient: '-----BEGIN' }), 'a JWK or a CryptoKey'],
  ['a public private key', () => ({ privateKey: ecPublic }), 'must be a private JWK'],
  ['an RSA private key without p', () => ({ privateKey: { ...rsa7516, p: undefined } }), 'd, p, q'],
  ['a symmetric private key', () => ({ privateKey: oct }), 'must be a private JWK'],
  [
    'a key named for signatures',
    () => ({ recipient: { ...signingKey, alg: 'ES256' } }),
    '"alg" of the key',
  ],
  ['"use": "sig"', () => ({ recipient: { ...signingKey, use: 'sig' } }), '"use" of the key'],
  [
    'another key agreement',
    () => ({ recipient: { ...ecPublic, alg: 'ECDH-ES' } }),
    '"alg" of the key',
  ],
  [
    'RSA-OAEP with SHA-1',
    () => ({ recipient: { ...rsa7638, alg: 'RSA-OAEP' } }),
    '"alg" of the key',
  ],
  ['RSA1_5', () => ({ recipient: { ...rsa7638, alg: 'RSA1_5' } }), '"alg" of the key'],
  ['an RSA signing key', () => ({ recipient: rsa7638 }), '"alg" of the key'],
  [
    'key_ops for signatures',
    () => ({ recipient: { ...ecPublic, key_ops: ['verify'] } }),
    '"key_ops"',
  ],
  [
    'key_ops of another half',
    () => ({ privateKey: { ...ec7517, key_ops: ['sign'] } }),
    '"key_ops"',
  ],
  [
    'key_ops that is no array',
    () => ({ privateKey: { ...ec7517, key_ops: 'deriveBits' } }),
    '"key_ops"',
  ],
  ['Ed25519', () => ({ privateKey: ed8037 }), '"P-256" or "X25519"'],
  [
    'P-384',
    async () => ({ recipient: await exportJWK((await generateKeyPair('ES384')).publicKey) }),
    '"P-256" or',
  ],
  ['x of 31 bytes', () => ({ recipient: { ...ecPublic, x: 'A'.repeat(42) } }), 'malformed'],
  ['RSA with e = 3', () => ({ recipient: { ...rsa7638, alg: undefined, e: 'Aw' } }), 'weak'],
  [
    'a signing CryptoKey',
    async () => ({ privateKey: (await generateKeyPair('ES256')).privateKey }),
    'ECDH on P-256',
  ],
  [
    'a CryptoKey on P-384',
    async () => ({ recipient: (await generateKeyPair('ECDH-ES', { crv: 'P-384' })).publicKey }),
    'ECDH on P-256',
  ],
  [
    'an RSA-OAEP CryptoKey with SHA-1',
    async () => ({ recipient: (await generateKeyPair('RSA-OAEP')).publicKey }),
    'SHA-256',
  ],
  [
    'a private CryptoKey as recipient',
    async () => ({ recipient: (await generateKeyPair('ECDH-ES')).privateKey }),
    'must be public',
  ],
  [
    'a public CryptoKey as private key',
    async () => ({ privateKey: (await generateKeyPair('ECDH-ES')).publicKey }),
    'must be private',
  ],
];

// What callers without types do.
const create = createSealer as (options: unknown) => Sealer;

export const cases: readonly ContractCase[] = mistakes.map(([name, options, words]) => ({
  name: `createSealer() refuses ${name}`,
  run: async () => refusesCaller(async () => create(await options()), words),
}));
