// Judges the memory of a soak: what is left after collections must be flat once caches are full

/** What was measured at one time, in mebibytes. */
export interface Sample {
  readonly minutes: number;
  readonly heap: number;
  readonly resident: number;
}

/** How one measure went, in mebibytes. */
export interface Course {
  readonly first: number;
  readonly last: number;
  /** Growth per minute: the slope of a line through all samples. */
  readonly slope: number;
}

/** What was measured. */
export interface MemoryReport {
  readonly samples: number;
  /** What JavaScript holds. */
  readonly heap: Course;
  /** What the process holds: JavaScript, the caches of SQLite, buffers, code. */
  readonly resident: Course;
  /** The most that the process held, garbage too. */
  readonly peak: number;
}

/** Where the slope counts: there the noise cancels out. */
export const longFromMinutes = 4;

/**
 * What counts as flat: MiB in all, and in long runs MiB a minute. In JavaScript the cache of verified
 * tokens still fills, which is bounded by their number: 2.7 kB for each of a hundred in a minute. Outside
 * of it the caches of SQLite do, up to 2 MiB for each object that is awake; on a busy machine that takes
 * longer than any warm-up.
 */
const flat = {
  heap: { growth: 6, slope: 1 },
  resident: { growth: 48, slope: 12 },
  peak: 768,
} as const;

/** Sums up what was measured after the warm-up. */
export function reportOf(samples: readonly Sample[], peak: number): MemoryReport {
  const course = (measure: 'heap' | 'resident'): Course => {
    const points = samples.map(({ minutes, [measure]: amount }) => ({ minutes, amount }));
    const tenth = Math.max(1, Math.floor(points.length / 10));
    return {
      first: mean(points.slice(0, tenth)),
      last: mean(points.slice(-tenth)),
      slope: slopeOf(points),
    };
  };
  return { samples: samples.length, heap: course('heap'), resident: course('resident'), peak };
}

/** Says what is not flat in the memory of a run of some minutes, warm-up and all. */
export function growthOf(report: MemoryReport, minutes: number): readonly string[] {
  const { samples, peak, ...measured } = report;
  const problems = samples < 2 ? ['The memory was not measured'] : [];
  for (const what of ['heap', 'resident'] as const) {
    const { first, last, slope } = measured[what];
    const most = flat[what];
    if (last - first > most.growth) problems.push(`${what}: grew by more than ${most.growth} MiB`);
    if (minutes >= longFromMinutes && slope > most.slope) {
      problems.push(`${what}: grew by more than ${most.slope} MiB a minute`);
    }
  }
  if (peak > flat.peak) problems.push(`workerd held more than ${flat.peak} MiB`);
  return problems;
}

interface Point {
  readonly minutes: number;
  readonly amount: number;
}

const mean = (points: readonly Point[]): number =>
  points.reduce((sum, { amount }) => sum + amount, 0) / points.length;

/** The slope of the least-squares line. */
function slopeOf(points: readonly Point[]): number {
  const x = points.reduce((sum, { minutes }) => sum + minutes, 0) / points.length;
  const y = mean(points);
  let above = 0;
  let below = 0;
  for (const { minutes, amount } of points) {
    above += (minutes - x) * (amount - y);
    below += (minutes - x) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
