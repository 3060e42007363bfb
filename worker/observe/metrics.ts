// Prometheus text (exposition format 0.0.4) of what all shards have counted.

import type { ShardReport } from './audit_log.ts';
import { addCounts, noCounts, rangeEnds, stages } from './counts.ts';

/** What a scrape shows besides the shards' counts. */
export interface Gauges {
  readonly agentsOnline: number;
  /** Seconds; `undefined` where there is none. */
  readonly keyAge: number | undefined;
  readonly viewAge: number | undefined;
}

type Labels = Readonly<Record<string, string | number>>;

/** Label values come from tables; what is in none of them was counted as `other` long before. */
function sample(name: string, labels: Labels, value: number): string {
  const named = Object.entries(labels).map(([label, text]) => `${label}="${String(text)}"`);
  return `${name}${named.length === 0 ? '' : `{${named.join(',')}}`} ${value}`;
}

function family(name: string, type: string, help: string, samples: readonly string[]): string[] {
  return samples.length === 0
    ? []
    : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}

/** Writes the text. */
export function formatMetrics(
  reports: readonly ShardReport[],
  { agentsOnline, keyAge, viewAge }: Gauges,
): string {
  const totals = noCounts();
  for (const { figures } of reports) addCounts(totals, figures.totals);
  const decisions = Object.entries(totals.decisions).map(([key, count]) => {
    const [decision = '', via = '', route = '', method = '', code = ''] = key.split(' ');
    const labels = { decision, via, route, method, code };
    return sample('swarmgate_decisions_total', labels, count);
  });
  const waits = stages.flatMap((stage) => {
    const some = totals.waits[stage];
    if (some === undefined) return [];
    let below = 0;
    const ranges = some.ranges.map((count, at) => {
      below += count;
      const end = rangeEnds[at];
      const le = end === undefined ? '+Inf' : end / 1000;
      return sample('swarmgate_wait_seconds_bucket', { stage, le }, below);
    });
    return [
      ...ranges,
      sample('swarmgate_wait_seconds_sum', { stage }, some.sum / 1000),
      sample('swarmgate_wait_seconds_count', { stage }, below),
    ];
  });
  const perShard = (name: string, pick: (report: ShardReport) => number): string[] =>
    reports.map((report, shard) => sample(name, { shard }, pick(report)));
  const gauge = (name: string, help: string, value: number | undefined): string[] =>
    family(name, 'gauge', help, value === undefined ? [] : [sample(name, {}, value)]);
  return [
    ...family('swarmgate_decisions_total', 'counter', 'Decisions, by reason', decisions),
    ...family('swarmgate_wait_seconds', 'histogram', 'How long requests waited in a stage', waits),
    ...family('swarmgate_messages_total', 'counter', 'Messages that the bus accepted', [
      sample('swarmgate_messages_total', {}, totals.messages),
    ]),
    ...family(
      'swarmgate_audit_entries_total',
      'counter',
      'Entries of the audit log',
      perShard('swarmgate_audit_entries_total', (report) => report.totals.entries),
    ),
    ...family(
      'swarmgate_audit_lost_total',
      'counter',
      'Records that were lost before they were stored',
      perShard('swarmgate_audit_lost_total', (report) => report.totals.lost),
    ),
    ...gauge(
      'swarmgate_agents_online',
      'Agents let through in the last five minutes',
      agentsOnline,
    ),
    ...gauge('swarmgate_key_age_seconds', 'Age of the signing key', keyAge),
    ...gauge(
      'swarmgate_revocation_view_age_seconds',
      'Age of the revocation view of the isolate that answers',
      viewAge,
    ),
    '',
  ].join('\n');
}
