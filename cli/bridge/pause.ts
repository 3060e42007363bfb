// Pauses of the bridge: they grow from failure to failure, and end at once when it is to stop

import { setTimeout as wait } from 'node:timers/promises';

/** Waits; resolves early when the signal comes. */
export async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The pause after so many failures in a row, in seconds: 0.25, doubled each time, 30 at most. */
export function growing(failures: number): number {
  return Math.min(30, 0.25 * 2 ** Math.min(failures - 1, 10)) * (0.75 + Math.random() / 2);
}
