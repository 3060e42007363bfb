// The hashes that revocation records are published under, and their first 64 bits, by which a view finds them.

import { encodeBase64url } from '../token/base64url.ts';
import type { TokenIdentity } from '../token/identity.ts';
import { boundedCache } from '../token/bounded_cache.ts';
import { namesOf, type RevocationName } from './records.ts';

/** The first 64 bits of a record's hash. */
export interface Fingerprint {
  readonly high: number;
  readonly low: number;
}

/** The fingerprints of one token: looked up by set, and by issue time. */
export interface TokenFingerprints {
  readonly exact: readonly Fingerprint[];
  readonly before: readonly Fingerprint[];
  readonly issuedAt: number;
}

const hashBytes = 16;
const encoder = new TextEncoder();

/** Each part with its length before it, so that no two triples run together to the same bytes. */
function lengthPrefixed(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map((part) => encoder.encode(part));
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of encoded) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/**
 * The hash that a record is published under: the first 16 bytes of SHA-256 over kind, issuer and
 * value, each in UTF-8 with its length before it as four bytes, big-endian; base64url.
 *
 * Does not check its arguments.
 *
 * @example
 * ```ts
 * import { revocationHash } from 'swarmgate';
 *
 * const hash = await revocationHash({ kind: 'token', issuer: 'yamtam-engine', value: 'a' });
 * if (hash.length !== 22) throw new Error('unexpected');
 * ```
 */
export async function revocationHash({ kind, issuer, value }: RevocationName): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', lengthPrefixed([kind, issuer, value]));
  return encodeBase64url(new Uint8Array(digest, 0, hashBytes));
}

// Canonical base64url of 16 bytes: of the last character only two bits count
const hashForm = /^[\w-]{21}[AQgw]$/;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const sixBits = new Uint8Array(128);
for (let index = 0; index < alphabet.length; index++) sixBits[alphabet.charCodeAt(index)] = index;

/** The fingerprint of a hash; `undefined` where it is no hash. A view reads a million of them. */
export function fingerprintOf(hash: string): Fingerprint | undefined {
  if (!hashForm.test(hash)) return undefined;
  const bits = (at: number): number => sixBits[hash.charCodeAt(at)] ?? 0;
  const twelve = (at: number): number => (bits(at) << 6) | bits(at + 1);
  // 30 bits, 2 that both halves share a character for, and so on to 64
  const high = ((twelve(0) << 20) | (twelve(2) << 8) | (bits(4) << 2) | (bits(5) >>> 4)) >>> 0;
  const low = ((bits(5) << 28) | (twelve(6) << 16) | (twelve(8) << 4) | (bits(10) >>> 2)) >>> 0;
  return { high, low };
}

/** Computes the fingerprints of tokens, each once. */
export interface Fingerprinter {
  /** At once where they are known already. */
  of(identity: TokenIdentity): TokenFingerprints | Promise<TokenFingerprints>;
}

/** Names that many tokens share (agents, keys, sessions) are hashed once. */
const sharedNames = 10_000;

/** Makes a fingerprinter; what it knows of a token goes with the token's identity. */
export function createFingerprinter(): Fingerprinter {
  const known = new WeakMap<TokenIdentity, TokenFingerprints>();
  const shared = boundedCache<Fingerprint>(sharedNames);

  async function ofName(name: RevocationName): Promise<Fingerprint> {
    const id = JSON.stringify([name.kind, name.issuer, name.value]);
    const cached = name.kind === 'token' ? undefined : shared.get(id);
    if (cached !== undefined) return cached;
    const made = fingerprintOf(await revocationHash(name)) ?? { high: 0, low: 0 };
    if (name.kind !== 'token') shared.set(id, made);
    return made;
  }

  async function compute(identity: TokenIdentity): Promise<TokenFingerprints> {
    const names = namesOf(identity);
    const ofKind = (before: boolean): Promise<Fingerprint[]> =>
      Promise.all(names.filter(({ kind }) => (kind === 'before') === before).map(ofName));
    const [exact, before] = await Promise.all([ofKind(false), ofKind(true)]);
    const made = { exact, before, issuedAt: identity.issuedAt };
    known.set(identity, made);
    return made;
  }

  return { of: (identity) => known.get(identity) ?? compute(identity) };
}
