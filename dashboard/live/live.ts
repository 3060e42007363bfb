// What is known of the swarm right now: figures, the last hour, the newest records. Bounded, however long the page is open.

import { effect, signal } from '@preact/signals';
import { admin } from '../api/admin.ts';
import { follow, type StreamReader } from '../api/events.ts';
import type { Bucket, Stats } from '../api/shapes.ts';
import { newestLines } from '../audit/fetch_log.ts';
import { readLine, type AuditLine } from '../audit/line.ts';
import { session } from '../session/session.ts';

/** One point of the fine-grained charts: every two seconds for ten minutes. */
export interface Moment {
  readonly at: number;
  readonly decisions: number;
  readonly messages: number;
}

const mostMoments = 300;
const mostLines = 2000;
const refreshBuckets = 30_000;

/** The newest figures. */
export const stats = signal<Stats | undefined>(undefined);
/** Minutes of the last hour. */
export const buckets = signal<readonly Bucket[]>([]);
/** The last ten minutes. */
export const moments = signal<readonly Moment[]>([]);
/** The newest lines of the audit log, newest last. */
export const lines = signal<readonly AuditLine[]>([]);
/** Whether the stream is there, and why not. */
export const connection = signal<{ readonly live: boolean; readonly why?: string | undefined }>({
  live: false,
});

function takeLines(added: readonly string[]): void {
  const read = added.map(readLine).filter((line) => line !== undefined);
  lines.value = [...lines.peek(), ...read].slice(-mostLines);
}

function takeStats(next: Stats): void {
  stats.value = next;
  const { decisions, messages } = next.per_second;
  const moment = { at: next.at, decisions, messages };
  moments.value = [...moments.peek().slice(1 - mostMoments), moment];
}

async function takeBuckets(): Promise<void> {
  try {
    const whole = await admin.stats();
    stats.value = whole;
    buckets.value = whole.buckets ?? [];
  } catch {
    // The stream says whether the gateway is there
  }
}

const reader: StreamReader = {
  stats: takeStats,
  records: takeLines,
  skipped() {
    lines.value = [];
  },
  state(state, why) {
    connection.value = { live: state === 'live', why };
  },
};

/** What was recorded before the page was opened comes first, and the stream goes on from there. */
async function begin(signal: AbortSignal): Promise<void> {
  let after: string | undefined;
  try {
    const newest = await newestLines(signal);
    if (signal.aborted) return;
    takeLines(newest.lines);
    ({ after } = newest);
  } catch {
    // The stream tells why; it begins with what happens now
  }
  await follow(reader, signal, after);
}

// Follows as long as somebody is signed in
effect(() => {
  if (session.value.kind !== 'signed_in') return undefined;
  const ended = new AbortController();
  const timer = setInterval(() => void takeBuckets(), refreshBuckets);
  void takeBuckets();
  void begin(ended.signal);
  return () => {
    ended.abort();
    clearInterval(timer);
    connection.value = { live: false };
    stats.value = undefined;
    buckets.value = [];
    moments.value = [];
    lines.value = [];
  };
});
