// Watches the memory of workerd while the soak runs: what is left of it after its garbage is collected

import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { reportOf, type MemoryReport, type Sample } from './soak_flatness.ts';
import type { Inspector } from './soak_inspector.ts';

/** A watch that runs until it is stopped. */
export interface MemoryWatch {
  /** Forgets what was measured so far, but the peak, and measures. */
  begin(): Promise<void>;
  stop(): Promise<MemoryReport>;
}

/**
 * Collecting first is what makes it a measure: workerd leaves garbage lie for minutes, and with it the
 * buffers of requests, which V8 does not count. A Worker that does nothing but read what is posted to
 * it grows by a hundred mebibytes a minute so, and falls back at one collection.
 */
const collectEvery = 5000;
const lookEvery = 1000;

/** Measures all workerd processes that this one has started. */
export function watchMemory(inspector: Inspector): MemoryWatch {
  let samples: Sample[] = [];
  let peak = 0;
  const ending = new AbortController();
  const look = setInterval(() => {
    peak = Math.max(peak, residentMebibytes());
  }, lookEvery);

  async function measure(): Promise<void> {
    // One that was begun before the warm-up ended belongs to it
    const kept = samples;
    const heap = await inspector.heap();
    kept.push({ minutes: performance.now() / 60_000, heap, resident: residentMebibytes() });
  }

  const watching = (async () => {
    while (!ending.signal.aborted) {
      await measure();
      await pause(collectEvery);
    }
  })();
  // Told by stop(); until then the load goes on
  watching.catch(() => undefined);
  return {
    begin() {
      samples = [];
      return measure();
    },
    async stop() {
      ending.abort();
      clearInterval(look);
      await watching;
      await measure();
      inspector.close();
      return reportOf(samples, peak);
    },
  };
}

/** Resident memory of the children of this process that are workerd. */
function residentMebibytes(): number {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,comm='], { encoding: 'utf8' });
  let kibibytes = 0;
  for (const line of listed.split('\n')) {
    const [, parent, resident, ...command] = line.trim().split(/\s+/);
    const isOurs = Number(parent) === process.pid && command.join(' ').includes('workerd');
    if (isOurs) kibibytes += Number(resident);
  }
  return kibibytes / 1024;
}
