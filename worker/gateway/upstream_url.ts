// The URL of an upstream request, and of a redirect on the way back: host and base are the configured ones.

import { TokenError } from '../../src/verify/index.ts';
import type { UpstreamRoute } from '../env_routes.ts';

type Place = Pick<UpstreamRoute, 'prefix' | 'origin' | 'base'>;

/** What follows the path of a URL as it was sent: the query, without a fragment. */
function rawQuery(url: string): string {
  const [whole = ''] = url.split('#', 1);
  const start = whole.indexOf('?');
  return start < 0 ? '' : whole.slice(start);
}

/**
 * Builds the URL that a request goes to, from the canonical path that was matched.
 *
 * It is put together as text and then read again: where a URL parser reads anything else than what
 * was written, the path has two readings.
 *
 * @throws TokenError `path_ambiguous`
 */
export function upstreamUrl({ prefix, origin, base }: Place, path: string, sentTo: string): URL {
  const rest = path.slice(prefix.length);
  const inside = path.startsWith(prefix) && (rest === '' || rest.startsWith('/'));
  const wanted = base + rest || '/';
  const text = `${origin}${wanted}${rawQuery(sentTo)}`;
  if (!inside || !URL.canParse(text)) throw new TokenError('path_ambiguous');
  const url = new URL(text);
  if (url.origin !== origin || url.pathname !== wanted) throw new TokenError('path_ambiguous');
  return url;
}

/**
 * Where a redirect leads as clients see it; `undefined` where it leaves the route: clients do not
 * know the service's own address, and need not.
 */
export function publicLocation(
  { prefix, origin, base }: Place,
  publicUrl: string,
  location: string,
  from: URL,
): string | undefined {
  if (!URL.canParse(location, from.href)) return undefined;
  const { origin: host, pathname, search, hash } = new URL(location, from.href);
  const inside = pathname === base || pathname.startsWith(`${base}/`);
  if (host !== origin || !inside) return undefined;
  return publicUrl + prefix + pathname.slice(base.length) + search + hash;
}
