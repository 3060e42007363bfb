// statusListSource: revocation from signed, cacheable status lists that anyone may fetch.

import { readClock } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { fetchCapped } from '../keys/fetch_capped.ts';
import { sharedFlight } from '../keys/flight.ts';
import { boundedCache } from '../token/bounded_cache.ts';
import type { TokenIdentity } from '../token/identity.ts';
import type { RevocationSource } from './revocation_source.ts';
import { statusAt } from './status_codec.ts';
import {
  originOf,
  readStatusOptions,
  type StatusIssuer,
  type StatusListOptions,
  type StatusSettings,
} from './status_options.ts';
import { readStatusList, type StatusList } from './status_token.ts';

/** A list that is followed. */
interface FollowedList {
  /** The list as fresh as the settings ask for, at once where it is; `undefined`: there is none. */
  current(): StatusList | undefined | Promise<StatusList | undefined>;
}

interface HeldList extends StatusList {
  /** When its request was sent: what changed since then is not in it. */
  readonly sentAt: number;
  /** The number of its request, from 1. */
  readonly turn: number;
}

const listType = {
  name: 'The status list',
  accept: 'application/statuslist+jwt',
  type: /^application\/statuslist\+jwt *(?:;|$)/i,
};

function follow(
  settings: StatusSettings,
  { keys, algorithms }: StatusIssuer,
  issuer: string,
  uri: string,
): FollowedList {
  const { maxAge, staleLimit, cooldown, timeout, waitUntil } = settings;
  const { maxBytes, maxListBytes, clockTolerance } = settings;
  const clock = (): number => readClock(settings.clock);
  let held: HeldList | undefined;
  let attemptedAt = -Infinity;
  let turns = 0;

  async function load(signal: AbortSignal): Promise<void> {
    const sentAt = clock();
    attemptedAt = sentAt;
    const turn = ++turns;
    const { text } = await fetchCapped(settings.fetch, uri, { maxBytes, signal }, listType);
    const rules = { keys, algorithms, issuer, uri, maxBytes, maxListBytes, clockTolerance };
    const list = await readStatusList(text, { ...rules, now: clock() });
    // A fetch that was given up may land after its successor
    if (signal.aborted || (held !== undefined && held.turn > turn)) return;
    held = { ...list, sentAt, turn };
  }

  const flight = sharedFlight({ start: load, timeout, clock, waitUntil, onFailure: () => {} });

  /** The held list, unless it is older than a limit or has ended; after the clock was set back, none. */
  function within(limit: number): StatusList | undefined {
    const now = clock();
    if (held === undefined || now < held.sentAt || now - held.sentAt >= limit) return undefined;
    return now < held.expiresAt + clockTolerance ? held : undefined;
  }

  function mayAsk(): boolean {
    const now = clock();
    return flight.state() !== 'none' || now < attemptedAt || now - attemptedAt >= cooldown;
  }

  async function refreshed(): Promise<StatusList | undefined> {
    await flight.run().catch(() => {});
    return within(staleLimit);
  }

  return {
    current() {
      // The list's own word over that of HTTP caches (section 13.7), within what the caller allows
      const fresh = within(Math.min(Math.max(held?.ttl ?? maxAge, cooldown), maxAge));
      if (fresh !== undefined) return fresh;
      return mayAsk() ? refreshed() : within(staleLimit);
    },
  };
}

/**
 * Makes a revocation source of Token Status Lists: public, signed, cacheable, one bit or a few for
 * each token. Anyone can check by it who has the issuer's keys, without telling which token is asked
 * about.
 *
 * It is the slow path: a list is as fresh as its `ttl` says, within `maxAge`; see `revocationFeed`
 * for seconds. Any status but `0` counts as revoked. A list that cannot be fetched, verified or
 * unfolded, and an index outside of it, refuse with `revocation_unavailable`. Only the token's own
 * status is looked up: an authority sets the bit of a descendant when it revokes an ancestor, but
 * hops of off-line delegation have none of their own.
 *
 * Only https (http on loopback) and the issuer's origin, unless `origins` names others; redirects
 * are not followed. A list counts only after its signature, `typ`, `sub`, `iat` and `exp` were
 * checked; lists without `exp` are refused.
 *
 * @param options the issuers and their keys; times in seconds, sizes in bytes
 * @returns the source for `createVerifier`; nothing is fetched before the first token
 * @throws TypeError for a mistake in the options, which it names
 * @see draft-ietf-oauth-status-list-21 section 8.3
 * @example
 * ```ts
 * import { createVerifier, generateSigningKey, localKeys, statusListSource } from 'swarmgate';
 * import { createIssuer, makeStatusListToken } from 'swarmgate/issue';
 *
 * const key = await generateSigningKey();
 * const keys = await localKeys(key.publicJwk);
 * const issuer = 'https://gate.example';
 * const uri = `${issuer}/status/0`;
 * const revocation = statusListSource({
 *   issuers: [{ issuer, keys }],
 *   // Stands for the network: the token at index 1 is revoked
 *   fetch: async () =>
 *     new Response(
 *       await makeStatusListToken({ key, issuer, uri, bits: 1, statuses: new Uint8Array([0b10]) }),
 *       { headers: { 'content-type': 'application/statuslist+jwt' } },
 *     ),
 * });
 * const verifier = createVerifier({ issuer, keys, revocation });
 * const request = { sub: 'planner', tier: 'fast', scope: [] };
 * const [good, bad] = await Promise.all(
 *   [0, 1].map((idx) =>
 *     createIssuer({ key, issuer }).issueAgentToken({ ...request, status: { status_list: { idx, uri } } }),
 *   ),
 * );
 * await verifier.verifyAgentToken(good ?? '');
 * const refused = await verifier.checkAgentToken(bad ?? '');
 * if (refused.ok || refused.error.code !== 'token_revoked') throw new Error('unexpected');
 * ```
 */
export function statusListSource(options: StatusListOptions): RevocationSource {
  const settings = readStatusOptions(options);
  const followed = boundedCache<FollowedList>(settings.maxLists);

  function listOf(issuer: string, uri: string): FollowedList | undefined {
    const trusted = settings.issuers.get(issuer);
    const origin = originOf(uri);
    if (trusted === undefined || origin === undefined || !trusted.origins.has(origin)) {
      return undefined;
    }
    const id = JSON.stringify([issuer, uri]);
    const known = followed.get(id);
    if (known !== undefined) return known;
    const list = follow(settings, trusted, issuer, uri);
    followed.set(id, list);
    return list;
  }

  function decide(list: StatusList | undefined, idx: number): boolean {
    const status = list && statusAt(list.bytes, list.bits, idx);
    if (status === undefined) throw new TokenError('revocation_unavailable');
    return status !== 0;
  }

  return Object.freeze({
    isRevoked([own]: readonly TokenIdentity[]) {
      const status = own?.status;
      if (own === undefined || status === undefined) {
        if (own !== undefined && settings.unlisted === 'accept') return false;
        throw new TokenError('revocation_unavailable');
      }
      const { idx, uri } = status;
      const list = listOf(own.issuer, uri)?.current();
      return list instanceof Promise
        ? list.then((landed) => decide(landed, idx))
        : decide(list, idx);
    },
  } satisfies RevocationSource);
}
