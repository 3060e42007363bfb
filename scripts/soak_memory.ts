// Watches the memory of workerd while the soak runs, and judges whether it stays flat

import { execFileSync } from 'node:child_process';

/** What was measured, in mebibytes. */
export interface MemoryReport {
  readonly samples: number;
  readonly first: number;
  readonly last: number;
  /** Growth after the warm-up, per minute: the slope of a line through all samples. */
  readonly slope: number;
  readonly peak: number;
}

/** A watch that runs until it is stopped. */
export interface MemoryWatch {
  /** Forgets what was measured so far. */
  begin(): void;
  stop(): MemoryReport;
}

interface Sample {
  readonly minutes: number;
  readonly mebibytes: number;
}

/** Measures all workerd processes that this one has started, once a second. */
export function watchMemory(): MemoryWatch {
  let samples: Sample[] = [];
  const measure = (): void => {
    const mebibytes = residentMebibytes();
    if (mebibytes > 0) samples.push({ minutes: performance.now() / 60_000, mebibytes });
  };
  const timer = setInterval(measure, 1000);
  return {
    begin() {
      samples = [];
      measure();
    },
    stop() {
      clearInterval(timer);
      measure();
      return report(samples);
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

function report(samples: readonly Sample[]): MemoryReport {
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  return {
    samples: samples.length,
    first: mean(samples.slice(0, tenth)),
    last: mean(samples.slice(-tenth)),
    slope: slopeOf(samples),
    peak: Math.max(...samples.map(({ mebibytes }) => mebibytes)),
  };
}

const mean = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { mebibytes }) => sum + mebibytes, 0) / samples.length;

/** The slope of the least-squares line. */
function slopeOf(samples: readonly Sample[]): number {
  const n = samples.length;
  const x = samples.reduce((sum, { minutes }) => sum + minutes, 0) / n;
  const y = mean(samples);
  let above = 0;
  let below = 0;
  for (const { minutes, mebibytes } of samples) {
    above += (minutes - x) * (mebibytes - y);
    below += (minutes - x) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
