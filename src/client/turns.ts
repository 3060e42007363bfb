// Turns: so many may work at a time, the others wait in the order in which they came.

import { abortable } from './deadline.ts';

/** Hands out turns. */
export interface Turns {
  /** Waits for a turn; the answered function gives it back. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** Makes turns for `most` at a time. */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;

  function giveBack(): void {
    taken--;
    waiting.shift()?.();
  }

  return {
    async take(signal) {
      for (;;) {
        if (taken < most) break;
        let wake = (): void => {};
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        waiting.push(wake);
        try {
          await abortable(woken, signal);
        } catch (error) {
          const at = waiting.indexOf(wake);
          // Woken and gone at the same moment: the turn is the next one's
          if (at < 0) waiting.shift()?.();
          else waiting.splice(at, 1);
          throw error;
        }
      }
      taken++;
      return giveBack;
    },
  };
}
