// decryptPayload against JWEs that are bad outside: framing, sizes, changed bits, header

import { encodeBase64url } from '../../../src/token/base64url.ts';
import { deepEqual, type ContractCase } from '../case.ts';
import {
  changed,
  cut,
  encode,
  flip,
  forged,
  payload,
  raw,
  refusals,
  sealer,
  secret,
  text,
  withHeader,
  type Bad,
} from '../support/jwe.ts';
import { ec7517 } from '../support/printed_keys.ts';

const { d: _d, ...ecPublic } = ec7517;
const encoder = new TextEncoder();

const spliced = (segment: string, tail: string): string => segment.slice(0, -1) + tail;

const framing: readonly Bad[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a number', () => 1],
  ['an object', () => ({ ciphertext: 'AA' })],
  ['bytes', async () => encoder.encode(await sealer.encryptPayload(payload))],
  ['an empty string', () => ''],
  ['four dots', () => '....'],
  ['five dots', changed((s) => void (s[4] += '.'))],
  ['a leading dot', changed((s) => void (s[0] = `.${s[0]}`))],
  ['three segments', () => 'eyJhbGciOiJFUzI1NiJ9.e30.AA'],
  ['16,384 dots', () => '.'.repeat(16_384)],
  ['100,000 dots', () => '.'.repeat(100_000)],
  ['10 MB', () => 'A'.repeat(10_000_000)],
  [
    'JSON serialisation',
    () => JSON.stringify({ protected: 'e30', iv: 'AA', ciphertext: 'AA', tag: 'AA' }),
  ],
  ['a space before', changed((s) => void (s[0] = ` ${s[0]}`))],
  ['a newline after', changed((s) => void (s[4] += '\n'))],
  ['padding after the tag', changed((s) => void (s[4] += '=='))],
  ['padding after the IV', changed((s) => void (s[2] += '='))],
  ['a tag with trailing bits', changed((s) => void (s[4] = spliced(s[4], 'B')))],
  ['an illegal character', changed((s) => void (s[3] = `!${s[3].slice(1)}`))],
  ['base64 instead of base64url', changed((s) => void (s[3] = `+/${s[3].slice(2)}`))],
];

const sizes: readonly Bad[] = [
  ...[0, 4, 8, 12, 15].map((bytes): Bad => [
    `a tag of ${bytes} bytes`,
    changed((s) => void (s[4] = cut(s[4], bytes))),
  ]),
  ['a tag of 17 bytes', changed((s) => void (s[4] = encodeBase64url(new Uint8Array(17))))],
  ...[0, 8, 11].map((bytes): Bad => [
    `an IV of ${bytes} bytes`,
    changed((s) => void (s[2] = cut(s[2], bytes))),
  ]),
  [
    'an IV of 16 bytes that fits',
    () => raw('{"alg":"dir","enc":"A256GCM"}', { iv: new Uint8Array(16).fill(1) }),
  ],
  ['an empty ciphertext', changed((s) => void (s[3] = ''))],
  ['an empty plaintext', () => raw('{"alg":"dir","enc":"A256GCM"}', { plain: '' })],
  ['an encrypted key under dir', changed((s) => void (s[1] = 'AA'))],
];

const bits: readonly Bad[] = [
  ['a changed header', changed((s) => void (s[0] = encode('{"enc":"A256GCM","alg":"dir"}')))],
  ['a changed IV', changed((s) => void (s[2] = flip(s[2])))],
  ['a changed ciphertext', changed((s) => void (s[3] = flip(s[3])))],
  ['a changed tag', changed((s) => void (s[4] = flip(s[4])))],
  [
    'another key',
    () =>
      forged(
        {},
        text,
        secret.map((byte) => byte ^ 1),
      ),
  ],
];

const headers: readonly Bad[] = [
  ...[
    'A256GCMKW',
    'A256KW',
    'ECDH-ES',
    'RSA-OAEP-256',
    'RSA1_5',
    'none',
    'DIR',
    '',
    '__proto__',
  ].map((alg): Bad => [`alg ${alg}`, withHeader({ alg })]),
  ...['A128GCM', 'A192GCM', 'A128CBC-HS256', 'A256CBC-HS512', 'a256gcm', '', 'none'].map(
    (enc): Bad => [`enc ${enc}`, withHeader({ enc })],
  ),
  ['alg missing', () => raw('{"enc":"A256GCM"}')],
  ['enc missing', () => raw('{"alg":"dir"}')],
  ['alg an array', withHeader({ alg: ['dir'] })],
  ['alg under __proto__ alone', () => raw('{"__proto__":{"alg":"dir"},"enc":"A256GCM"}')],
  ['zip DEF', withHeader({ zip: 'DEF' })],
  ['zip DEF for real', () => forged({ zip: 'DEF' })],
  ['zip null', withHeader({ zip: null })],
  ['crit', withHeader({ crit: ['exp'], exp: 1 })],
  ['crit empty', withHeader({ crit: [] })],
  ['b64', withHeader({ b64: false })],
  ['jku', withHeader({ jku: 'https://evil.example' })],
  ['jwk', withHeader({ jwk: ecPublic })],
  ['x5u', withHeader({ x5u: 'https://evil.example' })],
  ['x5c', withHeader({ x5c: [] })],
  ['x5t', withHeader({ x5t: 'AA' })],
  ['x5t#S256', withHeader({ 'x5t#S256': 'AA' })],
  ...[2_147_483_647, 1e9, 0, -1, 1.5, '1000'].map((p2c): Bad => [
    `p2c ${JSON.stringify(p2c)}`,
    withHeader({ p2c }),
  ]),
  ['p2s', withHeader({ p2s: 'AAAA' })],
  ['epk under dir', withHeader({ epk: ecPublic })],
  ['kid a number', withHeader({ kid: 1 })],
  ['typ an array', withHeader({ typ: ['JWE'] })],
  ['cty null', withHeader({ cty: null })],
  ['a header that is an array', () => raw('[]')],
  ['a header that is null', () => raw('null')],
  ['an empty header', () => raw('')],
  ['alg twice', () => raw('{"alg":"dir","alg":"dir","enc":"A256GCM"}')],
  ['alg twice by an escape', () => raw('{"alg":"dir","\\u0061lg":"dir","enc":"A256GCM"}')],
  ['a byte order mark before the header', () => raw('\uFEFF{"alg":"dir","enc":"A256GCM"}')],
  [
    'a deep header',
    () => raw(`{"alg":"dir","enc":"A256GCM","x":${'['.repeat(2000)}${']'.repeat(2000)}}`),
  ],
  [
    'a header that is not UTF-8',
    changed((s) => void (s[0] = encodeBase64url(new Uint8Array([0xff])))),
  ],
];

export const cases: readonly ContractCase[] = [
  {
    name: 'decryptPayload() accepts the unchanged JWE, and unknown members of the header',
    run: async () => {
      const good = [
        await changed(() => {})(),
        await raw('{"alg":"dir","enc":"A256GCM"}'),
        await withHeader({ iss: 'x', kid: '../' })(),
      ];
      for (const jwe of good) deepEqual(await sealer.decryptPayload(jwe), payload, 'payload');
    },
  },
  ...refusals([...framing, ...sizes, ...bits, ...headers]),
];
