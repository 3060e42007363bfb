// One request to an authority: JSON answers, capped in size; redirects are not followed.

import { readCapped } from '../keys/read_capped.ts';
import { decodeUtf8 } from '../token/base64url.ts';
import { parseJson } from '../token/json.ts';
import { isRecord } from '../token/shape.ts';
import { AuthorityError } from './authority_error.ts';

/** The part of `fetch` that is used. */
export type ClientFetch = (input: string | Request, init?: RequestInit) => Promise<Response>;

/** An authority's answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as a JSON object; `undefined` for anything else. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** How much of an answer is read, and until when. */
export interface AnswerLimits {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and reads the whole answer, whatever its status is.
 *
 * @throws AuthorityError `authority_unavailable`, `authority_invalid` (a redirect, or too large)
 */
export async function askAuthority(
  fetchAnswer: ClientFetch,
  url: string,
  init: RequestInit,
  limits: AnswerLimits,
): Promise<Answer> {
  let response: Response;
  try {
    // 'error' does not exist in Workers; with 'manual' a redirect arrives as 3xx or opaque
    response = await fetchAnswer(url, { ...init, redirect: 'manual', signal: limits.signal });
  } catch (cause) {
    throw new AuthorityError('authority_unavailable', { cause });
  }
  const { status, headers, redirected, type, body } = response;
  if (type === 'opaqueredirect' || redirected || (status >= 300 && status < 400)) {
    body?.cancel().catch(() => {});
    throw new AuthorityError('authority_invalid', { status });
  }
  let bytes: Uint8Array;
  try {
    bytes = await readCapped(body, limits);
  } catch (cause) {
    const code = limits.signal.aborted ? 'authority_unavailable' : 'authority_invalid';
    throw new AuthorityError(code, { status, cause });
  }
  return { status, headers, body: readObject(bytes) };
}

function readObject(bytes: Uint8Array): Answer['body'] {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    const value = parseJson(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The refusal that an answer other than success is (RFC 6749 section 5.2). */
export function refusalOf({ status, body }: Answer): AuthorityError {
  if (status >= 500 || status === 408 || status === 429) {
    return new AuthorityError('authority_unavailable', { status });
  }
  const error = body?.['error'];
  if (status >= 400 && typeof error === 'string' && /^[a-z_]{1,64}$/.test(error)) {
    return new AuthorityError('authority_refused', { status, error });
  }
  return new AuthorityError('authority_invalid', { status });
}
