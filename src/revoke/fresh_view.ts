// A revocation view that is kept fresh by those who ask: how old it may be, how often it is refreshed, who waits.

import { checkOptionNames, numberOption } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import type { TokenIdentity } from '../token/identity.ts';
import { createFingerprinter, type TokenFingerprints } from './fingerprint.ts';
import type { FeedPage } from './records.ts';
import type { RevocationSource } from './revocation_source.ts';
import { createRevocationView, type RevocationView } from './view.ts';

/** How fresh a view is kept. All times in milliseconds. */
export interface Freshness {
  /** A refresh is sent no sooner than this after the last one. */
  readonly refreshEvery: number;
  /** Who finds the view older than this waits for a refresh. */
  readonly waitBeyond: number;
  /** The longest wait; afterwards a view up to `ceiling` is used. */
  readonly patience: number;
  /** A view older than this refuses everybody. */
  readonly ceiling: number;
}

/** What a fresh view needs. */
export interface FreshViewOptions extends Freshness {
  /**
   * Asks for the records after a number. The signal tells it when nobody waits for it any more;
   * an answer that comes later is dropped.
   */
  readonly load: (after: number, signal: AbortSignal) => Promise<FeedPage>;
  /** A clock that is never set back, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
  /** Keeps a refresh alive beyond the request that began it. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

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
  readonly landing: Promise<void>;
  readonly sentAt: number;
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

const optionNames = [
  'refreshEvery',
  'waitBeyond',
  'patience',
  'ceiling',
  'load',
  'now',
  'waitUntil',
];

function checkOptions(options: FreshViewOptions): void {
  checkOptionNames('createFreshView', options, optionNames);
  const range = { min: 1, max: 3_600_000, fallback: Number.NaN };
  for (const name of ['refreshEvery', 'waitBeyond', 'patience', 'ceiling'] as const) {
    if (Number.isNaN(numberOption(name, options[name], range))) {
      throw new TypeError(`"${name}" is required`);
    }
  }
  if (typeof options.load !== 'function') throw new TypeError('"load" must be a function');
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
  checkOptions(options);
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

  async function fly(sentAt: number, signal: AbortSignal): Promise<void> {
    for (let page = 0; page < maxPages; page++) {
      const after = (snapshot ?? view).seq;
      const answer = await load(after, signal);
      // A flight that was given up may land late: a newer one has asked since.
      if (signal.aborted || viewSentAt > sentAt) return;
      take(answer, after);
      if (answer.more !== true) {
        viewSentAt = sentAt;
        return;
      }
    }
  }

  function begin(): Flight {
    const sentAt = now();
    lastSentAt = sentAt;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ceiling);
    const landing = fly(sentAt, controller.signal).finally(() => {
      clearTimeout(timer);
      if (current === flight) current = undefined;
    });
    const flight: Flight = { landing, sentAt };
    current = flight;
    const settled = landing.catch(() => {});
    try {
      waitUntil?.(settled);
    } catch {
      // Outside of a request it cannot be kept alive; each waiter has its own deadline.
    }
    return flight;
  }

  /** Waits for the shared refresh; when it does not land in time its owner may be gone: asks itself. */
  async function refreshed(): Promise<void> {
    const end = now() + patience;
    for (let round = 0; round < maxRounds && now() < end && age() > waitBeyond; round++) {
      const flight = current;
      if (flight === undefined || since(flight.sentAt) >= refreshEvery) {
        if (!mayBegin()) return;
        begin();
      } else {
        await within(flight.landing, Math.min(flight.sentAt + refreshEvery, end) - now());
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
    if (usable && age() >= refreshEvery && mayBegin()) begin();
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
