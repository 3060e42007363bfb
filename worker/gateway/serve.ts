// Serves one request on one route: admit → verify → authorize → admission → forward.

import { TokenError } from '../../src/verify/index.ts';
import { addressOf } from '../authority/http/attempts.ts';
import type { Config } from '../env.ts';
import type { Observer } from '../observe/decision.ts';
import type { Watch } from '../observe/watch.ts';
import { finishAnswer, watchRequest } from '../observe/watch_request.ts';
import { readCapped } from '../read_capped.ts';
import { json, respond } from '../respond.ts';
import { allowedMethods, endpointOf, type Endpoint, type Route } from '../route.ts';
import type { Incoming, Prepared, Services } from '../target.ts';
import { admit, type Credential } from './admit.ts';
import type { Admission } from './admission.ts';
import type { AnonymousGate } from './anonymous_gate.ts';
import { admitScope, admitTier, admitUnbound, authorize } from './authorize.ts';
import { isPreflight, preflight, withPublicCors } from './cors.ts';
import { forward, targetOf } from './forward.ts';
import { headersOf } from './refusal_error.ts';
import { codeOf, reject } from './reject.ts';
import { admitSocket, refuseUpgrade, type SocketCredential } from './socket.ts';
import type { TokenCheck, Verified } from './verify.ts';

/** A gateway whose configuration was checked. */
export interface Ready {
  readonly config: Config;
  readonly check: TokenCheck;
  readonly services: Services;
  /** Holds strangers back. */
  readonly gate: AnonymousGate;
  readonly admission: Admission;
  /** Takes down every decision. */
  readonly observer: Observer;
  /** Forgets which key an agent holds: it holds another by now. */
  readonly forgetActor: (agentId: string) => void;
}

/** A request with its canonical path taken apart. */
export interface Matched {
  readonly request: Request;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
}

interface Watched extends Matched {
  readonly watch: Watch;
}

/** Who a chain acts for changes while it is served, or not: twice is somebody's play. */
const maxAttempts = 2;

type Guarded = Extract<Endpoint, { readonly target: unknown }>;

/** Answers a request, whatever happens. */
export async function serve(route: Route, matched: Matched, ready: Ready): Promise<Response> {
  const { request, path, params } = matched;
  try {
    const watch = watchRequest(route, request, ready);
    const answered = await answer(route, { request, path, params, watch }, ready);
    const response = finishAnswer(answered, watch, ready);
    return route.cors === 'any' ? withPublicCors(response) : response;
  } catch (error) {
    return reject(codeOf(error), { publicUrl: ready.config.publicUrl });
  }
}

function answer(route: Route, matched: Watched, ready: Ready): Response | Promise<Response> {
  const { request, watch } = matched;
  const { publicUrl, allowedOrigins } = ready.config;
  if (isPreflight(request, route.cors ?? allowedOrigins)) return preflight(allowedMethods(route));
  const endpoint = endpointOf(route, request.method);
  if (endpoint === undefined) {
    watch.deny('method_not_allowed');
    return reject('method_not_allowed', { publicUrl, allow: allowedMethods(route) });
  }
  if ('public' in endpoint) return json({ status: 'ok' });
  return 'open' in endpoint
    ? serveOpen(endpoint, matched, publicUrl)
    : serveAgent(endpoint, matched, ready);
}

async function serveOpen(
  endpoint: Extract<Endpoint, { readonly open: unknown }>,
  { request, path, params, watch }: Watched,
  publicUrl: string,
): Promise<Response> {
  try {
    const call = { url: publicUrl + path, params, note: watch.note };
    const response = await endpoint.open(request, call);
    await watch.answered(response.status);
    return response;
  } catch (error) {
    const code = codeOf(error);
    watch.deny(code);
    return reject(code, { publicUrl, headers: headersOf(error) });
  }
}

/** What is known of a request so far, for its answer. */
interface Progress {
  scheme?: Credential['scheme'];
  scope: string | readonly string[] | undefined;
}

async function serveAgent(endpoint: Guarded, matched: Watched, ready: Ready): Promise<Response> {
  const notUpgraded = endpoint.upgrade && refuseUpgrade(matched.request, ready.config);
  if (notUpgraded !== undefined) return notUpgraded;
  const progress: Progress = { scope: endpoint.scope };
  try {
    return await serveVerified(endpoint, once(matched), ready, progress);
  } catch (error) {
    const code = codeOf(error);
    // Only admission says this: whoever repeats what was overheard is no agent of ours
    if (code === 'proof_replayed') ready.gate.refused(addressOf(matched.request), error);
    matched.watch.deny(code);
    return reject(code, {
      ...progress,
      publicUrl: ready.config.publicUrl,
      resourcePath: endpoint.resource?.path,
      headers: headersOf(error),
    });
  }
}

