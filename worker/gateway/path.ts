// The one path that a request names: matched by the gateway, and later seen by an upstream.

// Refused as they stand: what a server could read as a separator, as a parameter, or not at all
const forbidden = /[\\;]|[^\x21-\x7e]|\/\//;
const escape = /%([0-9a-fA-F]{2})?/g;
// RFC 3986 section 2.3: escaping these changes nothing but the spelling, so it is used to hide
const unreserved = /[A-Za-z0-9._~-]/;
const structural = new Set(['/', '\\', '%', ';', '?', '#']);
const controls = /\p{Cc}/u;
// What servers that fit text to an older charset, or normalize it, read as one of the above, or as a dot
const lookAlikes =
  /[\u2024-\u2026\u2044\u2215\u2216\u29f5\u29f8\ufe52\ufe54\ufe68\ufe6a\uff03\uff05\uff0e\uff0f\uff1b\uff1f\uff3c]/;
// Nothing that the rules below are about: no escape, no dot, no space, no empty segment but the last
const plainPath = /^(?:\/[\w~!$&'()*+,=:@-]+)+\/?$/;

// RFC 9110 section 7.2: a name or an address, and a port. Two headers arrive joined by a comma
const plainHost = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** The host and the origin that were last found plain: they hardly ever change. */
let known: { readonly host: string; readonly origin: string } | undefined;

/** Whether the host is one and nothing else: workerd writes it into the URL as it was sent. */
function isPlainHost({ headers, url }: Request): boolean {
  const host = headers.get('host');
  if (host === null) return URL.canParse(url);
  if (host === known?.host && url.startsWith(known.origin)) return true;
  if (!plainHost.test(host) || !URL.canParse(url)) return false;
  // With its slash: what follows is path and query, and those always parse
  known = { host, origin: `${new URL(url).origin}/` };
  return true;
}

/** The path of an absolute URL as it was sent. A URL parser would resolve its dots first. */
function rawPath(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  if (start < 0) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

function isPlainEscape(hex: string | undefined): boolean {
  if (hex === undefined) return false;
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return !unreserved.test(character) && !structural.has(character);
}

function isPlainSegment(segment: string): boolean {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return false;
  }
  return !controls.test(decoded) && !lookAlikes.test(decoded) && !/[. ]$/.test(decoded);
}

/**
 * The canonical path of a request's URL, or `undefined` when it has more than one reading: encoded
 * slashes, dots, NULs or letters, backslashes, dot segments, empty segments, `;`, a segment that
 * ends in a dot or a space, escapes that are no UTF-8 or stand for something like a slash or a dot.
 *
 * Some runtimes resolve dot segments before the Worker sees the URL; then what is matched here is
 * what they resolved, and nothing else is forwarded.
 */
export function canonicalPath(url: string): string | undefined {
  const path = rawPath(url);
  if (plainPath.test(path)) return path;
  if (forbidden.test(path)) return undefined;
  for (const [, hex] of path.matchAll(escape)) if (!isPlainEscape(hex)) return undefined;
  if (!path.split('/').every(isPlainSegment)) return undefined;
  return path.replace(escape, (spelled) => spelled.toUpperCase());
}

/** The canonical path of a request, or `undefined` when its path or its host has several readings. */
export function pathOf(request: Request): string | undefined {
  return isPlainHost(request) ? canonicalPath(request.url) : undefined;
}
