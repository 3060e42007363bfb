// A revocation view that is kept fresh by those who ask: how old it may be, how often it is refreshed, who waits.

import { TokenError } from '../errors/token_error.ts';
import type { TokenIdentity } from '../token/identity.ts';
import { createFingerprinter, type TokenFingerprints } from './fingerprint.ts';
import { checkFreshOptions, type FreshViewOptions } from './fresh_options.ts';
import type { FeedPage } from './records.ts';
import type { RevocationSource } from './revocation_source.ts';
import { createRevocationView, type RevocationView } from './view.ts';

/** A revocation source with a look at its state. */
export interface FreshView extends RevocationSource {
  /** Refreshes unless the view is fresh enough to be used without waiting. Never rejects. */
  refresh(): Promise<void>;
  /** Age of the view in milliseconds, counted from when its request was sent; Infinity without one. */
  age(): number;
  /** Number of the last record taken into account. */
  readonly seq: number;
  /** Records held. */
  readonly size: number;
  /** Bytes of memory that they take. */
  readonly bytes: number;
}

interface Flight {
  landing: Promise<void>;
  /** When it last brought a page; at first, when it was sent. */
  heardAt: number;
}

type Fingerprinted = TokenFingerprints | Promise<TokenFingerprints>;

/** Pages of one refresh; a log with more records than that is read on by the next one. */
const maxPages = 1000;

async function within(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, milliseconds));
  });
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
}

/**
 * Makes a view of a revocation log that is kept fresh by those who ask.
 *
 * It is empty at first and has no timer of its own: a refresh is sent when somebody asks, by one
 * request for all, and no sooner than `refreshEvery` after the last. Age counts from when a request
 * was sent, so what was revoked before is known. Nobody depends on the request that began a refresh:
 * where it does not come back in time, who waits sends another.
 *
 * Does not check who answers `load`.
 *
 * @param options times in milliseconds
 * @throws TypeError for a mistake in the options, which it names
 * @example
 * ```ts
 * import { createFreshView } from 'swarmgate';
 *
 * const issuer = 'https://authority.example';
 * const view = createFreshView({
 *   refreshEvery: 250,
 *   waitBeyond: 500,
 *   patience: 400,
 *   ceiling: 5000,
 *   load: async () => ({ issuer, seq: 0, as_of: 0, full: true, records: [] }),
 * });
 * await view.refresh();
 * if (!(view.age() < 5000)) throw new Error('unexpected');
 * ```
 */
export function createFreshView(options: FreshViewOptions): FreshView {
  checkFreshOptions(options);
  const { load, waitUntil, refreshEvery, waitBeyond, patience, ceiling } = options;
  const { now = () => performance.now() } = options;
  // Of waiting for one flight after another: also a clock that stands still lets nobody wait for ever
  const maxRounds = 4 * (Math.ceil(patience / refreshEvery) + 1);
  const fingerprints = createFingerprinter();
  let view = createRevocationView();
  // A snapshot that has not come whole: what it lacks so far must not be missing from the view
  let snapshot: RevocationView | undefined;
  let viewSentAt = -Infinity;
  let lastSentAt = -Infinity;
  let current: Flight | undefined;

  /** Infinity also where the clock was set back, or tells no time. */
  const since = (time: number): number => {
    const passed = now() - time;
    return passed >= 0 ? passed : Infinity;
  };
  const age = (): number => since(viewSentAt);
  const mayBegin = (): boolean => since(lastSentAt) >= refreshEvery;

  function take(page: FeedPage, after: number): void {
    if (page.full && (snapshot === undefined || page.seq !== snapshot.seq)) {
      if (snapshot !== undefined && page.seq < snapshot.seq) {
        throw new Error('The revocation feed went back');
      }
      const begun = createRevocationView();
      begun.apply(page, 0);
      snapshot = begun;
    } else {
      (snapshot ?? view).apply(page, after);
    }
    if (page.more === true || snapshot === undefined) return;
    const whole = snapshot;
    snapshot = undefined;
    if (whole.seq < view.seq) throw new Error('The revocation feed went back');
    view = whole;
  }

  async function fly(flight: Flight, sentAt: number, signal: AbortSignal): Promise<void> {
    for (let page = 0; page < maxPages; page++) {
      const after = (snapshot ?? view).seq;
      const answer = await load(after, signal);
      // A flight that was given up may land late: a newer one has asked since.
      if (signal.aborted || viewSentAt > sentAt) return;
      take(answer, after);
      flight.heardAt = now();
      if (answer.more !== true) {
        viewSentAt = sentAt;
        return;
      }
      // Page after page from a log nearby would let no timer fire: who waits has a deadline
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  function begin(): void {
    const sentAt = now();
    lastSentAt = sentAt;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ceiling);
    const flight: Flight = { landing: Promise.resolve(), heardAt: sentAt };
    current = flight;
    flight.landing = fly(flight, sentAt, controller.signal).finally(() => {
      clearTimeout(timer);
      if (current === flight) current = undefined;
    });
    const settled = flight.landing.catch(() => {});
    try {
      waitUntil?.(settled);
    } catch {
      // Outside of a request it cannot be kept alive; each waiter has its own deadline.
    }
  }

  /** Whether a refresh is on its way that was heard of lately: its owner is still there. */
  const isAlive = (flight: Flight | undefined): flight is Flight =>
    flight !== undefined && since(flight.heardAt) < refreshEvery;

  /** Waits for the shared refresh; when it does not land in time its owner may be gone: asks itself. */
  async function refreshed(): Promise<void> {
    const end = now() + patience;
    for (let round = 0; round < maxRounds && now() < end && age() > waitBeyond; round++) {
      const flight = current;
      if (isAlive(flight)) {
        await within(flight.landing, Math.min(flight.heardAt + refreshEvery, end) - now());
      } else {
        if (!mayBegin()) return;
        begin();
      }
    }
  }

  async function ask(tokens: readonly Fingerprinted[]): Promise<boolean> {
    // Hashing and refreshing do not depend on each other.
    const [known] = await Promise.all([
      Promise.all(tokens.map(async (token) => token)),
      age() > waitBeyond ? refreshed() : undefined,
    ]);
    if (age() > ceiling) throw new TokenError('revocation_unavailable');
    return known.some((token) => view.covers(token));
  }

  function isRevoked(chain: readonly TokenIdentity[]): boolean | Promise<boolean> {
    let usable = age() <= waitBeyond;
    if (usable && age() >= refreshEvery && !isAlive(current) && mayBegin()) begin();
    let revoked = false;
    const tokens = chain.map((identity) => {
      const token = fingerprints.of(identity);
      if (token instanceof Promise) usable = false;
      else revoked ||= view.covers(token);
      return token;
    });
    return usable ? revoked : ask(tokens);
  }

  return Object.freeze({
    isRevoked,
    refresh: async () => {
      if (age() > waitBeyond) await refreshed();
    },
    age,
    get seq() {
      return view.seq;
    },
    get size() {
      return view.size;
    },
    get bytes() {
      return view.bytes;
    },
  });
}
