// The body of an answer, read up to a cap.

/**
 * Reads a whole body. Counts decoded bytes as they come, so that a compressed bomb never unfolds.
 *
 * @throws Error when it is larger than `maxBytes`, or when the signal ends it.
 */
export async function readCapped(
  body: ReadableStream<Uint8Array> | null,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const { maxBytes, signal } = limits;
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const cancel = (): void => {
    reader.cancel().catch(() => {});
  };
  signal.addEventListener('abort', cancel);
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      // A cancelled body ends as a complete one does.
      if (signal.aborted) throw new Error('The answer did not arrive in time');
      if (done) return concat(chunks, size);
      size += value.byteLength;
      if (size > maxBytes) {
        cancel();
        throw new Error(`The answer is larger than ${maxBytes} bytes`);
      }
      chunks.push(value);
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
