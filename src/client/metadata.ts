// What an authority publishes about itself (RFC 8414), as far as a client needs it.

import { askAuthority, refusalOf, type AnswerLimits, type ClientFetch } from './authority_http.ts';
import { AuthorityError } from './authority_error.ts';
import { readEndpoint } from './endpoint.ts';

/** Where an authority takes requests. */
export interface AuthorityEndpoints {
  readonly token: string;
  /** `undefined` where the authority does not revoke on request. */
  readonly revocation: string | undefined;
}

/** The address of the metadata: the well-known part stands before the issuer's path (section 3.1). */
function metadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname;
  return `${origin}/.well-known/oauth-authorization-server${path}`;
}

/**
 * Fetches the metadata of an issuer.
 *
 * @throws AuthorityError `authority_unavailable`; `authority_invalid` for metadata of another
 * issuer, or with an endpoint that is not secure
 */
export async function discover(
  fetchAnswer: ClientFetch,
  issuer: string,
  limits: AnswerLimits,
): Promise<AuthorityEndpoints> {
  const init = { headers: { accept: 'application/json' } };
  const answer = await askAuthority(fetchAnswer, metadataUrl(issuer), init, limits);
  const { status, body } = answer;
  if (status !== 200 || body === undefined) {
    throw status === 200 ? new AuthorityError('authority_invalid', { status }) : refusalOf(answer);
  }
  // Section 3.3: metadata of another issuer would let it collect assertions made for this one
  const token = readEndpoint(body['token_endpoint']);
  const named = body['revocation_endpoint'];
  const revocation = named === undefined ? undefined : readEndpoint(named);
  const isInsecure = token === undefined || (named !== undefined && revocation === undefined);
  if (body['issuer'] !== issuer || isInsecure) {
    throw new AuthorityError('authority_invalid', { status });
  }
  return { token: token.href, revocation: revocation?.href };
}
