// What a public JWK is here, and the one kind that nearly every token is signed with: EC on P-256.

import { decodeBase64url } from '../token/base64url.ts';
import { isOnCurve, p256, type Curve } from './curve.ts';

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

/** A copy of a JWK's own members. */
export type Jwk = Readonly<Record<string, unknown>>;

/** Reads the public members of a JWK, whatever else it holds. */
export type ReadMembers = (jwk: Jwk) => KeyMembers | JwkFault;

/** Members that only private and symmetric keys have (RFC 7518 section 6, RFC 9964 section 3). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/** A copy of a JWK's own members, without a prototype; `undefined` for what is not an object. */
export function copyMembers(jwk: unknown): Jwk | undefined {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return undefined;
  return { __proto__: null, ...jwk };
}

/** Tells whether a JWK is symmetric or has any private member. */
export function isSecret(jwk: Jwk): boolean {
  return jwk['kty'] === 'oct' || secretMembers.some((name) => jwk[name] !== undefined);
}

/** Tells whether a JWK says that it is the kind that `readP256` reads. */
export const isP256 = ({ kty, crv }: Jwk): boolean => kty === 'EC' && crv === p256.crv;

/** Reads the members of a key on P-256. */
export const readP256: ReadMembers = (jwk) => readPoint(p256, jwk);

/** Reads the members of an EC key (RFC 7518 section 6.2.1), whose point must be on its curve. */
export function readPoint(curve: Curve, { x, y }: Jwk): KeyMembers | JwkFault {
  const { crv, bytes } = curve;
  const [left, right] = [decodeExact(x, bytes), decodeExact(y, bytes)];
  return left && right && isOnCurve(curve, left.bytes, right.bytes)
    ? { kty: 'EC', crv, x: left.text, y: right.text }
    : 'malformed';
}

/** Decodes canonical base64url of so many bytes; `undefined` for anything else. */
export function decodeExact(
  text: unknown,
  length: number,
): { readonly text: string; readonly bytes: Uint8Array } | undefined {
  // 4/3 of the length: a longer text need not be decoded to be refused.
  if (typeof text !== 'string' || text.length > length * 2) return undefined;
  const bytes = decodeBase64url(text);
  return bytes?.length === length ? { text, bytes } : undefined;
}
