// The codes, statuses and OAuth errors as the design states them, apart from the library's own table

/** Status, then OAuth error (`-`: none), then the codes. */
const stated = `
400 invalid_request token_malformed token_too_large message_malformed message_integrity
400 invalid_request path_ambiguous payload_undecryptable credential_ambiguous
401 - token_missing
401 invalid_token alg_not_allowed typ_not_allowed header_not_allowed key_unknown key_unusable
401 invalid_token signature_invalid claim_missing claim_malformed issuer_not_trusted
401 invalid_token audience_mismatch token_expired token_not_active lifetime_too_long
401 invalid_token delegation_malformed delegation_widened delegation_too_deep token_revoked
401 invalid_token proof_required
401 invalid_dpop_proof proof_invalid proof_replayed
401 use_dpop_nonce proof_nonce_required
403 insufficient_scope scope_insufficient tier_insufficient
403 - sender_mismatch
404 - route_unknown
405 - method_not_allowed
409 - message_replayed
410 - message_expired
413 - message_too_large
429 - rate_limited
502 - upstream_invalid
503 - key_unavailable revocation_unavailable bus_unavailable audit_unavailable
504 - upstream_timeout
`;

/** One stated code. */
export interface StatedCode {
  readonly code: string;
  readonly status: number;
  readonly error: string | undefined;
}

export const statedCodes: readonly StatedCode[] = stated
  .trim()
  .split('\n')
  .flatMap((line) => {
    const [status, error, ...codes] = line.split(' ');
    return codes.map((code) => ({
      code,
      status: Number(status),
      error: error === '-' ? undefined : error,
    }));
  });
