// One fetch of a JSON document, with a cap on its size; redirects are not followed.

import { decodeUtf8 } from '../token/base64url.ts';
import { readCapped } from './read_capped.ts';
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
  const text = decodeUtf8(await readCapped(body, { maxBytes, signal }));
  if (text === undefined) throw new Error('The key set is not UTF-8');
  return { text, headers };
}

function refusal(status: number, redirected: boolean, headers: Headers): string | undefined {
  if (status !== 200 || redirected) return `The key set was answered with status ${status}`;
  if (jsonType.test(headers.get('content-type') ?? '')) return undefined;
  return 'The key set has no JSON media type';
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
