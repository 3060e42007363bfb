// A request that is about to be authenticated: read once, checked, and sent as often as its body allows.

import type { ClientFetch } from './authority_http.ts';
import { CallerMistake } from './caller_mistake.ts';

/** A request whose destination is one of the origins told. */
export interface Outgoing {
  readonly origin: string;
  /** Absolute, as it will be sent. */
  readonly url: string;
  /** As it will be sent: a proof names it. */
  readonly method: string;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  /** Whether it can be sent a second time. */
  readonly isRepeatable: boolean;
  readonly send: (fetchResponse: ClientFetch, headers: Headers) => Promise<Response>;
}

const ownHeaders = ['authorization', 'dpop', 'agent-delegation'] as const;

/**
 * Reads what a caller passes to `fetch`.
 *
 * @throws CallerMistake for an origin not told of, for a credential of the caller's own, for a
 * redirect that is to be followed
 */
export function readOutgoing(
  input: string | URL | Request,
  init: RequestInit,
  origins: ReadonlySet<string>,
): Outgoing {
  const given = input instanceof Request ? input : undefined;
  // The runtime's own reading of a relative address and of a method's case
  const address = input instanceof Request ? input.url : input;
  const { url, method } = new Request(address instanceof URL ? address.href : address, {
    method: init.method ?? given?.method ?? 'GET',
  });
  const { origin } = new URL(url);
  if (!origins.has(origin)) {
    throw new CallerMistake('The request is for an origin that must not see the token');
  }
  const headers = new Headers(init.headers ?? given?.headers ?? {});
  const own = ownHeaders.find((name) => headers.has(name));
  if (own !== undefined) {
    throw new CallerMistake(`The request has an "${own}" header of its own`);
  }
  if (init.redirect === 'follow') {
    throw new CallerMistake('A token does not follow redirects: leave "redirect" out');
  }
  const settings: RequestInit = { ...init, method, redirect: init.redirect ?? 'manual' };
  return {
    origin,
    url,
    method,
    headers,
    signal: init.signal ?? given?.signal ?? undefined,
    isRepeatable: isRepeatable(given, init.body, method),
    send: (fetchResponse, authenticated) => {
      const complete = { ...settings, headers: authenticated };
      return given === undefined
        ? fetchResponse(url, complete)
        : fetchResponse(new Request(given, complete));
    },
  };
}

/** A stream is gone once it was sent; so is the body of a Request. */
function isRepeatable(given: Request | undefined, body: unknown, method: string): boolean {
  if (body === undefined || body === null) {
    return given === undefined || method === 'GET' || method === 'HEAD' || given.body === null;
  }
  return (
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof Blob ||
    body instanceof FormData ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
