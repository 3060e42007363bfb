// The members that make a public JWK a key, read strictly: one spelling for one key (RFC 7518 section 6).

import { decodeBase64url } from '../token/base64url.ts';
import { rsaModulusBits } from './algorithms.ts';
import { isOfSmallOrder, isOnCurve } from './curve.ts';

/** Why a JWK is refused. A fixed set, so that callers can say it in their own terms. */
export type JwkFault =
  /** Not an object, or a member is missing, of the wrong type, or not in its one canonical spelling. */
  | 'malformed'
  /** A key type that the library does not know. */
  | 'kty_unknown'
  /** A curve that the library does not use. */
  | 'crv_unknown'
  /** It has private members, or is symmetric. */
  | 'secret'
  /** `use` or `key_ops` is for something else. */
  | 'use'
  /** `alg` is not in the table, or not for such a key. */
  | 'alg'
  /** Too short, too long, or of a form that anyone could forge for. */
  | 'weak';

/** A public key and nothing else, in the members that its thumbprint covers (RFC 7638 section 3.2). */
export type KeyMembers =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
  | { readonly kty: 'RSA'; readonly e: string; readonly n: string };

/** Bytes of a coordinate, by curve (RFC 7518 section 6.2.1.2, RFC 8037 section 2). */
const curves: ReadonlyMap<unknown, { readonly kty: 'EC' | 'OKP'; readonly bytes: number }> =
  new Map([
    ['P-256', { kty: 'EC', bytes: 32 }],
    ['P-384', { kty: 'EC', bytes: 48 }],
    ['Ed25519', { kty: 'OKP', bytes: 32 }],
    ['X25519', { kty: 'OKP', bytes: 32 }],
  ]);

/** Members that only private and symmetric keys have (RFC 7518 section 6, RFC 9964 section 3). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/**
 * 65,537, the only public exponent: smaller ones fall to known attacks, larger ones burn CPU, and
 * not every runtime takes them.
 */
const rsaExponent = 'AQAB';

/** A copy of a JWK's own members, without a prototype; `undefined` for what is not an object. */
export function copyMembers(jwk: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return undefined;
  return { __proto__: null, ...jwk };
}

/** Tells whether a JWK is symmetric or has any private member. */
export function isSecret(jwk: Readonly<Record<string, unknown>>): boolean {
  return jwk['kty'] === 'oct' || secretMembers.some((name) => jwk[name] !== undefined);
}

/** Reads the public members of a JWK, whatever else it holds. */
export function readMembers(jwk: Readonly<Record<string, unknown>>): KeyMembers | JwkFault {
  const { kty } = jwk;
  switch (kty) {
    case 'EC':
    case 'OKP':
      return readPoint(kty, jwk);
    case 'RSA':
      return readRsa(jwk);
    default:
      return typeof kty === 'string' ? 'kty_unknown' : 'malformed';
  }
}

function readPoint(
  kty: 'EC' | 'OKP',
  { crv, x, y }: Readonly<Record<string, unknown>>,
): KeyMembers | JwkFault {
  const curve = curves.get(crv);
  if (typeof crv !== 'string') return 'malformed';
  if (curve?.kty !== kty) return 'crv_unknown';
  if (typeof x !== 'string') return 'malformed';
  const bytes = decodeExact(x, curve.bytes);
  if (bytes === undefined) return 'malformed';
  if (kty === 'EC') {
    const other = typeof y === 'string' ? decodeExact(y, curve.bytes) : undefined;
    if (typeof y !== 'string' || other === undefined) return 'malformed';
    return isOnCurve(crv, bytes, other) ? { kty, crv, x, y } : 'malformed';
  }
  if (crv === 'Ed25519' && isOfSmallOrder(bytes)) return 'weak';
  return { kty, crv, x };
}

function readRsa({ n, e }: Readonly<Record<string, unknown>>): KeyMembers | JwkFault {
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

function decodeExact(text: string, length: number): Uint8Array | undefined {
  // 4/3 of the length: a longer text need not be decoded to be refused.
  if (text.length > length * 2) return undefined;
  const bytes = decodeBase64url(text);
  return bytes?.length === length ? bytes : undefined;
}
