// createTokenSource: a current access token at any time, renewed before it ends, by one request for all.

/// <reference lib="esnext.disposable" preserve="true" />

import { readClock } from '../errors/caller.ts';
import { sharedFlight } from '../keys/flight.ts';
import type { AccessToken, AccessTokenSource, TokenRequest } from './access_token.ts';
import { authorityOf, type IssuedToken } from './authority.ts';
import { AuthorityError } from './authority_error.ts';
import { backoff } from './backoff.ts';
import { abortable, withDeadline } from './deadline.ts';
import { disposable } from './disposal.ts';
import { readSourceOptions, type TokenSourceOptions } from './token_source_options.ts';

/** A source of access tokens that renews them, and revokes them when it is closed. */
export interface TokenSource extends AccessTokenSource, AsyncDisposable {
  /**
   * Gives a token that is valid now. Waits where there is none, and briefly for a renewal.
   *
   * @param request the caller's own signal; a token that a server refused
   * @throws AuthorityError; TypeError when the key store gives no key; the signal's reason
   */
  token(request?: TokenRequest): Promise<AccessToken>;
  /**
   * Refuses from now on, and revokes the session: every token of this source that is still valid.
   *
   * @throws AuthorityError when one may not have been revoked: calling it again tries again
   */
  close(): Promise<void>;
}

interface HeldToken extends IssuedToken {
  /** The number of its request, from 1. */
  readonly turn: number;
  /** Seconds since the epoch. */
  readonly renewAt: number;
  /** From here on it might arrive too late. Seconds since the epoch. */
  readonly usableUntil: number;
}

/** Pauses after failed renewals, in seconds. */
const pauses = { first: 1, most: 30 };
/** How long a caller with a valid token waits for a newer one. Seconds. */
const patience = 1;
/** A refused token that is younger is not replaced: another one would be refused too. Seconds. */
const leastAge = 30;

