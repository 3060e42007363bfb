// The shared secret of a sealer: 32 bytes, used directly as the content key (dir + A256GCM).

import { decodeBase64url } from '../token/base64url.ts';
import { kidOf, once, readJwk, type SealKey, type SealUse } from './seal_key.ts';

const keyBytes = 32;
const operations: readonly SealUse[] = ['encrypt', 'decrypt'];

/**
 * Reads a shared secret: bytes, base64url, an `oct` JWK or an AES-GCM CryptoKey.
 *
 * The bytes of a CryptoKey cannot be looked at.
 *
 * @throws TypeError for a wrong size, all zeros, or a JWK that is for something else.
 */
export function sharedKey(key: unknown): SealKey {
  if (key instanceof CryptoKey) return fromCryptoKey(key);
  if (typeof key === 'string') return fromBytes(decodeBase64url(key));
  if (key instanceof Uint8Array) return fromBytes(new Uint8Array(key));
  return fromJwk(key);
}

function fromJwk(key: unknown): SealKey {
  const jwk = readJwk(key);
  const { kty, k, alg, use, key_ops } = jwk;
  if (kty !== 'oct' || typeof k !== 'string') {
    throw new TypeError('"key" is a shared secret: for a key pair use "recipient" or "privateKey"');
  }
  if (alg !== undefined && alg !== 'dir' && alg !== 'A256GCM') {
    throw new TypeError('The "alg" of a shared key must be A256GCM when present');
  }
  if (use !== undefined && use !== 'enc') {
    throw new TypeError('The "use" of the key must be "enc" when present');
  }
  const ops: readonly unknown[] | undefined =
    key_ops === undefined ? operations : Array.isArray(key_ops) ? key_ops : [];
  return fromBytes(
    decodeBase64url(k),
    kidOf(jwk),
    operations.filter((use_) => ops.includes(use_)),
  );
}

function fromBytes(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  kid?: string,
  uses: readonly SealUse[] = operations,
): SealKey {
  if (bytes?.length !== keyBytes) {
    throw new TypeError('A shared key must have exactly 32 bytes, or be the base64url of 32 bytes');
  }
  // What an empty buffer or a forgotten secret looks like.
  if (bytes.every((byte) => byte === 0)) throw new TypeError('The shared key is all zeros');
  assertUses(uses);
  const load = once(() => crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, [...uses]));
  return { alg: 'dir', crv: undefined, kid, uses, load };
}

function fromCryptoKey(key: CryptoKey): SealKey {
  const own: { name: string; length?: number } = key.algorithm;
  if (key.type !== 'secret' || own.name !== 'AES-GCM' || own.length !== keyBytes * 8) {
    throw new TypeError('A shared CryptoKey must be for AES-GCM with 256 bits');
  }
  const uses = operations.filter((use) => key.usages.includes(use));
  assertUses(uses);
  return { alg: 'dir', crv: undefined, kid: undefined, uses, load: async () => key };
}

function assertUses(uses: readonly SealUse[]): void {
  if (uses.length === 0) throw new TypeError('The shared key allows neither encrypt nor decrypt');
}
