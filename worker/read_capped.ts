// Reads a body up to a cap, whatever Content-Length says.

import { TokenError } from '../src/verify/index.ts';

/**
 * Reads a whole body.
 *
 * @throws TokenError `message_too_large` as soon as more than `limit` bytes have come,
 * `message_malformed` where it breaks off or its encoding is wrong
 */
export async function readCapped(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  if (body === null) return bytes.subarray(0, 0);
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await next(reader);
    if (done) return bytes.slice(0, length);
    if (length + value.length > limit) {
      // Not awaited: a sender who is in the middle of a long body should hear the answer now
      reader.cancel().catch(() => undefined);
      throw new TokenError('message_too_large');
    }
    bytes.set(value, length);
    length += value.length;
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (cause) {
    throw new TokenError('message_malformed', { cause });
  }
}
