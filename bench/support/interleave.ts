// Interleaved measurement: contenders take turns on the same inputs, so that noise hits all alike.

import { availableParallelism } from 'node:os';
import { report } from './report.ts';

/** One way of doing the same thing. */
export interface Contender {
  readonly name: string;
  readonly run: (input: string) => unknown;
}

/** What was seen of one contender. */
export interface Reading {
  readonly name: string;
  /** Median time of one operation, microseconds. */
  readonly median: number;
  /** Quartiles of the same. */
  readonly lower: number;
  readonly upper: number;
  /** Median CPU time of one operation, of the whole process and of its main thread, microseconds. */
  readonly cpu?: number;
  readonly main?: number;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function read(name: string, times: number[]): Reading {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    name,
    median: quantile(sorted, 0.5),
    lower: quantile(sorted, 0.25),
    upper: quantile(sorted, 0.75),
  };
}

/** A new order for each round: none always runs on caches that the same other has warmed for it. */
function shuffled<T>(list: readonly T[]): readonly T[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Operations in a row of one contender: enough to run on its own caches, few enough to interleave. */
const block = 50;

/** One operation at a time: each contender once for each input, in blocks that take turns. */
export async function oneAtATime(
  contenders: readonly Contender[],
  inputs: readonly string[],
): Promise<readonly Reading[]> {
  const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let first = 0; first < inputs.length; first += block) {
    const turn = inputs.slice(first, first + block);
    for (const { name, run } of shuffled(contenders)) {
      for (const input of turn) {
        const start = performance.now();
        await run(input);
        times.get(name)?.push((performance.now() - start) * 1000);
      }
    }
  }
  return contenders.map(({ name }) => read(name, times.get(name) ?? []));
}

interface Spent {
  readonly wall: number[];
  readonly cpu: number[];
  readonly main: number[];
}

const total = ({ user, system }: NodeJS.CpuUsage): number => user + system;

/**
 * `width` operations in flight: the time of a whole batch, divided by its length. On a busy machine
 * the CPU time says more than the clock.
 */
export async function inFlight(
  contenders: readonly Contender[],
  inputs: readonly string[],
  { width, batch, rounds }: { width: number; batch: number; rounds: number },
): Promise<readonly Reading[]> {
  const all = new Map<string, Spent>();
  for (const { name } of contenders) all.set(name, { wall: [], cpu: [], main: [] });
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of shuffled(contenders)) {
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < batch) {
          const input = inputs[(round * batch + next++) % inputs.length] ?? '';
          await run(input);
        }
      };
      const cpu = process.cpuUsage();
      const main = process.threadCpuUsage();
      const start = performance.now();
      await Promise.all(Array.from({ length: width }, lane));
      const spent = all.get(name);
      spent?.wall.push(((performance.now() - start) * 1000) / batch);
      spent?.cpu.push(total(process.cpuUsage(cpu)) / batch);
      spent?.main.push(total(process.threadCpuUsage(main)) / batch);
    }
  }
  return contenders.map(({ name }) => {
    const { wall, cpu, main } = all.get(name) ?? { wall: [], cpu: [], main: [] };
    return { ...read(name, wall), cpu: read(name, cpu).median, main: read(name, main).median };
  });
}

function reportAll(title: string, readings: readonly Reading[]): void {
  const to = readings[0]?.median ?? Number.NaN;
  for (const { name, median, lower, upper } of readings) {
    const spread = `${(lower / to).toFixed(2)} to ${(upper / to).toFixed(2)}`;
    report({ title, what: name, ratio: Number((median / to).toFixed(3)), of: 'time', spread });
  }
}

/** Prints a table of readings as ratios to the first contender. */
export function printRatios(title: string, readings: readonly Reading[]): void {
  reportAll(title, readings);
  const [base] = readings;
  const ratio = (value: number, to: number | undefined): number =>
    Number((value / (to ?? Number.NaN)).toFixed(2));
  const rows = readings.map(({ name, median, lower, upper, cpu, main }) => ({
    what: name,
    ratio: ratio(median, base?.median),
    'median µs': Number(median.toFixed(2)),
    'quartiles µs': `${lower.toFixed(2)} to ${upper.toFixed(2)}`,
    'per second': Math.round(1e6 / median),
    ...(cpu === undefined ? {} : { 'CPU ratio': ratio(cpu, base?.cpu) }),
    ...(cpu === undefined ? {} : { 'CPU µs': Number(cpu.toFixed(2)) }),
    ...(main === undefined ? {} : { 'main thread µs': Number(main.toFixed(2)) }),
  }));
  process.stdout.write(`\n${title}\n`);
  console.table(rows);
}

/** One line about the machine, without which times mean nothing. */
export function machine(): string {
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores`;
}
