// Configured routes: what reaches a service behind the gateway, and what comes back.

import { TokenError, type AuthorizedCall } from '../../src/verify/index.ts';
import type { Config } from '../env.ts';
import type { UpstreamRoute } from '../env_routes.ts';
import { ConfigError } from '../env_values.ts';
import type { Trace } from '../observe/trace.ts';
import type { Endpoint, Route } from '../route.ts';
import type { Target } from '../target.ts';
import { readMcp, type McpRequest } from './mcp.ts';
import type { SignTxn } from './txn_token.ts';
import { relay, upload, type Upload } from './upstream_body.ts';
import { createPatience, sendUpstream, senderOf, type Send } from './upstream_fetch.ts';
import { isSocketUpgrade, requestHeaders, responseHeaders } from './upstream_headers.ts';
import { publicLocation, upstreamUrl } from './upstream_url.ts';

/** What configured routes work with. */
export interface UpstreamParts {
  readonly config: Config;
  /** The bindings of the Worker: services are among them. */
  readonly env: Readonly<Record<string, unknown>>;
  /** Signs transaction tokens; `undefined` in a gateway without keys. */
  readonly signTxn: SignTxn | undefined;
}

/** One route, ready to send. */
interface Upstream {
  readonly route: UpstreamRoute;
  readonly publicUrl: string;
  readonly send: Send;
  readonly signTxn: SignTxn | undefined;
}

/**
 * The rows of the configured routes.
 *
 * @throws ConfigError when a service is not bound
 */
export function upstreamRoutes({ config, env, signTxn }: UpstreamParts): readonly Route[] {
  return config.routes.map((route, at) => {
    const send = senderOf(route, env);
    if (send === undefined) {
      throw new ConfigError(`ROUTES[${at}].service`, 'must be bound to a service');
    }
    const endpoint = endpointOf({ route, publicUrl: config.publicUrl, send, signTxn });
    return {
      path: `${route.prefix}/*`,
      methods: Object.fromEntries(route.methods.map((method) => [method, endpoint])),
    };
  });
}

function endpointOf(upstream: Upstream): Endpoint {
  const { prefix, scopes, tiers, dpop, audience } = upstream.route;
  return {
    scope: scopes,
    tiers,
    target: targetOf(upstream),
    ...(dpop === 'required' ? { dpop: 'always' } : {}),
    ...(audience === undefined ? {} : { resource: { audience, path: prefix } }),
  };
}

function targetOf(upstream: Upstream): Target {
  const { route } = upstream;
  return {
    async read({ http, trace, readBody, recheck }) {
      if (http === undefined) throw new TypeError('Only requests can be passed on');
      const { request, path } = http;
      // Passed on without its upgrade, it would be another request than the client means
      if (isSocketUpgrade(request.headers)) throw new TokenError('message_malformed');
      const url = upstreamUrl(route, path, request.url);
      const mcp = route.mcp ? await readMcp(request, readBody, route.maxRequestBytes) : undefined;
      return {
        required: [...new Set([...(mcp?.required ?? []), ...route.scopes])],
        about: mcp?.about ?? path,
        run: (call) => run(upstream, { request, trace, recheck, call, url, mcp }),
      };
    },
  };
}

interface Going {
  readonly request: Request;
  readonly trace: Trace | undefined;
  readonly recheck: () => Promise<void>;
  readonly call: AuthorizedCall;
  readonly url: URL;
  readonly mcp: McpRequest | undefined;
}

async function run(upstream: Upstream, going: Going): Promise<Response> {
  const { route, send, publicUrl, signTxn } = upstream;
  const { request, trace, recheck, call, url, mcp } = going;
  const txnToken = route.trusted && signTxn !== undefined ? await signTxn(call) : undefined;
  const patience = createPatience(route.timeout * 1000, recheck);
  let uploading: Upload | undefined;
  try {
    uploading = mcp?.body ?? upload(request, route.maxRequestBytes, patience);
    const said = { agent: call.agent, publicUrl, txnToken, trace };
    const headers = requestHeaders(request.headers, said);
    if (mcp?.type !== undefined) headers.set('content-type', mcp.type);
    const forwarded = new Request(url, {
      method: request.method,
      headers,
      body: uploading.body,
      redirect: 'manual',
      signal: patience.signal,
    });
    const response = await sendUpstream(send, forwarded, patience);
    try {
      return await answer(upstream, going, response);
    } catch (error) {
      response.body?.cancel().catch(() => undefined);
      throw error;
    }
  } catch (error) {
    throw patience.refusal() ?? uploading?.refusal() ?? error;
  } finally {
    patience.stop();
  }
}

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const bodiless = new Set([204, 205, 304]);

async function answer(
  { route, publicUrl }: Upstream,
  { request, recheck, call, url, mcp }: Going,
  response: Response,
): Promise<Response> {
  const { status, headers: from } = response;
  const body: ReadableStream<Uint8Array> | null = response.body;
  const location = from.get('location');
  const headers = responseHeaders(
    from,
    location === null ? undefined : publicLocation(route, publicUrl, location, url),
  );
  if (body === null || bodiless.has(status) || request.method === 'HEAD') {
    body?.cancel().catch(() => undefined);
    return new Response(null, { status, headers });
  }
  const length = Number(from.get('content-length') ?? 0);
  if (length > route.maxResponseBytes) throw new TokenError('upstream_invalid');
  const type = from.get('content-type') ?? '';
  const isStream = /^text\/event-stream\s*(?:;|$)/i.test(type);
  const relayed = relay(body, {
    limit: route.maxResponseBytes,
    idle: isStream ? undefined : route.idleTimeout * 1000,
    recheck,
    endsQuietly: isStream,
  });
  const filtered =
    mcp === undefined ? relayed : await mcp.filter(relayed, { agent: call.agent, status, type });
  return new Response(filtered, { status, headers });
}
