// Rounds of load over HTTP: contenders take turns within one run, so that noise hits all alike.

import { report } from './report.ts';
import { computed } from './workers.ts';
import { load, type Load, type LoadOptions } from './wrk.ts';

/** Somebody who answers. */
export interface HttpContender {
  readonly name: string;
  readonly url: string;
  /** Its process. */
  readonly pid: number;
  /** How many of the tokens it sees. */
  readonly first: number;
  /** Where it begins, by round. */
  readonly skip?: (round: number) => number;
}

/** What was seen of one, in all rounds. */
export interface HttpReading {
  readonly name: string;
  readonly loads: readonly Load[];
  /** Of each round: its rate by that of the first contender. */
  readonly ratios: readonly number[];
  /** Of each round: how much of a core the server got. */
  readonly shares: readonly number[];
  /** Of each round: what a request makes the server compute, in microseconds. */
  readonly costs: readonly number[];
  /** The same as a ratio: the rate on a core of one's own, which nobody else takes time from. */
  readonly costRatios: readonly number[];
}

export const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = [
    sorted[Math.ceil(middle) - 1],
    sorted[Math.floor(middle)],
  ];
  return (low + high) / 2;
};

/** Loads each contender once a round, in a new order each time. The first is what ratios are taken to. */
export async function takeTurns(
  contenders: readonly HttpContender[],
  rounds: number,
  options: Omit<LoadOptions, 'url' | 'first' | 'skip'>,
): Promise<readonly HttpReading[]> {
  const loads = new Map(contenders.map(({ name }) => [name, [] as Load[]]));
  const costs = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  const shares = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    const order = contenders.toSorted(() => Math.random() - 0.5);
    for (const { name, url, pid, first, skip = () => 0 } of order) {
      const before = computed(pid);
      const seen = await load({ ...options, url, first, skip: skip(round) });
      // Rates of refusals say nothing about what is let through
      if (seen.failed > 0) throw new Error(`${name}: ${seen.failed} requests failed`);
      loads.get(name)?.push(seen);
      const spent = (computed(pid) ?? NaN) - (before ?? NaN);
      costs.get(name)?.push(spent / seen.requests);
      shares.get(name)?.push((spent * seen.rate) / seen.requests / 1e6);
    }
  }
  const first = contenders[0]?.name ?? '';
  const by = <T>(map: ReadonlyMap<string, readonly T[]>, name: string): readonly T[] =>
    map.get(name) ?? [];
  return contenders.map(({ name }) => {
    const [own, cost] = [by(loads, name), by(costs, name)];
    return {
      name,
      loads: own,
      ratios: own.map(({ rate }, at) => rate / (by(loads, first)[at]?.rate ?? NaN)),
      shares: by(shares, name),
      costs: cost,
      costRatios: cost.map((one, at) => (by(costs, first)[at] ?? NaN) / one),
    };
  });
}

/** What it costs when nobody is in the way: the quarter of the rounds that cost least is below it. */
export const bestQuarter = (numbers: readonly number[]): number =>
  numbers.filter(Number.isFinite).toSorted((a, b) => a - b)[Math.floor(numbers.length / 4)] ??
  Number.NaN;

/** Loads until as many requests were answered as compilers need to be done, or for so many seconds. */
export async function warmUp(
  contenders: readonly HttpContender[],
  options: Omit<LoadOptions, 'url' | 'first' | 'skip' | 'seconds'>,
  { requests, seconds }: { readonly requests: number; readonly seconds: number },
): Promise<void> {
  for (const { url, first } of contenders) {
    let answered = 0;
    for (let passed = 0; passed < seconds && answered < requests; passed += 2) {
      answered += (await load({ ...options, url, first, seconds: 2 })).requests;
    }
  }
}

/** Prints rates as ratios, and latency as what is added to the first contender's. */
export function printHttp(title: string, readings: readonly HttpReading[]): void {
  const of = (reading: HttpReading | undefined, what: 'rate' | 'p50' | 'p99'): number =>
    median((reading?.loads ?? []).map((seen) => seen[what]));
  const added = (reading: HttpReading, what: 'p50' | 'p99'): number =>
    Number((of(reading, what) - of(readings[0], what)).toFixed(2));
  const least = bestQuarter(readings[0]?.costs ?? []);
  const ratioOf = ({ costs }: HttpReading): number => least / bestQuarter(costs);
  for (const reading of readings) {
    const { name, costRatios } = reading;
    const ratio = Number(ratioOf(reading).toFixed(3));
    report({ title, what: name, ratio, of: 'rate', spread: spread(costRatios) });
  }
  process.stdout.write(`\n${title}\n`);
  console.table(
    readings.map((reading) => ({
      what: reading.name,
      'ratio by CPU': Number(ratioOf(reading).toFixed(2)),
      'median, spread': `${median(reading.costRatios).toFixed(2)}, ${spread(reading.costRatios)}`,
      'CPU µs': Number(bestQuarter(reading.costs).toFixed(1)),
      'core %': Math.round(100 * median(reading.shares)),
      'ratio by rate': Number(median(reading.ratios).toFixed(2)),
      'a second': Math.round(of(reading, 'rate')),
      'p50 ms': Number(of(reading, 'p50').toFixed(2)),
      'p99 ms': Number(of(reading, 'p99').toFixed(2)),
      'added p50': added(reading, 'p50'),
      'added p99': added(reading, 'p99'),
    })),
  );
}

/** The spread of some ratios, as text. */
export const spread = (ratios: readonly number[]): string =>
  `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
