// Back-off: how long to wait before the next try.

/** How pauses grow. Seconds. */
export interface BackoffPlan {
  readonly first: number;
  readonly most: number;
  /** A number from 0 to 1: apart, so that many agents do not come back in the same instant. */
  readonly random: () => number;
}

/** The pause after so many failures, from 1: doubles each time, and half of it is random. */
export function backoff(failures: number, { first, most, random }: BackoffPlan): number {
  const full = Math.min(most, first * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + 0.5 * Math.min(1, Math.max(0, random())));
}
