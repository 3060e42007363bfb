// The platform's rate-limit binding beside a count of our own: asked late, and never waited for.

import { createBoundedMap } from '../bounded_map.ts';
import type { RateLimitBinding } from '../env.ts';

/** What a limit over all isolates says. */
export interface PlatformLimit {
  /** Whether a key was over the limit when it was last asked about, a moment ago. */
  isOver(key: string): boolean;
  /** Counts a key. The answer holds for what comes after. */
  count(key: string): void;
}

/** How long an answer holds: the binding counts in windows of ten seconds or more. */
const holdsMs = 5000;
const maxKeys = 10_000;

/** Makes the limit; without a binding nothing is ever over it. */
export function createPlatformLimit(
  binding: RateLimitBinding | undefined,
  { now, defer }: { readonly now: () => number; readonly defer: (work: Promise<unknown>) => void },
): PlatformLimit {
  const overSince = createBoundedMap<number>(maxKeys);

  async function ask(key: string, over: RateLimitBinding): Promise<void> {
    try {
      const { success } = await over.limit({ key });
      if (!success) overSince.set(key, now());
    } catch {
      // The platform is a second line: the count of this isolate holds without it
    }
  }

  return {
    isOver(key) {
      const since = overSince.get(key);
      if (since === undefined) return false;
      const age = now() - since;
      return age >= 0 && age < holdsMs;
    },
    count(key) {
      if (binding !== undefined) defer(ask(key, binding));
    },
  };
}
