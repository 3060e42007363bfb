// Turns: so many at once, the others in the order in which they came

/** A limit on what goes on at once. */
export interface Turns {
  readonly take: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Makes the limit. */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let free = most;
  return {
    async take(work) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        // The turn goes over to who waits, so that nobody comes in between
        const next = waiting.shift();
        if (next === undefined) free++;
        else next();
      }
    },
  };
}
