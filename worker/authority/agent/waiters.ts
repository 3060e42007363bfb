// Calls of an object that wait for the outcome of another one, each until a time of its own.

/** Who waits for what, by name. */
export interface Waiters {
  /** Resolves when the name is woken, after `ms` milliseconds at the latest. */
  waitFor(name: string, ms: number): Promise<void>;
  wake(name: string): void;
}

/** Makes a list of waiters that is empty. */
export function createWaiters(): Waiters {
  const all = new Map<string, Set<() => void>>();
  return {
    waitFor(name, ms) {
      const waiting = all.get(name) ?? new Set();
      all.set(name, waiting);
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          if (waiting.size === 0) all.delete(name);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      });
    },
    wake(name) {
      for (const wake of all.get(name) ?? []) wake();
    },
  };
}
