// One fetch of a JSON document, with a cap on its size; redirects are not followed.

import { decodeUtf8 } from '../token/base64url.ts';
import type { FetchKeys } from './remote_options.ts';

/** What was fetched. */
export interface Fetched {
  readonly text: string;
  readonly headers: Headers;
}

const jsonType = /^application\/(?:[\w!#$&^.+-]+\+)?json *(?:;|$)/i;

/**
 * Fetches a document.
 *
 * Does not parse it, and has no clock: the signal ends it. Only a 200 with a JSON media type
 * counts; a redirect could lead to an address that nobody configured.
 *
 * @throws Error that says which cap or rule was broken.
 */
export async function fetchCapped(
  fetchKeys: FetchKeys,
  url: string,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Fetched> {
  const { maxBytes, signal } = limits;
  const response = await fetchKeys(url, {
    // 'error' does not exist in Workers; with 'manual' a redirect arrives as 3xx or opaque.
    redirect: 'manual',
    headers: { accept: 'application/jwk-set+json, application/json' },
    signal,
    ...(hasCacheMode() ? { cache: 'no-store' as const } : {}),
  });
  const { status, redirected, headers, body } = response;
  const reason = refusal(status, redirected, headers);
  if (reason !== undefined) {
    body?.cancel().catch(() => {});
    throw new Error(reason);
  }
  const bytes = body === null ? new Uint8Array() : await readCapped(body, maxBytes, signal);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Error('The key set is not UTF-8');
  return { text, headers };
}

function refusal(status: number, redirected: boolean, headers: Headers): string | undefined {
  if (status !== 200 || redirected) return `The key set was answered with status ${status}`;
  if (jsonType.test(headers.get('content-type') ?? '')) return undefined;
  return 'The key set has no JSON media type';
}

/** Counts decoded bytes as they come, so that a compressed bomb never unfolds. */
async function readCapped(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
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
      if (signal.aborted) throw new Error('The key set did not arrive in time');
      if (done) return concat(chunks, size);
      size += value.byteLength;
      if (size > maxBytes) {
        cancel();
        throw new Error(`The key set is larger than ${maxBytes} bytes`);
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

let cacheMode: boolean | undefined;

/** Whether the runtime takes `cache`: a browser's own cache would add to the age; old Workers throw. */
function hasCacheMode(): boolean {
  if (cacheMode === undefined) {
    try {
      cacheMode = new Request('https://keys.invalid', { cache: 'no-store' }).cache === 'no-store';
    } catch {
      cacheMode = false;
    }
  }
  return cacheMode;
}
