// Reads a body up to a cap and within a time, whatever Content-Length says and however slowly it comes.

import { TokenError } from '../src/verify/index.ts';

/** How long a body may take, in milliseconds. */
export interface BodyDeadlines {
  /** From one piece to the next. */
  readonly idleMs: number;
  /** Altogether, and what each further kilobyte of the limit may take. */
  readonly totalMs: number;
  readonly perKilobyteMs: number;
}

const defaults: BodyDeadlines = { idleMs: 5_000, totalMs: 10_000, perKilobyteMs: 60 };

/**
 * Reads a whole body.
 *
 * @throws TokenError `message_too_large` as soon as more than `limit` bytes have come,
 * `message_malformed` where it breaks off, does not come in time, or its encoding is wrong
 */
export async function readCapped(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  { idleMs, totalMs, perKilobyteMs }: BodyDeadlines = defaults,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  const until = Date.now() + totalMs + (limit / 1024) * perKilobyteMs;
  const reader = body.getReader();
  // What has come, and not what might: an idle client holds no memory
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await next(reader, Math.min(idleMs, until - Date.now()));
      if (done) return join(chunks, length);
      length += value.length;
      if (length > limit) throw new TokenError('message_too_large');
      chunks.push(value);
    }
  } catch (error) {
    // Not awaited: a sender who is in the middle of a long body should hear the answer now
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  waitMs: number,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('The body is late')), Math.max(0, waitMs));
  });
  try {
    return await Promise.race([reader.read(), late]);
  } catch (cause) {
    throw new TokenError('message_malformed', { cause });
  } finally {
    clearTimeout(timer);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
