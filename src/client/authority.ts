// An authority as its client sees it: tokens asked for and revoked, each request authenticated.

import { readClock } from '../errors/caller.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { createClientAssertion } from '../proof/client_assertion.ts';
import { createDpopProof } from '../proof/dpop.ts';
import { isFiniteNumber } from '../token/shape.ts';
import { isTokenText, type AccessToken } from './access_token.ts';
import { AuthorityError } from './authority_error.ts';
import { askAuthority, refusalOf, type Answer } from './authority_http.ts';
import { discover, type AuthorityEndpoints } from './metadata.ts';
import { readNonce } from './nonce.ts';
import type { SourceSettings } from './token_source_options.ts';

/** A token that was just issued. */
export interface IssuedToken {
  readonly access: AccessToken;
  /** The key that the client authenticated with. */
  readonly key: SigningKey;
  /** When it was asked for, seconds since the epoch: its lifetime counts from here. */
  readonly sentAt: number;
  readonly lifetime: number;
}

/** The two requests of a client. */
export interface Authority {
  /** @throws AuthorityError */
  issue(signal: AbortSignal): Promise<IssuedToken>;
  /** Does nothing where the authority has no revocation endpoint. @throws AuthorityError */
  revoke(token: IssuedToken, signal: AbortSignal): Promise<void>;
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Makes the client's side of an authority. Asks nothing yet. */
export function authorityOf(settings: SourceSettings): Authority {
  const { fetch: ask, issuer, clientId, clock, maxBytes, dpop } = settings;
  let { endpoints } = settings;
  let nonce: string | undefined;

  async function endpointsOf(signal: AbortSignal): Promise<AuthorityEndpoints> {
    endpoints ??= await discover(ask, issuer, { maxBytes, signal });
    return endpoints;
  }

  /** Posts a form. Each time with another assertion and another proof: both are good once. */
  async function post(
    url: string,
    fields: Readonly<Record<string, string>>,
    { key, bound, signal }: { key: SigningKey; bound: boolean; signal: AbortSignal },
  ): Promise<Answer> {
    const body = new URLSearchParams({
      ...fields,
      client_id: clientId,
      client_assertion_type: assertionType,
      client_assertion: await createClientAssertion({ key, clientId, issuer, clock }),
    });
    const headers = new Headers({ accept: 'application/json' });
    if (bound) {
      const known = nonce === undefined ? {} : { nonce };
      headers.set('dpop', await createDpopProof({ key, method: 'POST', url, clock, ...known }));
    }
    const init = { method: 'POST', headers, body };
    const answer = await askAuthority(ask, url, init, { maxBytes, signal });
    nonce = readNonce(answer.headers) ?? nonce;
    return answer;
  }

  async function issue(signal: AbortSignal): Promise<IssuedToken> {
    const key = await settings.readKey();
    const { token: url } = await endpointsOf(signal);
    const fields = { grant_type: 'client_credentials', ...settings.fields };
    const how = { key, bound: dpop, signal };
    let sentAt = readClock(clock);
    let answer = await post(url, fields, how);
    // RFC 9449 section 8: the nonce came with this very refusal
    if (dpop && answer.body?.['error'] === 'use_dpop_nonce' && readNonce(answer.headers)) {
      sentAt = readClock(clock);
      answer = await post(url, fields, how);
    }
    if (answer.status !== 200) {
      // The authority may have moved
      if (answer.status === 404 || answer.status === 410) ({ endpoints } = settings);
      throw refusalOf(answer);
    }
    return readIssued(answer, { key, dpop, sentAt });
  }

  async function revoke({ access, key }: IssuedToken, signal: AbortSignal): Promise<void> {
    const { revocation } = await endpointsOf(signal);
    if (revocation === undefined) return;
    // The third is the authority's own: the whole session ends. Others ignore it (RFC 7009 section 2.1)
    const fields = {
      token: access.token,
      token_type_hint: 'access_token',
      revoke_session: 'true',
    };
    const answer = await post(revocation, fields, { key, bound: false, signal });
    if (answer.status !== 200) throw refusalOf(answer);
  }

  return { issue, revoke };
}

function readIssued(
  { status, body = {} }: Answer,
  asked: { readonly key: SigningKey; readonly dpop: boolean; readonly sentAt: number },
): IssuedToken {
  const { access_token: token, token_type: type, expires_in: lifetime, scope } = body;
  const { key, dpop, sentAt } = asked;
  const scheme = dpop ? 'DPoP' : 'Bearer';
  // RFC 9449 section 5: a token that was to be bound and is not must not be used
  const isRight = typeof type === 'string' && type.toLowerCase() === scheme.toLowerCase();
  if (!isRight || !isTokenText(token) || !isFiniteNumber(lifetime) || lifetime <= 0) {
    throw new AuthorityError('authority_invalid', { status });
  }
  const access: AccessToken = Object.freeze({
    token,
    scheme,
    expiresAt: sentAt + lifetime,
    ...(dpop ? { key } : {}),
    ...(typeof scope === 'string' ? { scope: Object.freeze(scope.split(' ')) } : {}),
  });
  return { access, key, sentAt, lifetime };
}
