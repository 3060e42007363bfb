// Keys as text: PEM and JWK in and out

import { parseJson, type PublicJwk, type SigningKey } from '../../src/index.ts';
import { environment } from './failure.ts';

/** A JSON object or PEM text, which the library then checks. */
export type KeyText = string | Record<string, unknown>;

/** Tells PEM from JSON; `name` is the file's, for the message. */
export function parseKeyText(text: string, name: string): KeyText {
  const trimmed = text.trim();
  if (trimmed === '') throw environment(`"${name}" is empty`);
  if (!trimmed.startsWith('{')) return trimmed;
  try {
    return parseJson(trimmed) as Record<string, unknown>;
  } catch {
    throw environment(`"${name}" is neither PEM nor well-formed JSON without duplicate names`);
  }
}

/** The formats that keys are written in. */
export const keyFormats = ['jwk', 'pem'] as const;

/** One of {@link keyFormats}. */
export type KeyFormat = (typeof keyFormats)[number];

/** The private key as text: a JWK, or PKCS#8 PEM (RFC 7468). */
export async function privateKeyText(key: SigningKey, format: KeyFormat): Promise<string> {
  if (format === 'pem') {
    return pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', key.privateKey));
  }
  const { key_ops: _, ext: __, ...members } = await crypto.subtle.exportKey('jwk', key.privateKey);
  return json({ ...members, kid: key.kid, alg: key.alg, use: 'sig' });
}

/** The public key as text: a JWK, or SPKI PEM (RFC 7468). */
export async function publicKeyText(key: SigningKey, format: KeyFormat): Promise<string> {
  if (format === 'jwk') return json(key.publicJwk);
  return pem('PUBLIC KEY', await crypto.subtle.exportKey('spki', await publicKeyOf(key)));
}

/** WebCrypto gives a public key in SPKI only from a public CryptoKey. */
function publicKeyOf({ privateKey, publicJwk }: SigningKey): Promise<CryptoKey> {
  const { kid: _, alg: __, ...members }: PublicJwk = publicJwk;
  return crypto.subtle.importKey('jwk', members, privateKey.algorithm, true, ['verify']);
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
