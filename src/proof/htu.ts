// The `htu` of a proof against the URL of the request (RFC 9449 section 4.3, step 9).

import { boundedCache } from '../token/bounded_cache.ts';

// The path is compared as written: letting a URL parser resolve `..` or decode escapes first would
// make one proof fit several resources.
const absolute = /^(https?:\/\/[^/?#@\\\s]+)(\/[^?#\\\s]*)?(?:[?#]|$)/i;

// Those of the servers that proofs are for: each is parsed once
const origins = boundedCache<string>(64);

function readOrigin(text: string): string | undefined {
  const known = origins.get(text);
  if (known !== undefined || !URL.canParse(text)) return known;
  const { origin } = new URL(text);
  origins.set(text, origin);
  return origin;
}

interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Scheme and host compare without case and default port (RFC 3986 section 6.2.3); no user info. */
function readTarget(url: string): Target | undefined {
  const match = absolute.exec(url);
  const origin = match?.[1] === undefined ? undefined : readOrigin(match[1]);
  return origin === undefined ? undefined : { origin, path: match?.[2] ?? '/' };
}

/** Tells whether a proof can be for this: an http(s) URL without user info, or a URN. */
export function isTarget(url: string): boolean {
  return url.startsWith('urn:') || readTarget(url) !== undefined;
}

/** What a new proof for a URL names: the URL as it will be sent, its path resolved and encoded. */
export function sentTarget(url: string): string | undefined {
  if (url.startsWith('urn:')) return url;
  return URL.canParse(url) ? targetUri(new URL(url).href) : undefined;
}

/** The URL that a proof for a request names: without query and fragment. `undefined`: no http(s) URL. */
function targetUri(url: string): string | undefined {
  const target = readTarget(url);
  return target === undefined ? undefined : target.origin + target.path;
}

/** Tells whether a proof's `htu` is for the URL of the request. */
export function targetMatches(htu: string, url: string): boolean {
  // Things that are gated without HTTP have a URN for their target: it is compared as it is.
  if (url.startsWith('urn:')) return htu === url;
  const wanted = targetUri(url);
  return wanted !== undefined && targetUri(htu) === wanted;
}
