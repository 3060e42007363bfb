// What is known of the swarm right now: figures, the last hour, the newest records. Bounded, however long the page is open.

import { effect, signal } from '@preact/signals';
import { admin } from '../api/admin.ts';
import { follow } from '../api/events.ts';
import type { Bucket, Stats } from '../api/shapes.ts';
import { session } from '../session/session.ts';

/** One point of the fine-grained charts: every two seconds for ten minutes. */
export interface Moment {
  readonly at: number;
  readonly decisions: number;
  readonly messages: number;
}

/** A line of the audit log, as it was sent and as it reads. */
export interface AuditLine {
  readonly text: string;
  readonly record: Readonly<Record<string, unknown>>;
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

function parse(text: string): AuditLine | undefined {
  try {
    const record: unknown = JSON.parse(text);
    return typeof record === 'object' && record !== null
      ? { text, record: record as AuditLine['record'] }
      : undefined;
  } catch {
    return undefined;
  }
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

// Follows as long as somebody is signed in
effect(() => {
  if (session.value.kind !== 'signed_in') return undefined;
  const ended = new AbortController();
  const timer = setInterval(() => void takeBuckets(), refreshBuckets);
  void takeBuckets();
  void follow(
    {
      stats: takeStats,
      records(added) {
        const read = added.map(parse).filter((line) => line !== undefined);
        lines.value = [...lines.peek(), ...read].slice(-mostLines);
      },
      skipped() {
        lines.value = [];
      },
      state(state, why) {
        connection.value = { live: state === 'live', why };
      },
    },
    ended.signal,
  );
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
