// The signature (RFC 7515 section 5.2): always through jose, with a key that was chosen before.

import { compactVerify } from 'jose';
import type { VerificationKey } from '../keys/key_source.ts';
import type { ParsedToken } from '../token/parse.ts';

const wrong = (): Promise<never> => Promise.reject(new TypeError('The signature is wrong'));

/** Begins to check a signature: what it answers rejects where it does not verify. */
export function checkSignature(
  { compact, segments }: ParsedToken,
  { key }: VerificationKey,
): Promise<unknown> {
  try {
    // One signature, one spelling: WebKit takes an RSA signature with a zero byte before it
    const bits = (key.algorithm as { readonly modulusLength?: number }).modulusLength;
    return bits === undefined || segments[2].length === Math.ceil(bits / 6)
      ? compactVerify(compact, key)
      : wrong();
  } catch {
    // A key of the caller's own making that is none
    return wrong();
  }
}

/** Tells whether the signature verifies; whatever goes wrong on the way is a `false`. */
export async function signatureVerifies(
  token: ParsedToken,
  key: VerificationKey,
): Promise<boolean> {
  try {
    await checkSignature(token, key);
    return true;
  } catch {
    return false;
  }
}
