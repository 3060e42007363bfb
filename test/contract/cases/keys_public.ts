// Public keys, strictly read: one table of bad JWKs for localKeys, remoteKeys and keys that travel in a proof

import type { JWK } from 'jose';
import { generateSigningKey } from '../../../src/keys/generate.ts';
import { localKeys } from '../../../src/keys/local.ts';
import { importVerificationKey } from '../../../src/keys/carried_key.ts';
import { equal, type ContractCase } from '../case.ts';
import { keySetServer, outcome, serve } from '../support/key_set_server.ts';
import { ed8037, es7515, rsa7638 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const { d: _es, ...es256 } = es7515;
const { d: _ed, ...ed25519 } = ed8037;
const { alg: _alg, ...rsa } = rsa7638;

/** `key_unusable`: the kid is known to be bad. `key_unknown`: skipped. `key_unavailable`: the set is refused. */
type RemoteCode = 'key_unusable' | 'key_unknown' | 'key_unavailable';

interface BadKey {
  readonly name: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Words of the TypeError of localKeys. */
  readonly words: string;
  /** What a token that names the key gets, once the key stands in a remote set. */
  readonly code: RemoteCode;
}

const bad = (
  name: string,
  jwk: Readonly<Record<string, unknown>>,
  words: string,
  code: RemoteCode = 'key_unusable',
): BadKey => ({ name, jwk, words, code });

const ed = (name: string, x: string): BadKey =>
  bad(`Ed25519 of small order (${name})`, { ...ed25519, x }, 'weak');

/** A modulus of so many bits, odd, all ones: of the right form, which is all that is looked at. */
function modulus(bits: number, lastByte = 0xff): string {
  const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  if (bits % 8 !== 0) bytes[0] = 2 ** (bits % 8) - 1;
  bytes[bytes.length - 1] = lastByte;
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const badKeys: readonly BadKey[] = [
  bad('EC off the curve', { ...es256, y: `${es256.y.slice(0, -1)}4` }, 'curve'),
  bad('EC (0,0)', { ...es256, x: 'A'.repeat(43), y: 'A'.repeat(43) }, 'curve'),
  bad('EC x of 31 bytes', { ...es256, x: 'A'.repeat(42) }, 'malformed'),
  bad('EC x of 33 bytes', { ...es256, x: `AA${es256.x}`.slice(0, 44) }, 'malformed'),
  bad('EC x with trailing bits', { ...es256, x: `${es256.x.slice(0, -1)}V` }, 'malformed'),
  bad('EC x with padding', { ...es256, x: `${es256.x}=` }, 'malformed'),
  bad('EC y in base64', { ...es256, y: es256.y.replace('_', '/') }, 'malformed'),
  bad('EC x with a space', { ...es256, x: ` ${es256.x}` }, 'malformed'),
  bad('EC x missing', { ...es256, x: undefined }, 'malformed'),
  bad('EC y missing', { ...es256, y: undefined }, 'malformed'),
  bad('EC x a number', { ...es256, x: 1 }, 'malformed'),
  bad('EC x a megabyte', { ...es256, x: 'A'.repeat(16_000) }, 'malformed'),
  bad('EC coordinates of another curve', { ...es256, crv: 'P-384' }, 'malformed'),
  bad('EC crv missing', { ...es256, crv: undefined }, 'malformed'),
  bad('EC crv unknown', { ...es256, crv: 'P-521' }, 'curve'),
  bad('EC crv __proto__', { ...es256, crv: '__proto__' }, 'curve'),
  bad('EC crv of OKP', { ...es256, crv: 'Ed25519' }, 'curve'),
  bad('OKP crv Ed448', { ...ed25519, crv: 'Ed448' }, 'curve'),
  bad('OKP crv X25519', { ...ed25519, crv: 'X25519' }, 'curve'),
  bad('Ed25519 x of 31 bytes', { ...ed25519, x: 'A'.repeat(42) }, 'malformed'),
  ed('y = 0', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
  ed('y = 0, sign set', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA'),
  ed('the neutral element', 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'),
  ed('y = -1', '7P_______________________________________38'),
  ed('y = p', '7f_______________________________________38'),
  ed('y = p + 1, sign set', '7v________________________________________8'),
  ed('order 8', 'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU'),
  ed('order 8, the other', 'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o'),
  bad('RSA 512', { ...rsa, n: modulus(512) }, 'weak'),
  bad('RSA 1024', { ...rsa, n: modulus(1024) }, 'weak'),
  bad('RSA 2047', { ...rsa, n: modulus(2047) }, 'weak'),
  bad('RSA 4097', { ...rsa, n: modulus(4097) }, 'weak'),
  bad('RSA 65537', { ...rsa, n: modulus(65_537) }, 'weak'),
  bad('RSA with an even modulus', { ...rsa, n: modulus(2048, 0xfe) }, 'weak'),
  bad('RSA n = 0', { ...rsa, n: 'AA' }, 'malformed'),
  bad('RSA n empty', { ...rsa, n: '' }, 'malformed'),
  bad('RSA n with a leading zero', { ...rsa, n: `AAAA${rsa.n}` }, 'malformed'),
  bad('RSA n with padding', { ...rsa, n: `${rsa.n}==` }, 'malformed'),
  bad('RSA n missing', { ...rsa, n: undefined }, 'malformed'),
  bad('RSA e missing', { ...rsa, e: undefined }, 'malformed'),
  bad('RSA e = 1', { ...rsa, e: 'AQ' }, 'weak'),
  bad('RSA e = 3', { ...rsa, e: 'Aw' }, 'weak'),
  bad('RSA e = 65535', { ...rsa, e: '__8' }, 'weak'),
  bad('RSA e = 65536', { ...rsa, e: 'AQAA' }, 'weak'),
  bad('RSA e = 65539', { ...rsa, e: 'AQAD' }, 'weak'),
  bad('RSA e = 65538', { ...rsa, e: 'AQAC' }, 'weak'),
  bad('RSA e = 2^32 + 1', { ...rsa, e: 'AQAAAAE' }, 'weak'),
  bad('RSA e with a leading zero', { ...rsa, e: 'AAEAAQ' }, 'weak'),
  bad('RSA e of a thousand bytes', { ...rsa, e: 'A'.repeat(1336) }, 'weak'),
  bad('use enc', { ...es256, use: 'enc' }, '"use"'),
  bad('use of another type', { ...es256, use: ['sig'] }, '"use"'),
  bad('key_ops encrypt', { ...rsa, key_ops: ['encrypt'] }, '"use"'),
  bad('key_ops empty', { ...es256, key_ops: [] }, '"use"'),
  bad('key_ops a string', { ...es256, key_ops: 'verify' }, '"use"'),
  bad('alg of RSA on EC', { ...es256, alg: 'RS256' }, 'algorithm'),
  bad('alg of another curve', { ...es256, alg: 'ES384' }, 'algorithm'),
  bad('alg of encryption', { ...es256, alg: 'ECDH-ES' }, 'algorithm'),
  bad('alg symmetric', { ...rsa, alg: 'HS256' }, 'algorithm'),
  bad('alg RS384', { ...rsa, alg: 'RS384' }, 'algorithm'),
  bad('alg none', { ...es256, alg: 'none' }, 'algorithm'),
  bad('alg a number', { ...es256, alg: 256 }, 'algorithm'),
  bad('alg __proto__', { ...es256, alg: '__proto__' }, 'algorithm'),
  bad('kty AKP', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }, 'key type', 'key_unknown'),
  bad('kty unknown', { ...es256, kty: 'ec' }, 'key type', 'key_unknown'),
  bad('kty missing', { ...es256, kty: undefined }, 'malformed'),
  bad('kty a number', { ...es256, kty: 1 }, 'malformed'),
  bad('EC private', es7515, 'Pass the public JWK', 'key_unavailable'),
  bad('OKP private', ed8037, 'Pass the public JWK', 'key_unavailable'),
  bad('RSA with p alone', { ...rsa, p: 'AQ' }, 'Pass the public JWK', 'key_unavailable'),
  bad('RSA with oth', { ...rsa, oth: [] }, 'Pass the public JWK', 'key_unavailable'),
  bad('EC with k', { ...es256, k: 'AQ' }, 'Pass the public JWK', 'key_unavailable'),
  bad('AKP private', { kty: 'AKP', priv: 'AQ' }, 'Pass the public JWK', 'key_unavailable'),
  bad('symmetric', { kty: 'oct', k: 'A'.repeat(43) }, 'symmetric', 'key_unavailable'),
  bad('symmetric without k', { kty: 'oct' }, 'symmetric', 'key_unavailable'),
];

const algOf = ({ kty }: BadKey['jwk']): 'ES256' | 'RS256' | 'Ed25519' =>
  kty === 'RSA' ? 'RS256' : kty === 'OKP' ? 'Ed25519' : 'ES256';

const tables: readonly ContractCase[] = badKeys.flatMap(({ name, jwk, words, code }) => [
  {
    name: `localKeys() refuses a key: ${name}`,
    run: async () => refusesCaller(() => localKeys(jwk), words),
  },
  {
    name: `remoteKeys() answers ${code} for a key: ${name}`,
    run: async () => {
      const { keys } = keySetServer(serve({ ...jwk, kid: 'bad' }, { ...es256, kid: 'good' }));
      equal(await outcome(keys, { alg: algOf(jwk), kid: 'bad' }), code, 'bad key');
      const good = code === 'key_unavailable' ? code : 'good';
      equal(await outcome(keys, { alg: 'ES256', kid: 'good' }), good, 'good key');
    },
  },
  {
    name: `importVerificationKey() refuses a key: ${name}`,
    run: async () => {
      equal(typeof (await importVerificationKey(jwk, algOf(jwk))), 'string', 'type of the answer');
    },
  },
]);

export const cases: readonly ContractCase[] = [
  ...tables,
  {
    name: 'localKeys() accepts RSA of 2,048, 3,072 and 4,096 bits',
    run: async () => {
      for (const bits of [2048, 3072, 4096]) await localKeys({ ...rsa, n: modulus(bits) });
    },
  },
  {
    name: 'localKeys() ignores certificates and unknown members',
    run: async () => {
      const keys = await localKeys({
        ...es256,
        x5u: 'https://evil.example',
        x5c: ['AA'],
        ext: true,
      });
      equal((await keys.find({ alg: 'ES256', kid: undefined })).alg, 'ES256', 'alg');
    },
  },
  {
    name: 'localKeys() refuses what is no key, and names the place in a set',
    run: async () => {
      for (const keys of [undefined, null, 1, [], true]) {
        await refusesCaller(() => localKeys(keys as unknown as JWK), 'JWK set or an SPKI PEM');
      }
      await refusesCaller(() => localKeys({ keys: [] }), 'at least one');
      await refusesCaller(() => localKeys({ keys: {} } as unknown as JWK), 'at least one');
      await refusesCaller(() => localKeys({ keys: [es256, rsa, es7515] }), 'key 2 of the set');
      await refusesCaller(() => localKeys({ keys: [null] } as unknown as JWK), 'malformed');
      await refusesCaller(() => localKeys(es256, 'HS256' as 'ES256'), 'must be one of');
      await refusesCaller(() => localKeys(es256, 'ES384'), 'algorithm');
    },
  },
  {
    name: 'localKeys() refuses two keys under one kid',
    run: async () => {
      const twice = [
        { ...es256, kid: 'a' },
        { ...rsa, kid: 'a' },
      ];
      await refusesCaller(() => localKeys({ keys: twice }), 'same "kid"');
      await refusesCaller(() => localKeys({ keys: [es256, { ...es256 }] }), 'same "kid"');
    },
  },
  {
    name: 'localKeys() refuses a kid that is not a string of 1 to 128 characters',
    run: async () => {
      for (const kid of ['', 'a'.repeat(129), 1, null, ['a']]) {
        await refusesCaller(() => localKeys({ ...es256, kid } as JWK), 'malformed');
      }
    },
  },
  {
    name: 'localKeys() copies a JWK before it waits',
    run: async () => {
      const { publicJwk } = await generateSigningKey();
      const jwk = { ...publicJwk };
      const keys = localKeys(jwk);
      Object.assign(jwk, es256, { kid: 'other' });
      const found = await (await keys).find({ alg: 'ES256', kid: publicJwk.kid });
      equal(found.thumbprint, publicJwk.kid, 'thumbprint');
    },
  },
];
