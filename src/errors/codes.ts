// The one table of error codes: every refusal in the library and the gateway is a row here.

/** The step of the pipeline that a code belongs to, in the order in which steps run. */
export type ErrorStage =
  | 'credential'
  | 'size'
  | 'parse'
  | 'header'
  | 'issuer'
  | 'key'
  | 'signature'
  | 'claims'
  | 'delegation'
  | 'proof'
  | 'revocation'
  | 'authorization'
  | 'message'
  | 'route'
  | 'admission'
  | 'upstream'
  | 'seal';

/** What a code means on the wire. */
export interface ErrorRow {
  readonly stage: ErrorStage;
  /** The HTTP status (RFC 9110). */
  readonly status: number;
  /** The OAuth error for the challenge (RFC 6750 section 3.1, RFC 9449 sections 5 and 8), if there is one. */
  readonly error?: string;
  /** The fixed text: never a value from the request. */
  readonly description: string;
}

/** A code from the table. Codes are API: they change only with a major version. */
export type ErrorCode =
  | 'token_malformed'
  | 'token_too_large'
  | 'message_malformed'
  | 'message_integrity'
  | 'path_ambiguous'
  | 'payload_undecryptable'
  | 'credential_ambiguous'
  | 'token_missing'
  | 'alg_not_allowed'
  | 'typ_not_allowed'
  | 'header_not_allowed'
  | 'key_unknown'
  | 'key_unusable'
  | 'signature_invalid'
  | 'claim_missing'
  | 'claim_malformed'
  | 'issuer_not_trusted'
  | 'audience_mismatch'
  | 'token_expired'
  | 'token_not_active'
  | 'lifetime_too_long'
  | 'delegation_malformed'
  | 'delegation_widened'
  | 'delegation_too_deep'
  | 'token_revoked'
  | 'proof_required'
  | 'proof_invalid'
  | 'proof_replayed'
  | 'proof_nonce_required'
  | 'scope_insufficient'
  | 'tier_insufficient'
  | 'sender_mismatch'
  | 'route_unknown'
  | 'method_not_allowed'
  | 'message_replayed'
  | 'message_expired'
  | 'message_too_large'
  | 'rate_limited'
  | 'upstream_invalid'
  | 'key_unavailable'
  | 'revocation_unavailable'
  | 'bus_unavailable'
  | 'audit_unavailable'
  | 'upstream_timeout';

const row = (
  stage: ErrorStage,
  status: number,
  error: string | undefined,
  description: string,
): ErrorRow =>
  Object.freeze({ stage, status, ...(error === undefined ? {} : { error }), description });

const token = (stage: ErrorStage, description: string): ErrorRow =>
  row(stage, 401, 'invalid_token', description);

const table: Record<ErrorCode, ErrorRow> = {
  token_malformed: row(
    'parse',
    400,
    'invalid_request',
    'The token is not a well-formed compact JWS',
  ),
  token_too_large: row('size', 400, 'invalid_request', 'The token is larger than the limit'),
  message_malformed: row(
    'message',
    400,
    'invalid_request',
    'The message does not follow the envelope format',
  ),
  message_integrity: row(
    'message',
    400,
    'invalid_request',
    'The digest does not match the payload',
  ),
  path_ambiguous: row('route', 400, 'invalid_request', 'The path has more than one reading'),
  payload_undecryptable: row('seal', 400, 'invalid_request', 'The payload cannot be decrypted'),
  credential_ambiguous: row(
    'credential',
    400,
    'invalid_request',
    'More than one credential was presented',
  ),

  token_missing: row('credential', 401, undefined, 'A token is required'),

  alg_not_allowed: token('header', 'The signature algorithm is not allowed'),
  typ_not_allowed: token('header', 'The token type is not allowed'),
  header_not_allowed: token('header', 'The token header has a member that is not allowed'),
  key_unknown: token('key', 'No trusted key matches the token'),
  key_unusable: token('key', 'The key that matches the token cannot be used'),
  signature_invalid: token('signature', 'The signature does not verify'),
  claim_missing: token('claims', 'A required claim is missing'),
  claim_malformed: token('claims', 'A claim is malformed'),
  issuer_not_trusted: token('issuer', 'The issuer is not trusted'),
  audience_mismatch: token('claims', 'The token is for another audience'),
  token_expired: token('claims', 'The token has expired'),
  token_not_active: token('claims', 'The token is not active yet'),
  lifetime_too_long: token('claims', 'The lifetime of the token is longer than the limit'),
  delegation_malformed: token('delegation', 'The delegation chain is malformed'),
  delegation_widened: token('delegation', 'A delegation hop grants more than its parent'),
  delegation_too_deep: token('delegation', 'The delegation chain is longer than the limit'),
  token_revoked: token('revocation', 'The token has been revoked'),
  proof_required: token('proof', 'The token is bound to a key and needs a proof'),

  proof_invalid: row('proof', 401, 'invalid_dpop_proof', 'The proof of possession is invalid'),
  proof_replayed: row(
    'proof',
    401,
    'invalid_dpop_proof',
    'The proof of possession was used before',
  ),
  proof_nonce_required: row(
    'proof',
    401,
    'use_dpop_nonce',
    'The proof needs the nonce of this server',
  ),

  scope_insufficient: row(
    'authorization',
    403,
    'insufficient_scope',
    'The token lacks a required scope',
  ),
  tier_insufficient: row(
    'authorization',
    403,
    'insufficient_scope',
    'The tier of the agent is too low',
  ),
  sender_mismatch: row(
    'authorization',
    403,
    undefined,
    'The sender is not the presenter of the token',
  ),

  route_unknown: row('route', 404, undefined, 'There is no such route'),
  method_not_allowed: row('route', 405, undefined, 'The method is not allowed here'),
  message_replayed: row('message', 409, undefined, 'The nonce was used by another message'),
  message_expired: row('message', 410, undefined, 'The message has expired or its time is off'),
  message_too_large: row('message', 413, undefined, 'The message is larger than the limit'),
  rate_limited: row('admission', 429, undefined, 'Too many requests'),

  upstream_invalid: row(
    'upstream',
    502,
    undefined,
    'The upstream answered with an invalid response',
  ),
  key_unavailable: row('key', 503, undefined, 'The verification keys cannot be reached'),
  revocation_unavailable: row(
    'revocation',
    503,
    undefined,
    'The revocation state cannot be confirmed',
  ),
  bus_unavailable: row('upstream', 503, undefined, 'The bus cannot be reached'),
  audit_unavailable: row('upstream', 503, undefined, 'The audit record cannot be stored'),
  upstream_timeout: row('upstream', 504, undefined, 'The upstream did not answer in time'),
};

/**
 * Every error code with its stage, HTTP status, OAuth error and fixed text.
 *
 * @example
 * ```ts
 * import { errorCodes } from 'swarmgate';
 *
 * if (errorCodes.token_revoked.status !== 401) throw new Error('unexpected');
 * ```
 */
export const errorCodes: Readonly<Record<ErrorCode, ErrorRow>> = Object.freeze(table);
