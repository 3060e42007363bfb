// Turns: work that must not overlap, one after the other in the order in which it was asked for.

/** A queue of work. */
export interface Turns {
  /** Does the work when its turn comes; what failed before it does not matter to it. */
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** Makes an empty queue. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work, work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
