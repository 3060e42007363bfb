// A compact JWE taken apart before any cryptography: sizes, canonical base64url, a pinned header (RFC 7516 section 7.1).

import { copyMembers, isSecret } from '../keys/jwk.ts';
import { readMembers } from '../keys/jwk_members.ts';
import { decodeBase64url, decodeUtf8 } from '../token/base64url.ts';
import { parseJson } from '../token/json.ts';
import type { SealAlgorithm, SealKey } from './seal_key.ts';

/** The protected header. */
export type JweHeader = Readonly<Record<string, unknown>>;

const ivBytes = 12;
const tagBytes = 16;

/** Bytes of the encrypted key: none; a 256-bit key under AES Key Wrap (RFC 3394); a modulus. */
const encryptedKeyBytes: Readonly<Record<SealAlgorithm, readonly [min: number, max: number]>> = {
  dir: [0, 0],
  'ECDH-ES+A256KW': [40, 40],
  'RSA-OAEP-256': [256, 512],
};

/**
 * Members that are refused: compression (RFC 8725 section 3.6), extensions, keys by reference or by
 * value, and the parameters of algorithms that no sealer uses.
 */
const refusedMembers: readonly string[] = [
  'zip',
  'crit',
  'b64',
  'jku',
  'jwk',
  'x5u',
  'x5c',
  'x5t',
  'x5t#S256',
  'p2c',
  'p2s',
  'iv',
  'tag',
];

/**
 * Reads the header of a compact JWE that has the form of this key's algorithm.
 *
 * Nothing in it is authenticated yet.
 *
 * @returns the header, or `undefined` for anything else, whatever is wrong.
 */
export function readJwe(jwe: unknown, key: SealKey, maxBytes: number): JweHeader | undefined {
  if (typeof jwe !== 'string' || jwe.length > maxBytes) return undefined;
  const segments = split(jwe);
  if (segments === undefined) return undefined;
  const [first, ...rest] = segments;
  const [encryptedKey, iv, ciphertext, tag] = rest.map(decodeBase64url);
  if (iv?.length !== ivBytes || tag?.length !== tagBytes) return undefined;
  if (ciphertext === undefined || ciphertext.length === 0) return undefined;
  const [min, max] = encryptedKeyBytes[key.alg];
  if (encryptedKey === undefined || encryptedKey.length < min || encryptedKey.length > max) {
    return undefined;
  }
  const header = readHeader(first);
  return header !== undefined && isPinned(header, key) ? header : undefined;
}

/** Splits without making an array of a hundred thousand dots. */
function split(jwe: string): readonly [string, string, string, string, string] | undefined {
  const dots: number[] = [];
  for (let at = jwe.indexOf('.'); at >= 0; at = jwe.indexOf('.', at + 1)) {
    if (dots.push(at) > 4) return undefined;
  }
  const [a, b, c, d] = dots;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return [
    jwe.slice(0, a),
    jwe.slice(a + 1, b),
    jwe.slice(b + 1, c),
    jwe.slice(c + 1, d),
    jwe.slice(d + 1),
  ];
}

/** Reads a JSON object from a segment; `undefined` for anything else. */
export function readHeader(segment: string): JweHeader | undefined {
  const bytes = decodeBase64url(segment);
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  return text === undefined ? undefined : readObject(text);
}

/** Parses strict JSON whose top level is an object; `undefined` for anything else. */
export function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPinned(header: JweHeader, { alg, crv }: SealKey): boolean {
  if (header['alg'] !== alg || header['enc'] !== 'A256GCM') return false;
  if (refusedMembers.some((name) => Object.hasOwn(header, name))) return false;
  for (const name of ['kid', 'typ', 'cty']) {
    const value = header[name];
    if (Object.hasOwn(header, name) && typeof value !== 'string') return false;
  }
  const hasEpk = Object.hasOwn(header, 'epk');
  return crv === undefined ? !hasEpk : hasEpk && isEphemeral(header['epk'], crv);
}

/** RFC 7518 section 4.6.1.1: a public key on the recipient's curve. */
function isEphemeral(epk: unknown, crv: string): boolean {
  const jwk = copyMembers(epk);
  if (jwk === undefined || isSecret(jwk)) return false;
  const members = readMembers(jwk);
  return typeof members !== 'string' && members.kty !== 'RSA' && members.crv === crv;
}
