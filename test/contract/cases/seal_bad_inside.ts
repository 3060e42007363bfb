// decryptPayload against JWEs that are bad inside: plaintexts, other purposes, ephemeral keys

import { CompactEncrypt, exportJWK, generateKeyPair, type CompactJWEHeaderParameters } from 'jose';
import { createSealer, sealClaims, sealToken } from '../../../src/seal/index.ts';
import { encodeBase64url } from '../../../src/token/base64url.ts';
import { deepEqual, type ContractCase } from '../case.ts';
import {
  changed,
  cut,
  encode,
  flip,
  forged,
  payload,
  refusals,
  sealer,
  text,
  type Bad,
} from '../support/jwe.ts';
import { ec7517, es7515, rsa7516, x25519 } from '../support/printed_keys.ts';

const own = createSealer({ privateKey: ec7517 });
const { d: _d, ...ecPublic } = ec7517;
const { d: _es, ...es256 } = es7515;
const encoder = new TextEncoder();

const plaintexts: readonly Bad[] = [
  ...[
    'null',
    '[]',
    '"text"',
    '1',
    'true',
    '',
    ' ',
    '{',
    '{}x',
    "{'a':1}",
    '{"a":NaN}',
    '\uFEFF{}',
  ].map((plain): Bad => [`a plaintext ${JSON.stringify(plain)}`, () => forged({}, plain)]),
  ['a plaintext with a name twice', () => forged({}, '{"sub":"a","sub":"b"}')],
  ['a plaintext with a name twice by an escape', () => forged({}, '{"sub":1,"\\u0073ub":2}')],
  ['a plaintext that is not UTF-8', () => forged({}, new Uint8Array([0x7b, 0xff, 0x7d]))],
  ['a plaintext in UTF-16', () => forged({}, new Uint8Array([0x7b, 0, 0x7d, 0]))],
  [
    'a plaintext nested 5,000 deep',
    () => forged({}, `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`),
  ],
  ['a signed token', () => forged({}, 'eyJhbGciOiJFUzI1NiJ9.e30.AA')],
  ['a nested token', () => sealToken(`${encode('{"typ":"at+jwt"}')}.e30.AA`, sealer)],
  ['a JSON object sealed as a nested token', () => forged({ cty: 'JWT' })],
  ['the same in another case', () => forged({ cty: 'application/JWT' })],
  ['sealed claims', () => sealClaims(payload, sealer)],
];

const recipient = createSealer({ recipient: ecPublic });

/** An ECDH-ES JWE whose ephemeral key is replaced; its tag does not fit, but it must not get that far. */
const ephemeral = (epk: unknown): (() => Promise<string>) =>
  changed((s) => {
    s[0] = encode(JSON.stringify({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', epk }));
  }, recipient);

const agreement = async (header: Partial<CompactJWEHeaderParameters>, crv = 'P-256') => {
  const { publicKey } = await generateKeyPair('ECDH-ES', { crv });
  return new CompactEncrypt(encoder.encode(text))
    .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', ...header })
    .encrypt(crv === 'P-256' ? ecPublic : await exportJWK(publicKey));
};

const ephemerals: readonly Bad[] = [
  ['epk missing', ephemeral(undefined)],
  ['epk null', ephemeral(null)],
  ['epk a string', ephemeral('AA')],
  ['epk off the curve', ephemeral({ ...es256, y: `${es256.y.slice(0, -1)}4` })],
  ['epk (0,0)', ephemeral({ ...es256, x: 'A'.repeat(43), y: 'A'.repeat(43) })],
  [
    'epk on another curve',
    ephemeral({ kty: 'EC', crv: 'P-384', x: 'A'.repeat(64), y: 'A'.repeat(64) }),
  ],
  ['epk X25519', ephemeral({ kty: 'OKP', crv: 'X25519', x: es256.x })],
  ['epk oct', ephemeral({ kty: 'oct', k: 'A'.repeat(43) })],
  ['epk RSA', ephemeral({ kty: 'RSA', n: rsa7516.n, e: 'AQAB' })],
  ['epk private', ephemeral(es7515)],
  ['epk without y', ephemeral({ ...es256, y: undefined })],
  ['epk with x of 31 bytes', ephemeral({ ...es256, x: 'A'.repeat(42) })],
  ['epk of someone else', ephemeral(es256)],
  ['alg ECDH-ES', () => agreement({ alg: 'ECDH-ES' })],
  ['alg ECDH-ES+A128KW', () => agreement({ alg: 'ECDH-ES+A128KW' })],
  ['enc A128GCM', () => agreement({ enc: 'A128GCM' })],
  ['enc A256CBC-HS512', () => agreement({ enc: 'A256CBC-HS512' })],
  ['a key of another curve', () => agreement({}, 'P-384')],
  [
    'apu that is no base64url',
    () =>
      changed((s) => {
        const header = JSON.stringify({
          alg: 'ECDH-ES+A256KW',
          enc: 'A256GCM',
          epk: es256,
          apu: '!',
        });
        s[0] = encode(header);
      }, recipient)(),
  ],
  ['an encrypted key of 39 bytes', changed((s) => void (s[1] = cut(s[1], 39)), recipient)],
  ['no encrypted key', changed((s) => void (s[1] = ''), recipient)],
  ['a changed encrypted key', changed((s) => void (s[1] = flip(s[1])), recipient)],
  ['dir', () => sealer.encryptPayload(payload)],
].map(([name, jwe]) => [`ECDH-ES: ${String(name)}`, jwe as () => unknown, own]);

/** A point of small order: the shared secret would be zero, whoever the recipient is. */
const smallOrder: Bad = [
  'X25519: an ephemeral key of small order',
  () => {
    const epk = { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) };
    const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', epk };
    const parts = [40, 12, 2, 16].map((length) => encodeBase64url(new Uint8Array(length)));
    return [encode(JSON.stringify(header)), ...parts].join('.');
  },
  createSealer({ privateKey: x25519 }),
];

export const cases: readonly ContractCase[] = [
  {
    name: 'decryptPayload() accepts what plain jose encrypts for a key pair',
    run: async () => deepEqual(await own.decryptPayload(await agreement({})), payload, 'payload'),
  },
  ...refusals([...plaintexts, ...ephemerals, smallOrder]),
];
