// One fetch of a small document, with a cap on its size; redirects are not followed.

import { decodeUtf8 } from '../token/base64url.ts';
import { readCapped } from './read_capped.ts';
import type { FetchKeys } from './remote_options.ts';

/** What was fetched. */
export interface Fetched {
  readonly text: string;
  readonly headers: Headers;
}

/** What kind of document is asked for, and what it is called in an error. */
export interface Wanted {
  readonly name: string;
  readonly accept: string;
  readonly type: RegExp;
}

const jsonType = /^application\/(?:[\w!#$&^.+-]+\+)?json *(?:;|$)/i;

const keySet: Wanted = {
  name: 'The key set',
  accept: 'application/jwk-set+json, application/json',
  type: jsonType,
};

/**
 * Fetches a document: JSON, unless something else is wanted.
 *
 * Does not parse it, and has no clock: the signal ends it. Only a 200 with the right media type
 * counts; a redirect could lead to an address that nobody configured.
 *
 * @throws Error that says which cap or rule was broken.
 */
export async function fetchCapped(
  fetchKeys: FetchKeys,
  url: string,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  wanted: Wanted = keySet,
): Promise<Fetched> {
  const { maxBytes, signal } = limits;
  const response = await fetchKeys(url, {
    // 'error' does not exist in Workers; with 'manual' a redirect arrives as 3xx or opaque.
    redirect: 'manual',
    headers: { accept: wanted.accept },
    signal,
    ...(hasCacheMode() ? { cache: 'no-store' as const } : {}),
  });
  const { status, redirected, headers, body } = response;
  const isRight = status === 200 && !redirected;
  const reason = isRight ? typeFault(headers, wanted) : `was answered with status ${status}`;
  if (reason !== undefined) {
    body?.cancel().catch(() => {});
    throw new Error(`${wanted.name} ${reason}`);
  }
  const text = decodeUtf8(await readCapped(body, { maxBytes, signal }));
  if (text === undefined) throw new Error(`${wanted.name} is not UTF-8`);
  return { text, headers };
}

function typeFault(headers: Headers, { type }: Wanted): string | undefined {
  if (type.test(headers.get('content-type') ?? '')) return undefined;
  return type === jsonType ? 'has no JSON media type' : 'has another media type';
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