/** The request of an agent, whose body is read once, however often it is looked at. */
interface Sent extends Watched {
  readonly query: URLSearchParams;
  readonly readBody: Incoming['readBody'];
}

function once({ request, path, params, watch }: Watched): Sent {
  let body: Promise<Uint8Array> | undefined;
  return {
    request,
    path,
    params,
    watch,
    query: queryOf(request),
    readBody: (limit) => (body ??= readCapped(request.body, limit)),
  };
}

/** Most requests have no query, and share one that is only read. */
const noQuery = new URLSearchParams();

function queryOf({ url }: Request): URLSearchParams {
  return url.includes('?') ? new URL(url).searchParams : noQuery;
}

async function serveVerified(
  endpoint: Guarded,
  sent: Sent,
  ready: Ready,
  progress: Progress,
): Promise<Response> {
  const { admission, forgetActor } = ready;
  const { watch } = sent;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const verified = await identify(endpoint, sent, ready, progress);
    const { agent, use } = verified;
    watch.lap('view');
    watch.verified(agent);
    const prepared = await prepare(endpoint, sent, verified, ready);
    progress.scope = prepared.required;
    watch.wants(prepared.required, prepared.about ?? sent.params['id']);
    if (prepared.action !== undefined) watch.note({ action: prepared.action });
    const call = authorize(agent, prepared);
    admitUnbound(agent, ready.config.admission, prepared.required);
    watch.lap();
    const admitted = await admission.admit({ agent, use, message: prepared.message });
    watch.lap('admission');
    if (admitted !== 'not_holder') {
      // AUDIT=required: nothing is forwarded before this is durable
      await watch.allow();
      watch.lap();
      const answered = await forward(call, prepared, admitted.reservation);
      watch.lap('upstream');
      return respond(answered, { ...verified.headers, ...admitted.headers });
    }
    // The agent's key was replaced a moment ago: then this chain acts for somebody else
    forgetActor(agent.agentId);
  }
  throw new TokenError('proof_invalid');
}

/** Who sends a request. What is refused here counts against the address that it came from. */
async function identify(
  { resource, upgrade }: Guarded,
  { request, path, query }: Sent,
  { config, check, gate }: Ready,
  progress: Progress,
): Promise<Verified & { readonly credential: Credential | SocketCredential }> {
  const address = addressOf(request);
  const leave = gate.enter(address);
  try {
    const credential = (upgrade ? admitSocket : admit)(request.headers, query);
    progress.scheme = credential.scheme;
    const { method } = request;
    const url = config.publicUrl + path;
    const presented = { method, url, audience: resource?.audience };
    const { agent, use, headers } = await check.verify(credential, presented);
    return { agent, use, headers, credential };
  } catch (error) {
    gate.refused(address, error);
    throw error;
  } finally {
    leave();
  }
}

const noScopes: readonly string[] = [];

function scopesOf(scope: Guarded['scope']): readonly string[] {
  if (scope === undefined) return noScopes;
  return typeof scope === 'string' ? [scope] : scope;
}

/** Reads what the request wants, once its agent may use the route at all. */
function prepare(
  { scope, target, dpop, tiers }: Guarded,
  { request, path, params, query, readBody, watch }: Sent,
  { agent, credential }: Verified & { readonly credential: Credential | SocketCredential },
  { config, check, services }: Ready,
): Prepared | Promise<Prepared> {
  if (dpop === 'always' && agent.jkt === undefined) throw new TokenError('proof_required');
  const scopes = scopesOf(scope);
  admitUnbound(agent, config.admission, scopes);
  admitTier(agent, tiers);
  admitScope(agent, scopes, config.issuer);
  const incoming: Incoming = {
    agent,
    http: { request, path },
    socket: 'protocol' in credential ? credential : undefined,
    trace: watch.trace,
    isHead: request.method === 'HEAD',
    query,
    params,
    readBody,
    recheck: () => check.recheck(credential),
  };
  return targetOf(target).read(incoming, services);
}
