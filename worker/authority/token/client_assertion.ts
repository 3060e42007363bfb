// Client assertions (private_key_jwt, RFC 7523bis): what they say, and whether that is acceptable.

import { compactVerify } from 'jose';
import {
  decodeUnverified,
  isAgentId,
  type SigningAlgorithm,
  type VerificationKey,
} from '../../../src/verify/index.ts';

/** An assertion that is well-formed. Nothing of it is verified. */
export interface Assertion {
  readonly text: string;
  readonly alg: SigningAlgorithm;
  /** The `alg` as it was written: `EdDSA` is the older name of Ed25519 (RFC 9864). */
  readonly writtenAlg: string;
  readonly clientId: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The algorithms that agents' keys can have, as metadata names them. */
export const assertionAlgorithms: readonly string[] = [
  'ES256',
  'Ed25519',
  'EdDSA',
  'ES384',
  'PS256',
  'RS256',
];

const tolerance = 5;
const longestLife = 300;
// What changes how it is read, or brings a key along
const forbidden = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64'];
const types: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'client-authentication+jwt']);

/** Types ignore case, and `application/` is left out or not (RFC 7515 section 4.1.9). */
const isType = (typ: unknown): boolean =>
  types.has(typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ);

/** Reads an assertion; `undefined` for what no client of ours can have made. */
export function readAssertion(text: string): Assertion | undefined {
  try {
    const { header, claims } = decodeUnverified(text);
    const { alg: writtenAlg, typ } = header;
    const { iss, sub } = claims;
    if (typeof writtenAlg !== 'string' || !assertionAlgorithms.includes(writtenAlg))
      return undefined;
    if (!isType(typ) || forbidden.some((name) => Object.hasOwn(header, name))) return undefined;
    if (!isAgentId(sub) || iss !== sub) return undefined;
    const alg = (writtenAlg === 'EdDSA' ? 'Ed25519' : writtenAlg) as SigningAlgorithm;
    return { text, alg, writtenAlg, clientId: sub, claims };
  } catch {
    return undefined;
  }
}

/** Tells whether a key verifies an assertion. */
export async function assertionVerifies(
  { text, writtenAlg }: Assertion,
  { key }: VerificationKey,
): Promise<boolean> {
  try {
    await compactVerify(text, key, { algorithms: [writtenAlg] });
    return true;
  } catch {
    return false;
  }
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);

/** A list of one is the same audience (RFC 7519 section 4.1.3); beside another server's it is none. */
function isOnly(aud: unknown, issuer: string): boolean {
  return aud === issuer || (Array.isArray(aud) && aud.length === 1 && aud[0] === issuer);
}

/**
 * Checks the claims of an assertion whose signature verified. `now` in seconds since the epoch.
 *
 * @returns its id, and until when it must be remembered; `undefined` when it is refused
 */
export function checkAssertionClaims(
  { claims }: Assertion,
  issuer: string,
  now: number,
): { readonly jti: string; readonly exp: number } | undefined {
  const { aud, exp, iat, nbf, jti } = claims;
  if (!isOnly(aud, issuer)) return undefined;
  if (!isTime(exp) || exp <= now - tolerance || exp > now + longestLife + tolerance) {
    return undefined;
  }
  for (const begin of [iat, nbf]) {
    if (begin !== undefined && !(isTime(begin) && begin <= now + tolerance)) return undefined;
  }
  if (typeof jti !== 'string' || !/^[^\p{Cc}]{1,128}$/u.test(jti)) return undefined;
  return { jti, exp };
}
