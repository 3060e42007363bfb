// The members that make a public JWK a key, read strictly: one spelling for one key (RFC 7518 section 6).

// All kinds of keys are read here. A verifier reads P-256 without it, and loads it with the first other key.

import { decodeBase64url } from '../token/base64url.ts';
import { numberOf, p256, type Curve } from './curve.ts';
import { decodeExact, readPoint, type Jwk, type JwkFault, type KeyMembers } from './jwk.ts';

/** SEC 2 section 2.5.1. */
const p384: Curve = {
  crv: 'P-384',
  bytes: 48,
  p: () => (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n,
  b: '0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
};

/** Bytes of a public key of OKP, whatever its curve here (RFC 8037 section 2). */
const okpBytes = 32;

/** RSA moduli, in bits: shorter is weak (RFC 7518 section 3.3), longer is a way to burn CPU. */
export const rsaModulusBits: { readonly min: number; readonly max: number } = {
  min: 2048,
  max: 4096,
};

/**
 * 65,537, the only public exponent: smaller ones fall to known attacks, larger ones burn CPU, and
 * not every runtime takes them.
 */
const rsaExponent = 'AQAB';

/** Reads the public members of a JWK, whatever else it holds. */
export function readMembers(jwk: Jwk): KeyMembers | JwkFault {
  const { kty } = jwk;
  switch (kty) {
    case 'EC':
      return readEc(jwk);
    case 'OKP':
      return readOkp(jwk);
    case 'RSA':
      return readRsa(jwk);
    default:
      return typeof kty === 'string' ? 'kty_unknown' : 'malformed';
  }
}

function readEc(jwk: Jwk): KeyMembers | JwkFault {
  const curve = [p256, p384].find(({ crv }) => crv === jwk['crv']);
  return curve === undefined ? unknownCurve(jwk) : readPoint(curve, jwk);
}

function readOkp(jwk: Jwk): KeyMembers | JwkFault {
  const { crv } = jwk;
  if (crv !== 'Ed25519' && crv !== 'X25519') return unknownCurve(jwk);
  const x = decodeExact(jwk['x'], okpBytes);
  if (x === undefined) return 'malformed';
  return crv === 'Ed25519' && isOfSmallOrder(x.bytes) ? 'weak' : { kty: 'OKP', crv, x: x.text };
}

const unknownCurve = ({ crv }: Jwk): JwkFault =>
  typeof crv === 'string' ? 'crv_unknown' : 'malformed';

/**
 * Tells whether an Ed25519 public key is a point of small order: under one of these, signatures that
 * fit any message can be written without a private key (RFC 8032 section 5.1.7 leaves them in).
 */
function isOfSmallOrder(point: Uint8Array): boolean {
  const p = (1n << 255n) - 19n;
  // Little-endian, and the top bit is not of the number (RFC 8032 section 5.1.2)
  const y = numberOf(point.toReversed()) & ((1n << 255n) - 1n);
  const square = y * y;
  // y is ±1 for orders 1 and 2 and 0 for order 4; doubled, a point of order 8 is one of order 4,
  // whose y is 0: d·y⁴ + 2·y² - 1 = 0, with d = -121665/121666
  const order8 = 121665n * square * square - 243332n * square + 121666n;
  return (y * (square - 1n) * order8) % p === 0n;
}

function readRsa({ n, e }: Jwk): KeyMembers | JwkFault {
  if (typeof n !== 'string' || typeof e !== 'string') return 'malformed';
  // Before decoding: what is far over the limit needs no bytes made of it.
  if (n.length > rsaModulusBits.max) return 'weak';
  const modulus = decodeBase64url(n);
  const top = modulus?.[0];
  // The fewest octets that hold the number: a leading zero would be a second spelling (RFC 7518 section 2).
  if (modulus === undefined || top === undefined || top === 0) return 'malformed';
  const bits = modulus.length * 8 - (Math.clz32(top) - 24);
  const odd = ((modulus.at(-1) ?? 0) & 1) === 1;
  const fits = bits >= rsaModulusBits.min && bits <= rsaModulusBits.max && odd;
  return fits && e === rsaExponent ? { kty: 'RSA', e, n } : 'weak';
}
