// The signature (RFC 7515 section 5.2): always through jose, with a key that was chosen before.

import { flattenedVerify } from 'jose';
import type { VerificationKey } from '../keys/key_source.ts';
import type { ParsedToken } from '../token/parse.ts';

/** Tells whether the signature verifies. Whatever goes wrong on the way is a `false`. */
export async function signatureVerifies(
  token: ParsedToken,
  { key }: VerificationKey,
): Promise<boolean> {
  const [header, payload, signature] = token.segments;
  try {
    await flattenedVerify({ protected: header, payload, signature }, key);
    return true;
  } catch {
    return false;
  }
}
