// Begins to watch a request of a route, and finishes its answer.

import type { Config } from '../env.ts';
import type { Route } from '../route.ts';
import type { Observer } from './decision.ts';
import { createWatch, type Watch } from './watch.ts';

/** What a watch of requests needs. */
export interface WatchParts {
  readonly config: Pick<Config, 'issuer'>;
  readonly observer: Observer;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const loopback = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** Watches a request; `undefined` for one that no route matches. */
export function watchRequest(
  route: Route | undefined,
  { method, headers }: Request,
  { observer }: WatchParts,
): Watch {
  return createWatch({
    observer,
    now: () => Date.now(),
    via: 'http',
    route: route?.path ?? 'none',
    method: methods.has(method) ? method : 'other',
    traceparent: headers.get('traceparent'),
    action: 'request',
  });
}

/** Counts what the request took; in development the answer says so (Server-Timing). */
export function finishAnswer(response: Response, watch: Watch, { config }: WatchParts): Response {
  const accepted = watch.isMessage && response.status === 202;
  const timings = watch.done(accepted ? 1 : 0);
  // Outside of development it would tell strangers how long keys and sender took
  if (!loopback.test(config.issuer) || response.webSocket !== null) return response;
  const answer = new Response(response.body, response);
  const entries = Object.entries(timings).map(([stage, took]) => `${stage};dur=${took}`);
  answer.headers.set('Server-Timing', entries.join(', '));
  return answer;
}
