// Token Status List (draft-ietf-oauth-status-list-21 section 4): the packed bits, and their compressed form.

import { readCapped } from '../keys/read_capped.ts';
import { decodeBase64url, encodeBase64url } from '../token/base64url.ts';

/** Bits for each status. */
export type StatusBits = 1 | 2 | 4 | 8;

/** Tells whether a value is one of the four widths. */
export function isStatusBits(value: unknown): value is StatusBits {
  return value === 1 || value === 2 || value === 4 || value === 8;
}

/** Packs statuses, the first in the least significant bits of the first byte; throws for one too large. */
export function packStatuses(
  statuses: readonly number[],
  bits: StatusBits,
): Uint8Array<ArrayBuffer> {
  const perByte = 8 / bits;
  const bytes = new Uint8Array(Math.ceil(statuses.length / perByte));
  for (const [index, status] of statuses.entries()) {
    if (!Number.isInteger(status) || status < 0 || status >= 2 ** bits) {
      throw new TypeError('A status does not fit its bits');
    }
    const at = Math.floor(index / perByte);
    bytes[at] = (bytes[at] ?? 0) | (status << ((index % perByte) * bits));
  }
  return bytes;
}

/** The status at an index; `undefined` outside of the list. */
export function statusAt(bytes: Uint8Array, bits: StatusBits, index: number): number | undefined {
  const perByte = 8 / bits;
  if (!Number.isSafeInteger(index) || index < 0) return undefined;
  const byte = bytes[Math.floor(index / perByte)];
  return byte === undefined ? undefined : (byte >> ((index % perByte) * bits)) & (2 ** bits - 1);
}

const never = new AbortController().signal;

const through = (
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
  maxBytes: number,
): Promise<Uint8Array> =>
  readCapped(new Blob([bytes]).stream().pipeThrough(transform), { maxBytes, signal: never });

/** Compresses packed statuses: `lst`, base64url of DEFLATE in the ZLIB format (RFC 1950). */
export async function encodeStatusList(bytes: Uint8Array): Promise<string> {
  const copy = new Uint8Array(bytes);
  return encodeBase64url(await through(copy, new CompressionStream('deflate'), Infinity));
}

/**
 * Decompresses `lst`. Stops as soon as it unfolds to more than `maxBytes`.
 *
 * Throws an Error for what is not canonical base64url of one whole ZLIB stream.
 */
export async function decodeStatusList(lst: string, maxBytes: number): Promise<Uint8Array> {
  const compressed = decodeBase64url(lst);
  if (compressed === undefined) throw new Error('The status list is not canonical base64url');
  const bytes = await through(compressed, new DecompressionStream('deflate'), maxBytes);
  // Deno takes a stream that ends too early.
  if (new DataView(compressed.buffer).getUint32(compressed.length - 4) !== adler32(bytes)) {
    throw new Error('The status list is not whole');
  }
  return bytes;
}

/** RFC 1950 section 8.2; the sums are reduced before they can leave 32 bits. */
function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + 3800, bytes.length);
    for (; at < end; at++) high += low += bytes[at] ?? 0;
    low %= 65_521;
    high %= 65_521;
  }
  return high * 65_536 + low;
}
