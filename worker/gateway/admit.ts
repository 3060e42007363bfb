// Admits a request that brings exactly one credential, and takes it out of the headers.

import { TokenError } from '../../src/verify/index.ts';

/** A credential as presented. Nothing about it is verified. */
export interface Credential {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
  /** The proof beside it; only the DPoP scheme has one (RFC 9449 section 7.1). */
  readonly proof: string | undefined;
  /** The hops of an off-line delegation, oldest first, separated by commas. */
  readonly delegation: string | undefined;
}

// RFC 9110 section 11.4: scheme, 1*SP, token68. The scheme's case does not matter (section 11.1)
const wellFormed = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i;
const ours = /^(?:bearer|dpop)/i;
// How browsers would send a credential to a socket, among the protocols that they offer
const subprotocolToken = /(?:^|[\s,])(?:bearer|dpop|proof|delegation)\./i;

/**
 * Takes the credential of a request.
 *
 * A token in the query or among the subprotocols is never used: alone it is ignored, beside a header
 * it makes the request ambiguous (RFC 6750 section 2). Cookies, form bodies and other headers are not
 * looked at.
 *
 * @throws TokenError `token_missing`, `token_malformed`, `credential_ambiguous`, `proof_invalid`
 */
export function admit(headers: Headers, query: URLSearchParams): Credential {
  const header = headers.get('authorization') ?? '';
  if (header === '') throw new TokenError('token_missing');
  // Several headers arrive joined by commas, and no token has one
  const subprotocols = headers.get('sec-websocket-protocol') ?? '';
  if (header.includes(',') || query.has('access_token') || subprotocolToken.test(subprotocols)) {
    throw new TokenError('credential_ambiguous');
  }
  const [, scheme, token] = wellFormed.exec(header) ?? [];
  if (scheme === undefined || token === undefined) {
    throw new TokenError(ours.test(header) ? 'token_malformed' : 'token_missing');
  }
  // Several headers arrive joined by commas, and mean the same as one with commas
  const delegation = headers.get('agent-delegation') ?? undefined;
  if (scheme.toLowerCase() === 'bearer') {
    return { scheme: 'Bearer', token, proof: undefined, delegation };
  }
  const proof = headers.get('dpop') ?? undefined;
  if (proof?.includes(',')) throw new TokenError('proof_invalid');
  return { scheme: 'DPoP', token, proof, delegation };
}
