// Counts: what isolates add up between two batches, and what shards add up of all isolates.

import type { Decision, Sample, Stage } from './decision.ts';

/** How long requests waited in a stage: how many in each range, and the sum in milliseconds. */
export interface Waits {
  readonly ranges: number[];
  sum: number;
}

/** What happened in some time. Only names from tables are keys. */
export interface Counts {
  /** By `decision via route method code`, separated by spaces. */
  readonly decisions: Record<string, number>;
  readonly waits: Partial<Record<Stage, Waits>>;
  messages: number;
}

/** The upper ends of the ranges, in milliseconds; what is longer is in one more. */
export const rangeEnds: readonly number[] = [
  0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 30_000,
];
export const stages: readonly Stage[] = ['view', 'admission', 'upstream', 'total'];

/** Names that no table has would make counts without an end. */
const maxNames = 2000;
const name = /^[\w:.*{}/-]{1,96}$/;

export const noCounts = (): Counts => ({ decisions: {}, waits: {}, messages: 0 });

const tidy = (text: string): string => (name.test(text) ? text : 'other');

function add(counts: Counts, key: string, count: number): void {
  const known = Object.hasOwn(counts.decisions, key);
  const full = !known && Object.keys(counts.decisions).length >= maxNames;
  const kept = full ? 'deny other other other other' : key;
  counts.decisions[kept] = (counts.decisions[kept] ?? 0) + count;
}

/** Counts a decision. */
export function countDecision(counts: Counts, decision: Decision): void {
  const { allowed, via, route, method, code } = decision;
  const reason = allowed ? 'none' : tidy(code ?? 'other');
  add(counts, `${allowed ? 'allow' : 'deny'} ${via} ${tidy(route)} ${tidy(method)} ${reason}`, 1);
}

function waitsOf(counts: Counts, stage: Stage): Waits {
  const known = counts.waits[stage];
  if (known !== undefined) return known;
  const made = { ranges: Array.from({ length: rangeEnds.length + 1 }, () => 0), sum: 0 };
  counts.waits[stage] = made;
  return made;
}

/** Counts what a request took. */
export function countSample(counts: Counts, { timings, messages = 0 }: Sample): void {
  counts.messages += messages;
  for (const stage of stages) {
    const took = timings[stage];
    if (took === undefined || !(took >= 0)) continue;
    const waits = waitsOf(counts, stage);
    let at = 0;
    while (at < rangeEnds.length && took > (rangeEnds[at] ?? 0)) at++;
    waits.ranges[at] = (waits.ranges[at] ?? 0) + 1;
    waits.sum += took;
  }
}

/** Adds counts to others. */
export function addCounts(to: Counts, from: Counts): void {
  for (const [key, count] of Object.entries(from.decisions)) add(to, key, count);
  to.messages += from.messages;
  for (const stage of stages) {
    const more = from.waits[stage];
    if (more === undefined) continue;
    const waits = waitsOf(to, stage);
    more.ranges.forEach((count, at) => (waits.ranges[at] = (waits.ranges[at] ?? 0) + count));
    waits.sum += more.sum;
  }
}

/** Whether anything was counted. */
export const isCounted = ({ decisions, waits, messages }: Counts): boolean =>
  messages > 0 || Object.keys(decisions).length > 0 || Object.keys(waits).length > 0;
