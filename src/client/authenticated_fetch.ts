// createAuthenticatedFetch: fetch with an agent's token, to the origins that it was told of and no other.

import { checkOptionNames, systemClock, type Clock } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { createDpopProof } from '../proof/dpop.ts';
import type { AccessToken, AccessTokenSource } from './access_token.ts';
import { AuthorityError } from './authority_error.ts';
import type { ClientFetch } from './authority_http.ts';
import { CallerMistake } from './caller_mistake.ts';
import { readEndpoint } from './endpoint.ts';
import { readNonce } from './nonce.ts';
import { readOutgoing, type Outgoing } from './outgoing.ts';
import { checkAccess } from './presented.ts';

/** Options of {@link createAuthenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /** Where tokens come from: `createTokenSource`, or an object with the same `token`. */
  readonly source: AccessTokenSource;
  /** The origins that may see the token, such as `https://gate.example`: https, or http on loopback. */
  readonly origins: readonly string[];
  /** Replaces the runtime's `fetch`. */
  readonly fetch?: ClientFetch;
  /** Seconds since the epoch, for proofs. Default: the system's clock. */
  readonly clock?: Clock;
}

/** A `fetch` that authenticates. */
export type AuthenticatedFetch = (
  input: string | URL | Request,
  init?: RequestInit,
) => Promise<Response>;

/**
 * Makes a `fetch` that presents an agent's token: with a fresh proof where it is bound (RFC 9449
 * section 7), as a bearer token otherwise; with the hops of an off-line delegation where the source
 * hands them out.
 *
 * It sends a request again where that can help: once when the server wants its nonce in the proof,
 * once when the server refuses a token (`invalid_token`) that the source then replaces; never when
 * the body cannot be sent again (a stream, or a `Request` with a body). Redirects are never
 * followed: a 3xx answer is returned as it is, and where the runtime hides it (browsers), refused.
 *
 * Does not look at what the server answers otherwise, and has no time limit: pass a signal.
 *
 * @param options the source and the origins
 * @returns the function. It rejects with TypeError for an origin that it was not told of, for an
 * `Authorization`, `DPoP` or `Agent-Delegation` header of the caller's own, for `redirect: 'follow'`; with TokenError
 * `upstream_invalid` for a hidden redirect; with whatever the source or `fetch` rejects with
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 6750 section 2.1, RFC 9449 sections 7 and 9
 * @example
 * ```ts
 * import { createAuthenticatedFetch } from 'swarmgate/client';
 *
 * const authenticatedFetch = createAuthenticatedFetch({
 *   // Stands for createTokenSource
 *   source: {
 *     token: async () => ({ token: 'the.access.token', scheme: 'Bearer', expiresAt: Infinity }),
 *   },
 *   origins: ['https://gate.example'],
 *   // Stands for the server
 *   fetch: async (_url, init) => new Response(new Headers(init?.headers).get('authorization')),
 * });
 * const response = await authenticatedFetch('https://gate.example/whoami');
 * if ((await response.text()) !== 'Bearer the.access.token') throw new Error('unexpected');
 * ```
 */
export function createAuthenticatedFetch(options: AuthenticatedFetchOptions): AuthenticatedFetch {
  const names = ['source', 'origins', 'fetch', 'clock'];
  checkOptionNames('createAuthenticatedFetch', options, names);
  const { source, clock = systemClock } = options;
  const { fetch: send = (input, init) => fetch(input, init) } = options;
  if (typeof source?.token !== 'function') throw new TypeError('"source" must have a "token"');
  if (typeof send !== 'function') throw new TypeError('"fetch" must be a function');
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  const origins = readOrigins(options.origins);
  /** By origin: at most as many as there are origins. */
  const nonces = new Map<string, string>();

  async function present(outgoing: Outgoing, access: AccessToken): Promise<Response> {
    const { origin, url, method } = outgoing;
    const headers = new Headers(outgoing.headers);
    headers.set('authorization', `${access.scheme} ${access.token}`);
    if (access.scheme === 'DPoP') {
      const { token, key, delegation } = access;
      if (key === undefined) throw new CallerMistake('A DPoP token needs its key');
      const known = nonces.get(origin);
      const nonce = known === undefined ? {} : { nonce: known };
      if (delegation !== undefined) headers.set('agent-delegation', delegation);
      headers.set('dpop', await createDpopProof({ key, method, url, token, clock, ...nonce }));
    }
    const response = await outgoing.send(send, headers);
    const nonce = readNonce(response.headers);
    if (nonce !== undefined) nonces.set(origin, nonce);
    if (response.type === 'opaqueredirect') {
      throw new TokenError('upstream_invalid', { cause: new Error('A redirect was answered') });
    }
    return response;
  }

  /** The token that replaces one that was refused; `undefined` where there is none. */
  async function replacement(
    refused: AccessToken,
    signal: AbortSignal | undefined,
  ): Promise<AccessToken | undefined> {
    try {
      const next = checkAccess(await source.token({ signal, refused }));
      return next.token === refused.token ? undefined : next;
    } catch (error) {
      // The server's refusal says more than that there is no other token
      if (error instanceof AuthorityError) return undefined;
      throw error;
    }
  }

  return async (input, init = {}) => {
    const outgoing = readOutgoing(input, init, origins);
    const { signal, isRepeatable } = outgoing;
    let access = checkAccess(await source.token({ signal }));
    let response = await present(outgoing, access);
    let mayRenonce = isRepeatable;
    let mayReplace = isRepeatable;
    while (response.status === 401) {
      const error = challengeError(response.headers);
      const wantsNonce = error === 'use_dpop_nonce' && readNonce(response.headers) !== undefined;
      if (wantsNonce && mayRenonce && access.scheme === 'DPoP') {
        mayRenonce = false;
      } else if (error === 'invalid_token' && mayReplace) {
        mayReplace = false;
        const next = await replacement(access, signal);
        if (next === undefined) return response;
        access = next;
      } else {
        return response;
      }
      response.body?.cancel().catch(() => {});
      response = await present(outgoing, access);
    }
    return response;
  };
}

function readOrigins(origins: unknown): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(origins) ? origins : [];
  if (list.length === 0) throw new TypeError('"origins" must name at least one origin');
  const read = list.map((origin) => {
    if (typeof origin !== 'string' || readEndpoint(origin)?.origin !== origin) {
      throw new TypeError('"origins" must be https origins (http only on loopback), without path');
    }
    return origin;
  });
  return new Set(read);
}

/** The `error` of a challenge (RFC 9110 section 11.6.1). */
function challengeError(headers: Headers): string | undefined {
  const challenge = headers.get('www-authenticate') ?? '';
  return /(?:^|[\s,])error="?([a-z_]+)/.exec(challenge)?.[1];
}
