// A revocation view that is kept fresh by those who ask: how old it may be, how often it is refreshed, who waits.

import { TokenError } from '../errors/token_error.ts';
import type { TokenIdentity } from '../token/identity.ts';
import { createFingerprinter } from './fingerprint.ts';
import type { FeedPage } from './records.ts';
import type { RevocationSource } from './revocation_source.ts';
import { createRevocationView } from './view.ts';

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
  /** Asks for the records after a number. */
  readonly load: (after: number, signal: AbortSignal) => Promise<FeedPage>;
  /** A clock that is never set back, in milliseconds. */
  readonly now: () => number;
  /** Keeps a refresh alive beyond the request that began it. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** A revocation source with a look at its state. */
export interface FreshView extends RevocationSource {
  /** Refreshes unless the view is fresh enough to be used without waiting. Never rejects. */
  refresh(): Promise<void>;
  /** Age of the view in milliseconds, counted from when its request was sent; Infinity without one. */
  age(): number;
  readonly seq: number;
  readonly size: number;
  readonly bytes: number;
}

interface Flight {
  readonly landing: Promise<void>;
  readonly sentAt: number;
}

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

/** Makes a view that is empty until it is asked. */
export function createFreshView(options: FreshViewOptions): FreshView {
  const { load, now, waitUntil, refreshEvery, waitBeyond, patience, ceiling } = options;
  const view = createRevocationView();
  const fingerprints = createFingerprinter();
  let viewSentAt = -Infinity;
  let lastSentAt = -Infinity;
  let current: Flight | undefined;
  const age = (): number => now() - viewSentAt;

  async function fly(sentAt: number, signal: AbortSignal): Promise<void> {
    for (let page = 0; page < maxPages; page++) {
      const answer = await load(view.seq, signal);
      // A flight that was given up may land late: a newer one has asked since.
      if (signal.aborted || viewSentAt > sentAt) return;
      view.apply(answer);
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

  const mayBegin = (): boolean => now() - lastSentAt >= refreshEvery;

  /** Waits for the shared refresh; when it does not land in time its owner may be gone: asks itself. */
  async function refreshed(): Promise<void> {
    const end = now() + patience;
    while (now() < end && age() > waitBeyond) {
      const flight = current;
      if (flight === undefined || now() - flight.sentAt >= refreshEvery) {
        if (!mayBegin()) return;
        await within(begin().landing, end - now());
      } else {
        await within(flight.landing, Math.min(flight.sentAt + refreshEvery, end) - now());
      }
    }
  }

  function requireUsable(): void {
    if (age() > ceiling) throw new TokenError('revocation_unavailable');
  }

  async function ask(chain: readonly TokenIdentity[]): Promise<boolean> {
    // Hashing and refreshing do not depend on each other.
    const [tokens] = await Promise.all([
      Promise.all(chain.map(async (identity) => fingerprints.of(identity))),
      age() > waitBeyond ? refreshed() : undefined,
    ]);
    requireUsable();
    return tokens.some((token) => view.covers(token));
  }

  function isRevoked(chain: readonly TokenIdentity[]): boolean | Promise<boolean> {
    if (age() > waitBeyond) return ask(chain);
    if (age() >= refreshEvery && current === undefined && mayBegin()) begin();
    let revoked = false;
    for (const identity of chain) {
      const token = fingerprints.of(identity);
      if (token instanceof Promise) return ask(chain);
      revoked ||= view.covers(token);
    }
    return revoked;
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
