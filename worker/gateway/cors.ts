// CORS for the configured origins only: preflights, and the same headers on errors as on success.

const requestHeaders = [
  'Authorization, DPoP, Agent-Delegation, Content-Type',
  // What clients of MCP servers send, and read
  'MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID',
].join(', ');
const exposedHeaders = [
  'WWW-Authenticate, DPoP-Nonce, Retry-After, RateLimit, RateLimit-Policy',
  'Mcp-Session-Id',
].join(', ');
const maxAge = '600';

/** The request's origin if it is one of the allowed ones. `null` is in no list. */
function allowedOrigin(headers: Headers, allowed: ReadonlySet<string>): string | undefined {
  const origin = headers.get('origin');
  return origin !== null && allowed.has(origin) ? origin : undefined;
}

/** Tells whether a request is a preflight of an allowed origin (Fetch standard, CORS-preflight). */
export function isPreflight(
  { method, headers }: Request,
  allowed: ReadonlySet<string> | 'any',
): boolean {
  return (
    method === 'OPTIONS' &&
    headers.has('access-control-request-method') &&
    (allowed === 'any' || allowedOrigin(headers, allowed) !== undefined)
  );
}

/** The answer to a preflight. It needs no token: browsers send none. */
export function preflight(methods: readonly string[]): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': methods.join(', '),
      'Access-Control-Allow-Headers': requestHeaders,
      'Access-Control-Max-Age': maxAge,
      'Cache-Control': 'no-store',
    },
  });
}

/** Opens a public document to the pages of every origin. It never depends on who asks. */
export function withPublicCors(response: Response): Response {
  response.headers.set('Access-Control-Allow-Origin', '*');
  response.headers.set('Access-Control-Expose-Headers', 'ETag');
  return response;
}

/** Adds what browsers need to any answer of ours. Without allowed origins nothing is added. */
export function withCors(
  response: Response,
  headers: Headers,
  allowed: ReadonlySet<string>,
): Response {
  if (allowed.size === 0 || response.headers.has('access-control-allow-origin')) return response;
  response.headers.append('Vary', 'Origin');
  const origin = allowedOrigin(headers, allowed);
  if (origin !== undefined) {
    response.headers.set('Access-Control-Allow-Origin', origin);
    response.headers.set('Access-Control-Expose-Headers', exposedHeaders);
  }
  return response;
}
