// Statistics over all shards: what /admin/stats answers.

import type { RevocationSource } from '../../src/verify/index.ts';
import type { Bindings, Config } from '../env.ts';
import type { ShardReport } from './audit_log.ts';
import { shardStub } from './audit_stubs.ts';
import { addCounts, noCounts, rangeEnds, stages, type Counts, type Waits } from './counts.ts';
import type { LogSource } from './export.ts';
import { bucketLength } from './figures_store.ts';

/** What statistics are gathered from. */
export interface StatsParts {
  readonly config: Config;
  readonly bindings: Bindings;
  readonly revocation: RevocationSource | undefined;
  readonly source: LogSource;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How requests waited in a stage, in milliseconds. */
interface WaitSummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** What one bucket of time shows. */
interface Shown {
  readonly decisions: number;
  readonly allowed: number;
  readonly refused: number;
  readonly messages: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly wait: Readonly<Record<string, WaitSummary>>;
}

const minute = 60;
const bucketsShown = 60;
const waitsOver = 300;

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** The upper end of the range in which a share of all is reached. */
function quantile({ ranges }: Waits, share: number): number {
  const total = ranges.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  const at = ranges.findIndex((count) => (seen += count) >= total * share);
  return rangeEnds[Math.min(at, rangeEnds.length - 1)] ?? 0;
}

function summarize(waits: Waits): WaitSummary {
  const count = waits.ranges.reduce((sum, some) => sum + some, 0);
  const mean = rounded(waits.sum / Math.max(1, count));
  return { count, mean, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
}

function waitOf({ waits }: Counts): Record<string, WaitSummary> {
  const wait: Record<string, WaitSummary> = {};
  for (const stage of stages) {
    const some = waits[stage];
    if (some !== undefined) wait[stage] = summarize(some);
  }
  return wait;
}

function show(counts: Counts): Shown {
  const refusals: Record<string, number> = {};
  let allowed = 0;
  let refused = 0;
  for (const [key, count] of Object.entries(counts.decisions)) {
    const [decision, , , , code = 'other'] = key.split(' ');
    if (decision === 'allow') allowed += count;
    else {
      refused += count;
      refusals[code] = (refusals[code] ?? 0) + count;
    }
  }
  const decisions = allowed + refused;
  return { decisions, allowed, refused, messages: counts.messages, refusals, wait: waitOf(counts) };
}

/** Everything that the shards have counted. */
export async function gatherReports({
  namespace,
  shards,
}: LogSource): Promise<readonly ShardReport[]> {
  return Promise.all(
    Array.from({ length: shards }, async (_, shard) => shardStub(namespace, shard).report()),
  );
}

/** Different agents over all shards. */
export function presentAgents(reports: readonly ShardReport[]): number {
  return new Set(reports.flatMap(({ agents }) => agents)).size;
}

/** Age of the revocation view of this isolate, in seconds. */
export function viewAge(revocation: RevocationSource | undefined): number | undefined {
  const source = revocation as { readonly age?: () => number } | undefined;
  const age = source?.age?.();
  return age === undefined || !Number.isFinite(age) ? undefined : Math.round(age) / 1000;
}

/** The key that signs, and its age in seconds. */
export async function keyAge({
  config,
  bindings,
  now,
}: Pick<StatsParts, 'config' | 'bindings' | 'now'>): Promise<{ kid: string; age: number } | null> {
  if (config.authority === undefined) return null;
  const keys = await bindings.KEY_RING.getByName(config.issuer).list();
  const active = keys.find(({ state }) => state === 'active');
  return active === undefined
    ? null
    : { kid: active.kid, age: Math.floor(now() / 1000) - active.since };
}

/** The answer of /admin/stats. */
export async function gatherStats(parts: StatsParts): Promise<Readonly<Record<string, unknown>>> {
  const { config, revocation, source } = parts;
  const [reports, key] = await Promise.all([gatherReports(source), keyAge(parts)]);
  const at = Math.floor(parts.now() / 1000);
  const all = reports.flatMap(({ figures }) => figures.buckets);
  const between = (from: number, to: number): Counts => {
    const sum = noCounts();
    for (const bucket of all)
      if (bucket.at >= from && bucket.at < to) addCounts(sum, bucket.counts);
    return sum;
  };
  const first = Math.floor(at / minute) * minute - (bucketsShown - 1) * minute;
  const buckets = Array.from({ length: bucketsShown }, (_, number) => {
    const from = first + number * minute;
    return { at: from, seconds: minute, ...show(between(from, from + minute)) };
  });
  const running = Math.floor(at / bucketLength) * bucketLength;
  const lately = show(between(running - bucketLength, running));
  const view = viewAge(revocation);
  const sum = (pick: (report: ShardReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    at,
    agents_online: presentAgents(reports),
    per_second: {
      decisions: lately.decisions / bucketLength,
      messages: lately.messages / bucketLength,
    },
    refusals: show(between(first, first + bucketsShown * minute)).refusals,
    wait: waitOf(between(at - waitsOver, Infinity)),
    key,
    revocation_view: view === undefined ? null : { age: view },
    audit: {
      mode: config.audit.mode,
      signed: config.authority !== undefined || config.audit.signingKey !== undefined,
      shards: config.audit.shards,
      records: sum(({ totals }) => totals.entries),
      gaps: sum(({ totals }) => totals.gaps),
      lost: sum(({ totals }) => totals.lost),
    },
    buckets,
  };
}
