// remoteKeys: verification keys that an issuer publishes as a JWK set, kept fresh within stated bounds.

import { readClock } from '../errors/caller.ts';
import { TokenError } from '../errors/index.ts';
import { fetchCapped } from './fetch_capped.ts';
import { keepAlive, sharedFlight } from './flight.ts';
import { freshFor } from './freshness.ts';
import { importKeySet, readKeySet, type ImportedSet } from './key_set.ts';
import type { KeyQuery, KeySource, VerificationKey } from './key_source.ts';
import { readRemoteOptions, type RemoteKeysOptions, type WaitUntil } from './remote_options.ts';
import { lookUpKey, selectKey } from './select.ts';

/** A key source that fetches its keys. */
export interface RemoteKeys extends KeySource {
  /**
   * Loads the key set unless the one in memory is fresh; for a start that should not wait for the
   * first token.
   *
   * @param options `waitUntil` of the request at hand keeps the fetch alive beyond it.
   * @throws TokenError `key_unavailable` when there is no usable set afterwards.
   */
  refresh(options?: { readonly waitUntil?: WaitUntil }): Promise<void>;
}

interface HeldSet extends ImportedSet {
  /** When its request was sent: what changed since then is not in it. */
  readonly sentAt: number;
  /** The number of its request, from 1. */
  readonly turn: number;
  readonly freshFor: number;
}

/** From this part of its lifetime on, a set is renewed in the background where that is possible. */
const renewalPoint = 0.75;

/**
 * Makes a key source of a JWK set at an https address.
 *
 * Concurrent callers share one fetch, and none depends on the one who began it. A kid that is not
 * in the set causes at most one fetch per `cooldown`, counted from the last attempt; within it the
 * kid is refused from memory. While the address fails, the last good set is used up to
 * `staleLimit`, counted from when it was asked for, and not a second longer. Redirects are not
 * followed; a set that is too large, too slow, not JSON, or holds a private or symmetric key, is
 * refused as a whole. Unknown key types are skipped; a key that is weak, malformed or for something
 * else is unusable, and so are all keys under a kid that stands twice. A key without a `kid` is
 * found by its RFC 7638 thumbprint.
 *
 * Does not check who owns the address, and does not read `x5c` or `x5u`. Nothing is fetched before
 * the first token, or `refresh`.
 *
 * @param url Address of the JWK set: https; http only on a loopback host.
 * @param options Times in seconds, sizes in bytes.
 * @returns the key source; `find` answers at once where the key is in memory and fresh.
 * @throws TypeError for a wrong address or option. `find` fails with TokenError `key_unknown`,
 * `key_unusable`, `key_unavailable`.
 * @example
 * ```ts
 * import { generateSigningKey, remoteKeys } from 'swarmgate';
 *
 * const { kid, publicJwk } = await generateSigningKey();
 * const keys = remoteKeys('https://issuer.example/.well-known/jwks.json', {
 *   fetch: async () => Response.json({ keys: [publicJwk] }),
 * });
 * const found = await keys.find({ alg: 'ES256', kid });
 * if (found.thumbprint !== kid) throw new Error('unexpected');
 * ```
 * @see RFC 7517 section 5, RFC 9111
 */
export function remoteKeys(url: string | URL, options: RemoteKeysOptions = {}): RemoteKeys {
  const settings = readRemoteOptions(url, options);
  const { cooldown, maxAge, staleLimit, maxBytes, maxKeys, timeout, waitUntil } = settings;
  const clock = (): number => readClock(settings.clock);
  let held: HeldSet | undefined;
  let attemptedAt = -Infinity;
  let turns = 0;
  let failure: unknown;

  const flight = sharedFlight({
    start: load,
    timeout,
    clock,
    waitUntil,
    onFailure: (cause) => {
      failure = cause;
      try {
        settings.onFailure?.(cause instanceof Error ? cause : new Error('The fetch failed'));
      } catch {
        // Its own failure must not decide over a token.
      }
    },
  });

  async function load(signal: AbortSignal): Promise<void> {
    const sentAt = clock();
    attemptedAt = sentAt;
    const turn = ++turns;
    const { text, headers } = await fetchCapped(settings.fetch, settings.url, { maxBytes, signal });
    const set = await importKeySet(await readKeySet(text, maxKeys), held?.imported);
    // A flight that was given up may land after its successor: the newer question has the newer answer.
    if (signal.aborted || (held !== undefined && held.turn > turn)) return;
    const lifetime = freshFor(headers, { floor: cooldown, ceiling: maxAge });
    held = { ...set, sentAt, turn, freshFor: lifetime };
  }

  /** After the clock was set back nobody knows how old the set is: then it counts as too old. */
  function age(now: number): number {
    return held === undefined || now < held.sentAt ? Infinity : now - held.sentAt;
  }

  function mayAsk(now: number): boolean {
    const state = flight.state();
    if (state === 'under_way' || now < attemptedAt || now - attemptedAt >= cooldown) return true;
    // A lost flight told nothing; without keys that must not refuse everybody for a whole cool-down.
    return state === 'lost' && age(now) > staleLimit;
  }

  function fromMemory(query: KeyQuery): VerificationKey {
    if (held === undefined || age(clock()) > staleLimit) {
      throw new TokenError('key_unavailable', { cause: failure });
    }
    return selectKey(held.index, query);
  }

  async function afterRefresh(query: KeyQuery): Promise<VerificationKey> {
    await flight.run().catch(() => {});
    return fromMemory(query);
  }

  function find(query: KeyQuery): VerificationKey | Promise<VerificationKey> {
    const now = clock();
    if (held === undefined || age(now) >= held.freshFor) {
      return mayAsk(now) ? afterRefresh(query) : fromMemory(query);
    }
    const found = lookUpKey(held.index, query);
    if (found === 'key_unknown' && mayAsk(now)) return afterRefresh(query);
    if (typeof found === 'string') throw new TokenError(found);
    if (waitUntil !== undefined && age(now) >= held.freshFor * renewalPoint) renew(now);
    return found;
  }

  function renew(now: number): void {
    if (flight.state() !== 'under_way' && mayAsk(now)) flight.run().catch(() => {});
  }

  async function refresh(request: { readonly waitUntil?: WaitUntil } = {}): Promise<void> {
    const now = clock();
    if (held !== undefined && age(now) < held.freshFor) return;
    if (mayAsk(now)) {
      const landing = flight.run().catch(() => {});
      keepAlive(request.waitUntil, landing);
      await landing;
    }
    if (age(clock()) > staleLimit) throw new TokenError('key_unavailable', { cause: failure });
  }

  return Object.freeze({ find, refresh });
}
