// Changes: whoever waits for something to change looks again when somebody tells.

import { abortable } from './deadline.ts';

/** Who waits, and how they are woken. */
export interface Changes {
  /** Wakes all who wait. */
  tell(): void;
  /** Waits to be told, or for `beside` to be over, whichever is first. */
  wait(signal: AbortSignal | undefined, beside?: Promise<void>): Promise<void>;
}

/** Makes changes; nobody waits yet. */
export function createChanges(): Changes {
  const wakers = new Set<() => void>();
  return {
    tell() {
      for (const wake of wakers) wake();
    },

    async wait(signal, beside) {
      let wake = (): void => {};
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      wakers.add(wake);
      try {
        await abortable(beside === undefined ? woken : Promise.race([woken, beside]), signal);
      } finally {
        wakers.delete(wake);
      }
    },
  };
}
