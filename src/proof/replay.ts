// ReplayGuard: lets each proof id through once; and the version that lives in memory.

import {
  checkOptionNames,
  numberOption,
  readClock,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';

/** Records what may happen only once. */
export interface ReplayGuard {
  /**
   * Records an id until `expiresAt` (seconds since the epoch). Answers exactly `true` the first
   * time, `false` when it was recorded before. Must be atomic. May throw when it cannot tell.
   */
  use(id: string, expiresAt: number): boolean | Promise<boolean>;
}

/** Something that may be used once. */
export interface ProofUse {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** Records a proof as used; a TokenError where it was used before, or nobody can tell. */
export async function askReplay(
  guard: ReplayGuard,
  { id, expiresAt }: ProofUse,
): Promise<TokenError | undefined> {
  try {
    const first = await guard.use(id, expiresAt);
    return first === true ? undefined : new TokenError('proof_replayed');
  } catch (cause) {
    return cause instanceof TokenError ? cause : new TokenError('proof_replayed', { cause });
  }
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
 * @throws TypeError for a limit out of range, or an unknown option
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
  checkOptionNames('memoryReplayGuard', options, ['clock', 'maxEntries']);
  const { clock = systemClock } = options;
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  const maxEntries = numberOption('maxEntries', options.maxEntries, {
    min: 1,
    max: 1e7,
    fallback: 100_000,
  });
  const seen = new Map<string, number>();
  // Until when the ids live that were forgotten to make room; and when the next of them ends.
  let forgotten = -Infinity;
  let nextEnd = -Infinity;

  function makeRoom(now: number): void {
    nextEnd = Infinity;
    for (const [id, end] of seen) {
      if (end > now) {
        nextEnd = Math.min(nextEnd, end);
      } else {
        seen.delete(id);
        forgotten = Math.max(forgotten, end);
      }
    }
  }

  return Object.freeze({
    use(id, expiresAt) {
      const now = readClock(clock);
      // A clock may be set forward and back again: what has ended then is live once more, and what
      // was forgotten meanwhile can no longer be told from new.
      const until = seen.get(id);
      if (until !== undefined && !(until <= now && until < expiresAt)) return false;
      if (!(expiresAt > forgotten)) return false;
      if (seen.size >= maxEntries && now >= nextEnd) makeRoom(now);
      if (seen.size >= maxEntries && until === undefined) return false;
      seen.set(id, expiresAt);
      nextEnd = Math.min(nextEnd, expiresAt);
      return true;
    },
  } satisfies ReplayGuard);
}
