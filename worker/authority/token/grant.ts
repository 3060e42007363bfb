// What grants at the token endpoint have in common.

import type { AuthenticatedClient } from './client_authentication.ts';
import type { AuthorityContext } from '../context.ts';
import type { Who } from '../../observe/decision.ts';
import type { Form } from '../http/form.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';
import type { BindingProof } from './token_proof.ts';

/** A token request of a client that is authenticated; nothing is recorded as used yet. */
export interface GrantRequest {
  readonly form: Form;
  readonly client: AuthenticatedClient;
  readonly proof: BindingProof | undefined;
  /** The value of its `Agent-Delegation` header. */
  readonly delegation: string | undefined;
}

/** The answer to a granted request (RFC 6749 section 5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer' | 'DPoP';
  /** Seconds. */
  readonly expires_in: number;
  /** Left out when the token has none. */
  readonly scope?: string;
  /** Only of an exchange (RFC 8693 section 2.2.1). */
  readonly issued_token_type?: string;
}

/** What a grant decided. */
export type GrantOutcome =
  | { readonly granted: TokenResponse; /** Whom the token speaks for. */ readonly who: Who }
  | ClientRefusal;

/** One grant type. */
export type Grant = (request: GrantRequest, context: AuthorityContext) => Promise<GrantOutcome>;
