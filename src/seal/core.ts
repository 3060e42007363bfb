// The two operations that every use of a sealer comes down to: bytes ↔ compact JWE, under one pinned algorithm.

import { compactDecrypt, CompactEncrypt } from 'jose';
import { TokenError } from '../errors/index.ts';
import { decodeUtf8 } from '../token/base64url.ts';
import { readJwe, type JweHeader } from './jwe_format.ts';
import type { SealKey } from './seal_key.ts';

/** The inside of a sealer. Not a public name. */
export interface SealCore {
  readonly key: SealKey;
  /** Largest JWE, in bytes, in both directions. */
  readonly maxBytes: number;
}

/** What a JWE is for, told by its protected header. */
export interface Purpose {
  /** Members that the encrypting side adds. */
  readonly header: { readonly typ?: string; readonly cty?: string };
  /** Whether a received header is for this purpose. */
  readonly accepts: (header: JweHeader) => boolean;
}

const encoder = new TextEncoder();

/**
 * Encrypts text.
 *
 * @throws TypeError when the key is not for encrypting, or the result would be over the limit.
 */
export async function sealText(
  { key, maxBytes }: SealCore,
  text: string,
  { header }: Purpose,
): Promise<string> {
  if (!key.uses.includes('encrypt')) throw new TypeError('The key of this sealer only decrypts');
  const { alg, kid } = key;
  const plaintext = encoder.encode(text);
  if (plaintext.length > maxBytes) throw tooLarge(maxBytes);
  const jwe = await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg, enc: 'A256GCM', ...(kid === undefined ? {} : { kid }), ...header })
    .encrypt(await key.load());
  if (jwe.length > maxBytes) throw tooLarge(maxBytes);
  return jwe;
}

/**
 * Decrypts to text.
 *
 * @throws TypeError when the key is not for decrypting. TokenError `payload_undecryptable`, the
 * same for every cause, so that nobody learns from it which check failed.
 */
export async function openText(
  { key, maxBytes }: SealCore,
  jwe: unknown,
  { accepts }: Purpose,
): Promise<string> {
  if (!key.uses.includes('decrypt')) throw new TypeError('The key of this sealer only encrypts');
  const header = readJwe(jwe, key, maxBytes);
  if (header === undefined || typeof jwe !== 'string' || !accepts(header)) throw undecryptable();
  const loaded = await key.load();
  let text: string | undefined;
  try {
    const { plaintext } = await compactDecrypt(jwe, loaded, {
      keyManagementAlgorithms: [key.alg],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxDecompressedLength: 0,
    });
    text = decodeUtf8(plaintext);
  } catch {
    throw undecryptable();
  }
  if (text === undefined) throw undecryptable();
  return text;
}

/** The one refusal of a bad JWE. */
export function undecryptable(): TokenError {
  return new TokenError('payload_undecryptable');
}

function tooLarge(maxBytes: number): TypeError {
  return new TypeError(`The sealed text would be larger than ${maxBytes} bytes`);
}
