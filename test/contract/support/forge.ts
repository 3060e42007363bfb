// Forges tokens without the library: any header, any payload, any signature, by WebCrypto alone

import { base64url } from 'jose';

const encoder = new TextEncoder();

/** A header or payload: an object to serialize, JSON text as it is, or bytes as they are. */
export type Part = object | string | Uint8Array;

export type Json = Readonly<Record<string, unknown>>;

/** One segment of a compact JWS. */
export function segment(part: Part): string {
  if (part instanceof Uint8Array) return base64url.encode(part);
  return base64url.encode(encoder.encode(typeof part === 'string' ? part : JSON.stringify(part)));
}

function parameters(key: CryptoKey): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  const { name } = key.algorithm;
  if (name === 'ECDSA') {
    const { namedCurve } = key.algorithm as KeyAlgorithm & { readonly namedCurve: string };
    return { name, hash: namedCurve === 'P-384' ? 'SHA-384' : 'SHA-256' };
  }
  return name === 'RSA-PSS' ? { name, saltLength: 32 } : { name };
}

/** Signs bytes with whatever the key is for. */
export async function signature(key: CryptoKey, data: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(parameters(key), key, encoder.encode(data)));
}

/** A compact JWS of two segments that stay as they are. */
export async function signSegments(
  key: CryptoKey,
  header: string,
  payload: string,
): Promise<string> {
  const input = `${header}.${payload}`;
  return `${input}.${base64url.encode(await signature(key, input))}`;
}

/** A compact JWS with a right signature over whatever header and payload. */
export function sign(key: CryptoKey, header: Part, payload: Part): Promise<string> {
  return signSegments(key, segment(header), segment(payload));
}

/** A compact JWS with an HMAC: what an attacker can make who knows the public key. */
export async function mac(secret: Uint8Array | string, header: Part, payload: Part) {
  const bytes = typeof secret === 'string' ? encoder.encode(secret) : secret;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  // An empty HMAC key cannot be imported everywhere: a block of zeros is the same key (RFC 2104).
  const raw = bytes.length === 0 ? new Uint8Array(64) : new Uint8Array(bytes);
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
  const input = `${segment(header)}.${segment(payload)}`;
  const tag = await crypto.subtle.sign('HMAC', key, encoder.encode(input));
  return `${input}.${base64url.encode(new Uint8Array(tag))}`;
}

/** The three segments of a token. */
export function split(token: string): readonly [header: string, payload: string, tail: string] {
  const [header = '', payload = '', tail = ''] = token.split('.');
  return [header, payload, tail];
}

/** The object with members replaced, added, or (where `undefined`) taken away. */
export function change(object: Json, changes: Json): Json {
  const entries = Object.entries({ ...object, ...changes });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** JSON text of the object in which one member's value stands exactly as written. */
export function withRaw(object: Json, name: string, text: string): string {
  const others = JSON.stringify(change(object, { [name]: undefined }));
  return `${others.slice(0, -1)},${JSON.stringify(name)}:${text}}`;
}

/** SHA-256 of a text in base64url: what `ath` and `prt` hold. */
export async function sha256(text: string): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))),
  );
}
