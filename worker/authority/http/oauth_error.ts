// OAuth errors of the endpoints that authenticate clients: one table, fixed texts, the same headers for all.

/** The errors of RFC 6749 section 5.2, RFC 8707 section 2, RFC 9449 sections 5 and 8, and our own. */
export type OAuthError =
  | 'invalid_request'
  | 'proof_missing'
  | 'subject_refused'
  | 'invalid_client'
  | 'unauthorized_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'list_unknown'
  | 'rate_limited'
  | 'unavailable';

interface Row {
  readonly status: number;
  /** What the body calls it, where that is not the key of the row. */
  readonly error?: string;
  readonly description: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

const table: Readonly<Record<OAuthError, Row>> = {
  invalid_request: { status: 400, description: 'The request is malformed' },
  proof_missing: {
    status: 400,
    error: 'invalid_request',
    description: 'This client needs a DPoP proof',
  },
  // RFC 8693 section 2.2.2
  subject_refused: {
    status: 400,
    error: 'invalid_request',
    description: 'This client cannot exchange these tokens',
  },
  invalid_client: { status: 401, description: 'The client cannot be authenticated' },
  unauthorized_client: { status: 400, description: 'The client may not do this' },
  invalid_grant: { status: 400, description: 'The session has ended' },
  unsupported_grant_type: { status: 400, description: 'The grant type is not supported' },
  unsupported_response_type: { status: 400, description: 'No response type is supported' },
  invalid_scope: { status: 400, description: 'The scope is malformed, or more than is allowed' },
  invalid_target: { status: 400, description: 'There is no such target for this client' },
  invalid_dpop_proof: { status: 400, description: 'The proof of possession is invalid' },
  use_dpop_nonce: { status: 400, description: 'The proof needs the nonce of this server' },
  list_unknown: { status: 404, error: 'not_found', description: 'There is no such status list' },
  rate_limited: { status: 429, description: 'Too many requests', retryAfter: 10 },
  unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The authority cannot answer now',
    retryAfter: 2,
  },
};

/** A request that was refused, for the endpoint to answer. */
export interface ClientRefusal {
  readonly refused: OAuthError;
}

/** The answer to a refused request. `extra` adds headers. */
export function oauthError(
  error: OAuthError,
  extra: Readonly<Record<string, string>> = {},
): Response {
  const { status, error: name = error, description, retryAfter } = table[error];
  return new Response(JSON.stringify({ error: name, error_description: description }), {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...extra,
    },
  });
}
