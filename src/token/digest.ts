// SHA-256 of a text in base64url: thumbprints, and what names one token in another.

import { encodeBase64url } from './base64url.ts';

const encoder = new TextEncoder();

/** Hashes the UTF-8 of a text. */
export async function hashText(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text));
  return encodeBase64url(new Uint8Array(digest));
}
