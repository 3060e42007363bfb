// The gateway as a Worker's fetch handler: configuration once, then one router for every request.

import { waitUntil } from 'cloudflare:workers';
import { Hono } from 'hono';
import type { RevocationSource } from '../../src/verify/index.ts';
import { createAuthority } from '../authority/authority.ts';
import { followFeeds } from '../authority/revocation_view.ts';
import { readBindings, readConfig } from '../env.ts';
import { ConfigError } from '../env_values.ts';
import { logError } from '../observe/log.ts';
import type { Route } from '../route.ts';
import { withCors } from './cors.ts';
import { createServices } from './forward_services.ts';
import { pathOf } from './path.ts';
import { codeOf, reject, unavailable } from './reject.ts';
import { resourceMetadataRoutes } from './resource_metadata.ts';
import { routes } from './routes.ts';
import { serve, type Ready } from './serve.ts';
import { createTokenCheck } from './verify.ts';

/** What a Worker that mounts the gateway may add to it. */
export interface GatewayOptions {
  /** Where revocation is looked up. Omitted: revocation is NOT checked. */
  readonly revocation?: RevocationSource;
}

/** The part of a Worker's default export that the gateway is. */
export interface Gateway {
  fetch(request: Request, env: unknown): Promise<Response>;
}

type Routed = { Bindings: { readonly ready: Ready; readonly path: string } };

interface Started {
  readonly ready: Ready;
  readonly router: Hono<Routed>;
}

function createRouter(routes: readonly Route[]): Hono<Routed> {
  // The path was made canonical before: the router must match that, and not read the URL again
  const router = new Hono<Routed>({ getPath: (_request, options) => options?.env?.path ?? '/' });
  for (const route of routes) {
    router.all(route.path, ({ req, env: { ready, path } }) =>
      serve(route, { request: req.raw, path, params: req.param() }, ready),
    );
  }
  router.notFound(({ env: { ready } }) =>
    reject('route_unknown', { publicUrl: ready.config.publicUrl }),
  );
  router.onError((error, { env: { ready } }) =>
    reject(codeOf(error), { publicUrl: ready.config.publicUrl }),
  );
  return router;
}

async function start(env: unknown, options: GatewayOptions): Promise<Started> {
  const variables = env as Readonly<Record<string, unknown>>;
  const config = readConfig(variables);
  const bindings = readBindings(variables, config);
  const authority = createAuthority(config, bindings, waitUntil);
  const feeds = authority?.revocation ?? followFeeds(config.trustedIssuers, waitUntil);
  const { revocation = feeds } = options;
  const check = await createTokenCheck(config, {
    waitUntil,
    ...(authority === undefined
      ? {}
      : { ownKeys: authority.keys, authenticateActor: authority.authenticateActor }),
    ...(revocation === undefined ? {} : { revocation }),
  });
  return {
    ready: { config, check, services: createServices(config, bindings, waitUntil) },
    router: createRouter([
      ...routes,
      ...resourceMetadataRoutes(config),
      ...(authority?.routesWith(check) ?? []),
    ]),
  };
}

/**
 * Makes the gateway, to be the default export of a Worker that also exports the Durable Object
 * classes. Its variables are read at the first request; as long as one is wrong it answers nothing
 * but 503, and a log line names the variable.
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  // Results, not promises: a promise dies with the request that made it, and others would wait for ever
  const started = new WeakMap<object, Started>();
  const broken = new WeakSet<object>();

  async function ready(env: object): Promise<Started | undefined> {
    const known = started.get(env);
    if (known !== undefined || broken.has(env)) return known;
    try {
      const made = await start(env, options);
      // Of several first requests one makes what all of them use: two would each remember proofs
      const first = started.get(env) ?? made;
      started.set(env, first);
      return first;
    } catch (error) {
      broken.add(env);
      logError('configuration_refused', faultOf(error));
      return undefined;
    }
  }

  return {
    async fetch(request, env) {
      const gateway = await ready(env as object);
      if (gateway === undefined) return unavailable();
      const { publicUrl, allowedOrigins } = gateway.ready.config;
      const path = pathOf(request);
      const response =
        path === undefined
          ? reject('path_ambiguous', { publicUrl })
          : await gateway.router.fetch(request, { ready: gateway.ready, path });
      const answer =
        request.method === 'HEAD'
          ? new Response(null, { status: response.status, headers: response.headers })
          : response;
      return withCors(answer, request.headers, allowedOrigins);
    },
  };
}

function faultOf(error: unknown): { readonly variable?: string; readonly fault: string } {
  return error instanceof ConfigError
    ? { variable: error.variable, fault: error.message }
    : { fault: 'The gateway cannot start' };
}
