// The answer to a granted token request, and the refusal of what would be too large to issue.

import { TokenError } from '../../../src/verify/index.ts';
import type { GrantOutcome, TokenResponse } from './grant.ts';
import type { BindingProof } from './token_proof.ts';

/** What the answer says beside the token. */
export interface Granted {
  readonly proof: BindingProof | undefined;
  /** Seconds. */
  readonly lifetime: number;
  readonly scope: readonly string[];
}

/** The members of RFC 6749 section 5.1. */
export function tokenResponse(token: string, { proof, lifetime, scope }: Granted): TokenResponse {
  return {
    access_token: token,
    token_type: proof === undefined ? 'Bearer' : 'DPoP',
    expires_in: lifetime,
    ...(scope.length === 0 ? {} : { scope: scope.join(' ') }),
  };
}

/** Issues; a token that no verifier would read is refused for its scope, the one part that may grow. */
export async function refuseTooLarge(issue: () => Promise<GrantOutcome>): Promise<GrantOutcome> {
  try {
    return await issue();
  } catch (error) {
    if (error instanceof TokenError && error.code === 'token_too_large') {
      return { refused: 'invalid_scope' };
    }
    throw error;
  }
}
