// The gateway as a Worker's fetch handler: one router for every request.

import type { ErrorCode } from '../../src/verify/index.ts';
import { watchRequest } from '../observe/watch_request.ts';
import { withCors } from './cors.ts';
import { pathOf } from './path.ts';
import { reject, unavailable } from './reject.ts';
import { createRouter, type Router } from './router.ts';
import { serve, type Ready } from './serve.ts';
import { defineStart, type GatewayOptions, type Started } from './start.ts';
import { isLoop } from './upstream_headers.ts';

/** The part of a Worker's default export that the gateway is. */
export interface Gateway {
  fetch(request: Request, env: unknown): Promise<Response>;
}

/** Refuses a request that no route matches. */
function refuse(code: ErrorCode, request: Request, ready: Ready): Response {
  watchRequest(undefined, request, ready).deny(code);
  return reject(code, { publicUrl: ready.config.publicUrl });
}

/**
 * Makes the gateway, to be the default export of a Worker that also exports the Durable Object
 * classes. Its variables are read at the first request; as long as one is wrong it answers nothing
 * but 503, and a log line names the variable.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const start = defineStart(options);
  const routers = new WeakMap<Started, Router>();

  function routerOf(started: Started): Router {
    const router = routers.get(started) ?? createRouter(started.routes);
    routers.set(started, router);
    return router;
  }

  function answerWith(ready: Started, request: Request): Response | Promise<Response> {
    const { publicUrl } = ready.config;
    if (isLoop(request.headers, publicUrl)) return refuse('upstream_invalid', request, ready);
    const path = pathOf(request);
    if (path === undefined) return refuse('path_ambiguous', request, ready);
    const found = routerOf(ready)(path);
    if (found === undefined) return refuse('route_unknown', request, ready);
    return serve(found.route, { request, path, params: found.params }, ready);
  }

  return {
    async fetch(request, env) {
      const ready = await start(env as object);
      if (ready === undefined) return unavailable();
      const response = await answerWith(ready, request);
      const answer =
        request.method === 'HEAD'
          ? new Response(null, { status: response.status, headers: response.headers })
          : response;
      return withCors(answer, request.headers, ready.config.allowedOrigins);
    },
  };
}