/**
 * Makes a source of access tokens for one agent (`client_credentials` with `private_key_jwt`).
 *
 * A token is renewed when somebody asks after 14/15 of its lifetime, a little earlier at random:
 * by one request, however many ask. The first caller waits for it, for 1 s at the longest (with
 * `waitUntil` not at all); the others get the old token meanwhile. A renewal that fails is tried
 * again after 1 s, 2 s, 4 s up to 30 s, as long as somebody asks; callers get the old token while
 * it is valid, and then the last failure. There is no timer between requests, so that a source at
 * rest never keeps a process alive.
 *
 * All tokens of a source belong to one session (`sid`), so that revoking it ends them together; a
 * source whose session was revoked gets no more tokens.
 *
 * Does not read the token, and does not check that the authority grants the scopes asked for.
 * Stores nothing: a new process asks for a new token.
 *
 * @param options the authority, the client and its key; times in seconds, sizes in bytes
 * @returns the source; nothing is asked of the authority before the first `token()`
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 6749 section 4.4, RFC 7523bis, RFC 8414, RFC 9449 section 5, RFC 7009
 * @example
 * ```ts
 * import { createTokenSource } from 'swarmgate/client';
 * import { generateSigningKey } from 'swarmgate/issue';
 *
 * const source = createTokenSource({
 *   issuer: 'https://gate.example',
 *   tokenEndpoint: 'https://gate.example/token',
 *   clientId: 'planner',
 *   key: await generateSigningKey(),
 *   scope: ['bus:publish', 'bus:receive'],
 *   // Stands for the authority; leave it out to ask a real one
 *   fetch: async () =>
 *     Response.json({ access_token: 'the.access.token', token_type: 'DPoP', expires_in: 900 }),
 * });
 * const { token, scheme } = await source.token();
 * if (token !== 'the.access.token' || scheme !== 'DPoP') throw new Error('unexpected');
 * await source.close();
 * ```
 */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const settings = readSourceOptions(options);
  const { timeout, waitUntil, random } = settings;
  const clock = (): number => readClock(settings.clock);
  const authority = authorityOf(settings);
  const ended = new AbortController();
  let current: HeldToken | undefined;
  let live: readonly IssuedToken[] = [];
  let turns = 0;
  let failures = 0;
  let failedAt = -Infinity;
  let retryAt = -Infinity;
  let failure: unknown;
  let closing: Promise<void> | undefined;

  const flight = sharedFlight({
    start: renew,
    timeout,
    clock,
    waitUntil,
    onFailure: (cause) => {
      failure = readFailure(cause);
      failures++;
      failedAt = clock();
      retryAt = failedAt + backoff(failures, { ...pauses, random });
    },
  });

  async function renew(signal: AbortSignal): Promise<void> {
    const turn = ++turns;
    const either = new AbortController();
    const stop = (): void => either.abort();
    for (const each of [signal, ended.signal]) each.addEventListener('abort', stop);
    try {
      keep(await authority.issue(either.signal), turn);
    } finally {
      for (const each of [signal, ended.signal]) each.removeEventListener('abort', stop);
    }
  }

  function keep(issued: IssuedToken, turn: number): void {
    const { sentAt, lifetime, access } = issued;
    const now = clock();
    live = [...live.filter((old) => old.access.expiresAt > now), issued];
    // A renewal that was given up may land after its successor
    if (current !== undefined && current.turn > turn) return;
    const part = settings.renewAt - settings.jitter * Math.min(1, Math.max(0, random()));
    const usableUntil = access.expiresAt - Math.min(5, lifetime / 30);
    current = { ...issued, turn, renewAt: sentAt + lifetime * part, usableUntil };
    failures = 0;
    retryAt = -Infinity;
  }

  /** After the clock was set back nobody knows how old a token is: then it is not used. */
  function isUsable({ sentAt, usableUntil }: HeldToken, now: number): boolean {
    return now >= sentAt && now < usableUntil;
  }

  function isRefused({ access, sentAt }: HeldToken, refused: AccessToken | undefined): boolean {
    return refused?.token === access.token && clock() - sentAt >= leastAge;
  }

  function mayAsk(now: number): boolean {
    return flight.state() !== 'none' || now >= retryAt || now < failedAt;
  }

  async function renewed(now: number, signal: AbortSignal | undefined): Promise<AccessToken> {
    if (!mayAsk(now)) throw failure;
    try {
      await abortable(abortable(flight.run(), ended.signal), signal);
    } catch (cause) {
      refuseClosed();
      throw signal?.aborted === true ? cause : readFailure(cause);
    }
    refuseClosed();
    if (current === undefined) throw new AuthorityError('authority_unavailable');
    return current.access;
  }

  async function token({ signal, refused }: TokenRequest = {}): Promise<AccessToken> {
    signal?.throwIfAborted();
    refuseClosed();
    const now = clock();
    const held = current;
    if (held === undefined || !isUsable(held, now) || isRefused(held, refused)) {
      return renewed(now, signal);
    }
    const isDue = now >= held.renewAt && flight.state() !== 'under_way' && mayAsk(now);
    if (isDue) await renewEarly(signal);
    return (current ?? held).access;
  }

  /** Who begins an early renewal waits a little for it: a Worker's request that ends would end it too. */
  async function renewEarly(signal: AbortSignal | undefined): Promise<void> {
    const landing = flight.run();
    landing.catch(() => {});
    if (waitUntil !== undefined) return;
    try {
      const limits = { seconds: Math.min(timeout, patience), late };
      await withDeadline(limits, signal, () => abortable(landing, ended.signal));
    } catch {
      // The old token is still good
      signal?.throwIfAborted();
    }
    refuseClosed();
  }

  function refuseClosed(): void {
    if (ended.signal.aborted) throw new AuthorityError('source_closed');
  }

  async function revokeLive(): Promise<void> {
    const now = clock();
    const failed: IssuedToken[] = [];
    let first: unknown;
    for (const issued of live.filter((old) => old.access.expiresAt > now)) {
      try {
        await withDeadline({ seconds: timeout, late }, undefined, (signal) =>
          authority.revoke(issued, signal),
        );
      } catch (error) {
        failed.push(issued);
        first ??= error;
      }
    }
    live = failed;
    if (failed.length > 0) throw first;
  }

  function close(): Promise<void> {
    ended.abort();
    current = undefined;
    closing ??= revokeLive().catch((error: unknown) => {
      closing = undefined;
      throw error;
    });
    return closing;
  }

  return disposable({ token, close });
}

const late = (): AuthorityError => new AuthorityError('authority_unavailable');

/** A renewal that took too long is the authority's failure; what a key store throws stays as it is. */
function readFailure(cause: unknown): unknown {
  const isLate = cause instanceof DOMException && cause.name === 'TimeoutError';
  return isLate ? new AuthorityError('authority_unavailable', { cause }) : cause;
}
