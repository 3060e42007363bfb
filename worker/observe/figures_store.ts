// The rows of a shard's figures: totals since ever, and one row for each ten seconds of the last hour.

import type { Schema } from '../storage/schema.ts';
import { addCounts, isCounted, noCounts, type Counts } from './counts.ts';

/** Counts of ten seconds. */
export interface Bucket {
  /** Its beginning, in seconds since the epoch: a multiple of ten. */
  readonly at: number;
  readonly counts: Counts;
}

/** What a shard has counted. */
export interface Figures {
  readonly totals: Counts;
  readonly buckets: readonly Bucket[];
}

/** Figures, held in memory and stored now and then: what they cost must not depend on the traffic. */
export interface FiguresStore {
  /** Adds counts at a time in seconds. */
  add(counts: Counts, now: number): void;
  figures(now: number): Figures;
  /** Whether there is something to store. */
  isDirty(): boolean;
  store(now: number): void;
}

export const figuresSchema: readonly string[] = [
  'CREATE TABLE figures (at INTEGER PRIMARY KEY, counts TEXT NOT NULL)',
];

/** Seconds. */
export const bucketLength = 10;
const kept = 3660;
/** The row of the totals: no bucket has this time. */
const totalsAt = 0;

type Row = { at: number; counts: string };

/** Makes the store of one shard's figures. */
export function createFiguresStore(sql: SqlStorage, schema: Schema): FiguresStore {
  let held: Map<number, Counts> | undefined;
  const dirty = new Set<number>();

  function rows(): Map<number, Counts> {
    if (held !== undefined) return held;
    held = new Map();
    if (!schema.exists()) return held;
    for (const { at, counts } of sql.exec<Row>('SELECT at, counts FROM figures')) {
      // Written by this store alone
      held.set(at, JSON.parse(counts) as Counts);
    }
    return held;
  }

  function addTo(at: number, counts: Counts): void {
    const known = rows().get(at) ?? noCounts();
    addCounts(known, counts);
    rows().set(at, known);
    dirty.add(at);
  }

  return {
    add(counts, now) {
      if (!isCounted(counts)) return;
      addTo(totalsAt, counts);
      addTo(Math.floor(now / bucketLength) * bucketLength, counts);
    },

    figures(now) {
      const buckets = [...rows()]
        .filter(([at]) => at !== totalsAt && at > now - kept)
        .map(([at, counts]) => ({ at, counts }));
      return { totals: rows().get(totalsAt) ?? noCounts(), buckets };
    },

    isDirty: () => dirty.size > 0,

    store(now) {
      schema.ensure();
      for (const at of dirty) {
        const query =
          'INSERT INTO figures VALUES (?, ?) ON CONFLICT (at) DO UPDATE SET counts = excluded.counts';
        sql.exec(query, at, JSON.stringify(rows().get(at)));
      }
      dirty.clear();
      sql.exec('DELETE FROM figures WHERE at <> ? AND at <= ?', totalsAt, now - kept);
      for (const at of rows().keys()) if (at !== totalsAt && at <= now - kept) rows().delete(at);
    },
  };
}
