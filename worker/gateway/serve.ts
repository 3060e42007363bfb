// Serves one request on one route: admit → verify → authorize → admission → forward.

import { TokenError } from '../../src/verify/index.ts';
import { addressOf } from '../authority/http/attempts.ts';
import type { Config } from '../env.ts';
import type { Observer } from '../observe/decision.ts';
import type { Watch } from '../observe/watch.ts';
import { finishAnswer, watchRequest } from '../observe/watch_request.ts';
import { readCapped } from '../read_capped.ts';
import { json } from '../respond.ts';
import { allowedMethods, endpointOf, type Endpoint, type Route } from '../route.ts';
import type { Incoming, Prepared, Services } from '../target.ts';
import { admit, type Credential } from './admit.ts';
import type { Admission } from './admission.ts';
import type { AnonymousGate } from './anonymous_gate.ts';
import { admitScope, admitTier, admitUnbound, authorize } from './authorize.ts';
import { isPreflight, preflight, withPublicCors } from './cors.ts';
import { forward, targetOf } from './forward.ts';
import type { Headed } from './rate_headers.ts';
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
  const watch = watchRequest(route, matched.request, ready);
  const answered = await answer(route, { ...matched, watch }, ready);
  const response = finishAnswer(answered, watch, ready);
  return route.cors === 'any' ? withPublicCors(response) : response;
}

async function answer(route: Route, matched: Watched, ready: Ready): Promise<Response> {
  const { request, path, params, watch } = matched;
  const { publicUrl, allowedOrigins } = ready.config;
  if (isPreflight(request, route.cors ?? allowedOrigins)) return preflight(allowedMethods(route));
  const endpoint = endpointOf(route, request.method);
  if (endpoint === undefined) {
    watch.deny('method_not_allowed');
    return reject('method_not_allowed', { publicUrl, allow: allowedMethods(route) });
  }
  if ('public' in endpoint) return json({ status: 'ok' });
  if (!('open' in endpoint)) return serveAgent(endpoint, matched, ready);
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

function once(matched: Watched): Sent {
  const { request } = matched;
  let body: Promise<Uint8Array> | undefined;
  return {
    ...matched,
    query: queryOf(request),
    readBody: (limit) => (body ??= readCapped(request.body, limit)),
  };
}

/** Most requests have no query, and their URL need not be taken apart. */
function queryOf({ url }: Request): URLSearchParams {
  return url.includes('?') ? new URL(url).searchParams : new URLSearchParams();
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
      const response = await forward(call, prepared, admitted.reservation);
      watch.lap('upstream');
      return withHeaders(withHeaders(response, verified.headers), admitted.headers);
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
    const verified = await check.verify(credential, { method, url, audience: resource?.audience });
    return { ...verified, credential };
  } catch (error) {
    gate.refused(address, error);
    throw error;
  } finally {
    leave();
  }
}

/** Reads what the request wants, once its agent may use the route at all. */
async function prepare(
  { scope, target, dpop, tiers }: Guarded,
  { request, path, params, query, readBody, watch }: Sent,
  { agent, credential }: Verified & { readonly credential: Credential | SocketCredential },
  { config, check, services }: Ready,
): Promise<Prepared> {
  if (dpop === 'always' && agent.jkt === undefined) throw new TokenError('proof_required');
  admitUnbound(agent, config.admission, [scope ?? []].flat());
  admitTier(agent, tiers);
  admitScope(agent, scope, config.issuer);
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

/** Adds what the answer says of the agent's budget, and of its next proof. */
function withHeaders(response: Response, headers: Headed): Response {
  // A socket's answer belongs to the runtime
  if (response.webSocket !== null) return response;
  // Targets make their answers themselves: none is one that came from elsewhere, whose headers are fixed
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
