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
    // One signature, one spelling: WebKit takes an RSA signature with a zero byte before it
    const bits = (key.algorithm as { readonly modulusLength?: number }).modulusLength;
    if (bits !== undefined && signature.length !== Math.ceil(bits / 6)) return false;
    await flattenedVerify({ protected: header, payload, signature }, key);
    return true;
  } catch {
    return false;
  }
}

/** Turns of the microtask queue that jose takes before the platform has the work; more cost nothing. */
const turns = 8;

/**
 * Waits until a signature that was begun is in the platform's hands, where it is computed beside
 * this thread: what follows then takes no time of its own.
 */
export async function underWay(): Promise<void> {
  const next = Promise.resolve();
  for (let turn = 0; turn < turns; turn++) await next;
}
