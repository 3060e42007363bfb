// Serves one request on one route: admit → verify → authorize → forward.

import { TokenError, type AuthorizedCall } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';
import { readCapped } from '../read_capped.ts';
import { json } from '../respond.ts';
import { allowedMethods, endpointOf, type Endpoint, type Route } from '../route.ts';
import type { Incoming, Services } from '../target.ts';
import { admit, type Credential } from './admit.ts';
import { admitScope, admitTier, authorize } from './authorize.ts';
import { isPreflight, preflight, withPublicCors } from './cors.ts';
import { forward, targetOf } from './forward.ts';
import { codeOf, reject } from './reject.ts';
import type { TokenCheck } from './verify.ts';

/** A gateway whose configuration was checked. */
export interface Ready {
  readonly config: Config;
  readonly check: TokenCheck;
  readonly services: Services;
}

/** A request with its canonical path taken apart. */
export interface Matched {
  readonly request: Request;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

type Guarded = Extract<Endpoint, { readonly target: unknown }>;

/** Answers a request, whatever happens. */
export async function serve(route: Route, matched: Matched, ready: Ready): Promise<Response> {
  const response = await answer(route, matched, ready);
  return route.cors === 'any' ? withPublicCors(response) : response;
}

async function answer(route: Route, matched: Matched, ready: Ready): Promise<Response> {
  const { request, path, params } = matched;
  const { publicUrl, allowedOrigins } = ready.config;
  const methods = allowedMethods(route);
  if (isPreflight(request, route.cors ?? allowedOrigins)) return preflight(methods);
  const endpoint = endpointOf(route, request.method);
  if (endpoint === undefined) return reject('method_not_allowed', { publicUrl, allow: methods });
  if ('public' in endpoint) return json({ status: 'ok' });
  if (!('open' in endpoint)) return serveAgent(endpoint, matched, ready);
  try {
    return await endpoint.open(request, { url: publicUrl + path, params });
  } catch (error) {
    return reject(codeOf(error), { publicUrl });
  }
}

async function serveAgent(endpoint: Guarded, matched: Matched, ready: Ready): Promise<Response> {
  const { request } = matched;
  const query = new URL(request.url).searchParams;
  const context = {
    publicUrl: ready.config.publicUrl,
    scope: endpoint.scope,
    resourcePath: endpoint.resource?.path,
  };
  let credential: Credential;
  try {
    credential = admit(request.headers, query);
  } catch (error) {
    return reject(codeOf(error), context);
  }
  try {
    return await serveVerified(endpoint, matched, query, credential, ready);
  } catch (error) {
    return reject(codeOf(error), { ...context, scheme: credential.scheme });
  }
}

async function serveVerified(
  { scope, target, dpop, tiers, resource }: Guarded,
  { request, path, params }: Matched,
  query: URLSearchParams,
  credential: Credential,
  { config, check, services }: Ready,
): Promise<Response> {
  const url = config.publicUrl + path;
  const { scheme } = credential;
  const agent = await check.verify(credential, {
    method: request.method,
    url,
    audience: resource?.audience,
  });
  if (dpop === 'always' && agent.jkt === undefined) throw new TokenError('proof_required');
  admitTier(agent, tiers);
  admitScope(agent, scope, config.issuer);
  const incoming: Incoming = {
    agent,
    http: { request, path },
    isHead: request.method === 'HEAD',
    query,
    params,
    readBody: (limit) => readCapped(request.body, limit),
    recheck: () => check.recheck(credential),
  };
  const prepared = await targetOf(target).read(incoming, services);
  let call: AuthorizedCall;
  try {
    call = authorize(agent, prepared);
  } catch (error) {
    const { publicUrl } = config;
    return reject(codeOf(error), {
      publicUrl,
      scheme,
      scope: prepared.required,
      resourcePath: resource?.path,
    });
  }
  return forward(call, prepared);
}
