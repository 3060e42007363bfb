// The headers of upstream requests and answers, as tables: what is taken off, what is set, what comes back.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import { traceparentOf, type Trace } from '../observe/trace.ts';

// RFC 9110 section 7.6.1 and what older intermediaries treat so
const hopByHop = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  // Set anew by the runtime, for the body and the address that there are
  'content-length',
  'host',
];

/** The agent's credentials are for the gateway. So are cookies: nothing here is signed in by one. */
const credentials = ['authorization', 'dpop', 'agent-delegation', 'cookie', 'cookie2', 'txn-token'];

/** What says who calls, from where, or for which address: only the gateway may say that. */
const claims = [
  'forwarded',
  'via',
  'cdn-loop',
  'client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'incap-client-ip',
  'do-connecting-ip',
  'front-end-https',
  'remote-user',
  'remote-addr',
  'from',
  'base-url',
  'request-uri',
  // RFC 9440
  'client-cert',
  'client-cert-chain',
  'x-access-token',
  'x-client-cert',
  'x-client-dn',
  'x-client-id',
  'x-client-verify',
  'x-id-token',
  'x-identity',
  'x-host',
  'x-host-override',
  'x-originating-ip',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-proxyuser-ip',
  'x-forwarded',
  'x-principal',
  'x-subject',
  'x-user',
  'x-username',
  'x-role',
  'x-roles',
  'x-scope',
  'x-scopes',
  'x-groups',
  'x-tenant',
  'x-email',
];
const claimPrefixes = [
  'ssl-',
  'tailscale-',
  'wl-proxy-',
  'x-agent-',
  'x-amzn-oidc-',
  'x-apigateway-',
  'x-appengine-',
  'x-arr-',
  'x-auth-',
  'x-authenticated-',
  'x-azure-',
  'x-consumer-',
  'x-credential-',
  'x-endpoint-api-',
  'x-envoy-',
  'x-forwarded-',
  'x-goog-',
  'x-jwt-',
  'x-ms-client-',
  'x-original-',
  'x-pomerium-',
  'x-remote-',
  'x-rewrite-',
  'x-ssl-',
  'x-swarmgate-',
  'x-user-',
  'x-webauth-',
  'cf-',
  'proxy-',
  'sec-websocket-',
];

/** What would make another method of the one that was authorized. */
const overrides = [
  'x-http-method',
  'x-http-method-override',
  'x-method',
  'x-method-override',
  'http-method-override',
];

const taken = new Set([...hopByHop, ...credentials, ...claims, ...overrides]);
// CGI and its heirs read `_` and `.` as `-`: a name with them could be taken for one of the above
const plainName = /^[a-z0-9-]+$/;

/** Whether a header of a client reaches the service. `name` is in lower case. */
function passes(name: string, listed: ReadonlySet<string>): boolean {
  return (
    plainName.test(name) &&
    !taken.has(name) &&
    !listed.has(name) &&
    !claimPrefixes.some((prefix) => name.startsWith(prefix))
  );
}

/** The name that the gateway has in `Via` (RFC 9110 section 7.6.3). */
function viaOf(publicUrl: string): string {
  return `1.1 ${new URL(publicUrl).host}`;
}

/** Whether a request came through this gateway already. */
export function isLoop(headers: Headers, publicUrl: string): boolean {
  const via = headers.get('via');
  if (via === null) return false;
  const own = viaOf(publicUrl);
  return via.split(',').some((entry) => entry.trim().toLowerCase() === own);
}

/** Whether a request asks for a WebSocket. Other upgrades may be ignored (RFC 9110 section 7.8). */
export function isSocketUpgrade(headers: Headers): boolean {
  const protocols = (headers.get('upgrade') ?? '').split(',');
  return protocols.some((protocol) => /^websocket(?:\/|$)/i.test(protocol.trim()));
}

/** What the gateway itself says to the service. */
export interface Said {
  readonly agent: VerifiedAgent;
  readonly publicUrl: string;
  readonly txnToken: string | undefined;
  readonly trace: Trace | undefined;
}

/** The headers of the upstream request. `Connection` counts before anything is set. */
export function requestHeaders(
  from: Headers,
  { agent, publicUrl, txnToken, trace }: Said,
): Headers {
  const connection = (from.get('connection') ?? '').toLowerCase();
  const listed = new Set(connection.split(',').map((name) => name.trim()));
  const headers = new Headers();
  for (const [name, value] of from) if (passes(name, listed)) headers.set(name, value);
  // Nothing is unpacked on the way: sizes are counted, and answers of tool servers are read
  headers.set('accept-encoding', 'identity');
  headers.set('via', viaOf(publicUrl));
  headers.set('x-agent-id', agent.agentId);
  headers.set('x-agent-subject', agent.subjectId);
  headers.set('x-agent-tier', agent.tier);
  headers.set('x-agent-scope', agent.scope.join(' '));
  if (trace !== undefined) continueTrace(headers, trace);
  if (txnToken !== undefined) headers.set('txn-token', txnToken);
  return headers;
}

/** W3C Trace Context, section 3.4: a state belongs to the trace that it came with. */
function continueTrace(headers: Headers, trace: Trace): void {
  headers.set('traceparent', traceparentOf(trace));
  if (trace.parentId === undefined) headers.delete('tracestate');
}

/** What of an answer reaches the client, beside `Location`, which has a rule of its own. */
const returned = new Set([
  'accept-patch',
  'accept-post',
  'accept-ranges',
  'allow',
  'content-disposition',
  'content-language',
  'content-range',
  'content-type',
  'deprecation',
  'etag',
  'last-modified',
  'link',
  'retry-after',
  'sunset',
  'tracestate',
  'x-request-id',
]);

/** What clients take of all headers together, with room for our own. */
const maxReturned = 8192;
// RFC 9110 section 5.5: the runtime lets these through, and strict clients then refuse the whole answer
const unspeakable = /[^\t\x20-\x7e\x80-\uffff]/;

/**
 * The headers of the answer. Whatever the service says of caches: the answer is for this agent alone.
 *
 * @throws TokenError `upstream_invalid` for headers that no client would read
 */
export function responseHeaders(from: Headers, location: string | undefined): Headers {
  const headers = new Headers(location === undefined ? {} : { location });
  for (const [name, value] of from) {
    if (returned.has(name) || name.startsWith('mcp-')) headers.set(name, value);
  }
  const text = [...headers].map((header) => header.join(': ')).join('');
  if (text.length > maxReturned || unspeakable.test(text)) throw new TokenError('upstream_invalid');
  headers.set('cache-control', 'private, no-store');
  headers.set('x-content-type-options', 'nosniff');
  return headers;
}
