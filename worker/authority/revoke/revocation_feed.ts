// GET /revocations: the public feed. What is revoked is in it as hashes only.

import type { Route } from '../../route.ts';
import { addressOf } from '../http/attempts.ts';
import type { AuthorityContext } from '../context.ts';
import { oauthError } from '../http/oauth_error.ts';
import { createRateWindow, type RateWindow } from '../http/rate_window.ts';
import { logStub } from './revocations.ts';

const pageSize = 1000;
/** Pages that one address may read: a feed that is five seconds old at most asks four times a second. */
const limits = { perKey: 400, windowMs: 10_000 };

/** Reads `after`, and nothing else; `undefined` where the query is malformed. */
function readAfter(query: URLSearchParams): number | undefined {
  const [name, ...others] = [...query.keys()];
  const after = query.get('after') ?? '0';
  if (others.length > 0 || (name !== undefined && name !== 'after')) return undefined;
  return /^\d{1,15}$/.test(after) ? Number(after) : undefined;
}

async function serve(
  request: Request,
  { bindings, config }: AuthorityContext,
  reads: RateWindow,
): Promise<Response> {
  const after = readAfter(new URL(request.url).searchParams);
  if (after === undefined) return oauthError('invalid_request');
  const address = addressOf(request);
  if (reads.isSpent(address)) return oauthError('rate_limited');
  reads.spend(address);
  const page = await logStub(bindings, config).since(config.issuer, after, pageSize);
  // What makes two pages differ but for the time at which they were made
  const tag = `W/"${after}-${page.seq}-${page.records.length}"`;
  const headers = {
    // A cache that answers by itself would make pages older than their readers count
    'Cache-Control': 'public, no-cache',
    ETag: tag,
    'X-Content-Type-Options': 'nosniff',
  };
  const known = (request.headers.get('if-none-match') ?? '').split(',').map((text) => text.trim());
  if (known.includes(tag)) return new Response(null, { status: 304, headers });
  return Response.json(page, { headers });
}

/** The row of the feed. */
export function feedRoute(context: AuthorityContext): Route {
  const reads = createRateWindow(context.now, limits);
  return {
    path: '/revocations',
    cors: 'any',
    methods: { GET: { open: (request) => serve(request, context, reads) } },
  };
}
