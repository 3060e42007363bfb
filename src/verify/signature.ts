// The signature (RFC 7515 section 5.2): always through jose, with a key that was chosen before.

import { flattenedVerify } from 'jose';
import type { VerificationKey } from '../keys/key_source.ts';
import type { ParsedToken } from '../token/parse.ts';

/**
 * Goes on where the signature verifies; whatever goes wrong on the way is a `false`.
 *
 * What `use` throws, the promise rejects with.
 */
export function ifVerified<T>(
  token: ParsedToken,
  { key }: VerificationKey,
  use: () => T,
): Promise<T | false> {
  const [header, payload, signature] = token.segments;
  try {
    // One signature, one spelling: WebKit takes an RSA signature with a zero byte before it
    const bits = (key.algorithm as { readonly modulusLength?: number }).modulusLength;
    if (bits === undefined || signature.length === Math.ceil(bits / 6)) {
      return flattenedVerify({ protected: header, payload, signature }, key).then(use, no);
    }
  } catch {
    // A key of the caller's own making that is none
  }
  return Promise.resolve(false);
}

const no = (): false => false;
const yes = (): true => true;

/** Tells whether the signature verifies. */
export function signatureVerifies(token: ParsedToken, key: VerificationKey): Promise<boolean> {
  return ifVerified(token, key, yes);
}
