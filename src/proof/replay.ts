// ReplayGuard: lets each proof id through once; and the version that lives in memory.

import { numberOption, readClock, systemClock, type Clock } from '../errors/caller.ts';

/** Records what may happen only once. */
export interface ReplayGuard {
  /**
   * Records an id until `expiresAt` (seconds since the epoch). Answers exactly `true` the first
   * time, `false` when it was recorded before. Must be atomic. May throw when it cannot tell.
   */
  use(id: string, expiresAt: number): boolean | Promise<boolean>;
}

/** Options of {@link memoryReplayGuard}. */
export interface MemoryReplayOptions {
  readonly clock?: Clock;
  /** Ids held at once, default 100,000. When full of live ids, new ones are refused, none is forgotten. */
  readonly maxEntries?: number;
}

/**
 * A replay guard in this process's memory.
 *
 * Does not see what other processes or isolates recorded, and forgets at a restart: use a shared
 * store where that matters.
 *
 * @throws TypeError for a limit out of range
 * @example
 * ```ts
 * import { memoryReplayGuard } from 'swarmgate';
 *
 * const guard = memoryReplayGuard();
 * const soon = Date.now() / 1000 + 60;
 * if (!(await guard.use('id', soon)) || (await guard.use('id', soon))) throw new Error('unexpected');
 * ```
 */
export function memoryReplayGuard(options: MemoryReplayOptions = {}): ReplayGuard {
  const { clock = systemClock } = options;
  const maxEntries = numberOption('maxEntries', options.maxEntries, {
    min: 1,
    max: 1e7,
    fallback: 100_000,
  });
  const seen = new Map<string, number>();
  let latest = -Infinity;
  return {
    use(id, expiresAt) {
      // The clock of a machine may be set back; entries must not outlive their use by that.
      latest = Math.max(latest, readClock(clock));
      const until = seen.get(id);
      if (until !== undefined && until > latest) return false;
      if (seen.size >= maxEntries) {
        for (const [entry, end] of seen) if (end <= latest) seen.delete(entry);
        if (seen.size >= maxEntries) return false;
      }
      seen.delete(id);
      seen.set(id, expiresAt);
      return true;
    },
  };
}
