// The token bucket of an agent as one number: the time at which what it has spent will be refilled.

/** The window of every bucket: what it holds may come at once, and is refilled evenly over it. */
export const windowMs = 60_000;

/** What a request found in a bucket. */
export interface Spending {
  readonly allowed: boolean;
  /** When the bucket is full again, milliseconds since the epoch. */
  readonly fullAt: number;
  /** Requests that are left. */
  readonly remaining: number;
  /** Milliseconds until the next request can be made: 0 while there are some left. */
  readonly waitMs: number;
}

/** Refills add up in fractions of a millisecond: a rounding error is no refusal. */
const rounding = 1e-6;

/**
 * Takes one request out of a bucket for `quota` requests that will be full at `fullAt`.
 *
 * A bucket is never further from full than empty: after the clock was set back it counts as empty,
 * and is full one window later. So a clock that steps back neither opens it nor closes it for long.
 */
export function spend(fullAt: number, quota: number, now: number): Spending {
  const each = windowMs / quota;
  const from = Math.min(Math.max(fullAt, now), now + windowMs);
  const next = from + each;
  const room = now + windowMs - next;
  if (room < -each * rounding) {
    return { allowed: false, fullAt: from, remaining: 0, waitMs: Math.ceil(-room) };
  }
  const remaining = Math.floor(room / each + rounding);
  const waitMs = remaining > 0 ? 0 : Math.ceil(Math.max(0, each - room));
  return { allowed: true, fullAt: next, remaining, waitMs };
}
