// The rows of one shard of the audit log: its entries in chunks, its checkpoints, and who wrote how far.

import type { Schema } from '../storage/schema.ts';

/** A place in a chain: a number, and the hash of the entry that has it. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}

/** A writer, as far as its records are stored. */
export interface WriterPlace {
  readonly batch: number;
  readonly n: number;
}

/** An entry as it is stored. */
export interface Entry {
  readonly seq: number;
  readonly hash: string;
  readonly line: string;
}

/** What one batch adds. */
export interface Addition {
  readonly entries: readonly Entry[];
  readonly writer: string;
  readonly place: WriterPlace;
  /** Records that were named as lost. */
  readonly lost: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Lines of a page, and how far they reach. */
export interface ShardPage {
  readonly lines: readonly string[];
  readonly seq: number;
  readonly checkpoint: number;
}

/** Totals over the life of the shard, pruned entries too. */
export interface ShardTotals {
  readonly entries: number;
  readonly gaps: number;
  readonly lost: number;
}

/** The statements of a shard. */
export interface AuditStore {
  head(): Place;
  /** What the oldest kept entry follows. */
  start(): Place;
  totals(): ShardTotals;
  writer(name: string): WriterPlace;
  /** Adds the entries of a batch: all of them, or none. */
  append(addition: Addition): void;
  /** Entries and checkpoints after some places, up to an entry; `expired` where they are no longer kept. */
  read(after: Omit<ShardPage, 'lines'>, upTo: number, limit: number): ShardPage | 'expired';
  /** The entry that the newest checkpoint names. */
  checkpointed(): number;
  addCheckpoint(seq: number, line: string): void;
  /** Where the log is to begin, so that nothing older than a time and not more than some bytes are kept. */
  planStart(before: number, keepBytes: number): Place;
  /** Removes what is up to an entry, and writers of long ago. */
  prune(upTo: number, writersBefore: number): void;
}

const genesis = 'A'.repeat(43);
/** A row holds two million bytes at most. */
const maxChunk = 400_000;

export const auditSchema: readonly string[] = [
  `CREATE TABLE chunks (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    at INTEGER NOT NULL,
    last_hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    lines TEXT NOT NULL
  )`,
  'CREATE TABLE checkpoints (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)',
  `CREATE TABLE writers (
    name TEXT PRIMARY KEY, batch INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL
  )`,
  `CREATE TABLE shard (
    seq INTEGER NOT NULL, hash TEXT NOT NULL, start INTEGER NOT NULL, start_hash TEXT NOT NULL,
    bytes INTEGER NOT NULL, gaps INTEGER NOT NULL, lost INTEGER NOT NULL
  )`,
  `INSERT INTO shard (seq, hash, start, start_hash, bytes, gaps, lost)
   VALUES (0, '${genesis}', 0, '${genesis}', 0, 0, 0)`,
];

type ShardRow = {
  seq: number;
  hash: string;
  start: number;
  start_hash: string;
  bytes: number;
  gaps: number;
  lost: number;
};
type ChunkRow = { first: number; last: number; lines: string };
type EdgeRow = { last: number; last_hash: string; at: number; bytes: number };

const empty: ShardRow = {
  seq: 0,
  hash: genesis,
  start: 0,
  start_hash: genesis,
  bytes: 0,
  gaps: 0,
  lost: 0,
};

function chunksOf(entries: readonly Entry[]): Entry[][] {
  const chunks: Entry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    if (bytes + entry.line.length > maxChunk) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(entry);
    bytes += entry.line.length + 1;
  }
  return chunks;
}

/** Makes the store of one shard. */
export function createAuditStore(storage: DurableObjectStorage, schema: Schema): AuditStore {
  const { sql } = storage;
  const shard = (): ShardRow =>
    schema.exists() ? sql.exec<ShardRow>('SELECT * FROM shard').one() : empty;

  function addChunk(entries: readonly Entry[], at: number): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    const lines = entries.map(({ line }) => line).join('\n');
    const row = [first.seq, last.seq, at, last.hash, lines.length, lines];
    sql.exec('INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?)', ...row);
    const head = 'UPDATE shard SET seq = ?, hash = ?, bytes = bytes + ?';
    sql.exec(head, last.seq, last.hash, lines.length);
  }

  function checkpointsUpTo(after: number, upTo: number): { seq: number; line: string }[] {
    const query = 'SELECT seq, line FROM checkpoints WHERE seq > ? AND seq <= ? ORDER BY seq';
    return sql.exec<{ seq: number; line: string }>(query, after, upTo).toArray();
  }

  return {
    head: () => ({ seq: shard().seq, hash: shard().hash }),
    start: () => ({ seq: shard().start, hash: shard().start_hash }),
    totals: () => ({ entries: shard().seq, gaps: shard().gaps, lost: shard().lost }),

    writer(name) {
      const none = { batch: 0, n: 0 };
      if (!schema.exists()) return none;
      const query = 'SELECT batch, n FROM writers WHERE name = ?';
      return sql.exec<{ batch: number; n: number }>(query, name).toArray()[0] ?? none;
    },

    append({ entries, writer, place, lost, at }) {
      schema.ensure();
      storage.transactionSync(() => {
        for (const chunk of chunksOf(entries)) addChunk(chunk, at);
        sql.exec(
          `INSERT INTO writers (name, batch, n, at) VALUES (?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET batch = excluded.batch, n = excluded.n, at = excluded.at`,
          writer,
          place.batch,
          place.n,
          at,
        );
        if (lost > 0) sql.exec('UPDATE shard SET gaps = gaps + 1, lost = lost + ?', lost);
      });
    },

    read({ seq: after, checkpoint }, upTo, limit) {
      if (after < shard().start) return 'expired';
      if (!schema.exists()) return { lines: [], seq: after, checkpoint };
      const lines: string[] = [];
      let reached = after;
      let signed = checkpoint;
      const sign = (): void => {
        for (const { seq, line } of checkpointsUpTo(signed, reached)) {
          lines.push(line);
          signed = seq;
        }
      };
      const query =
        'SELECT first, last, lines FROM chunks WHERE last > ? AND first <= ? ORDER BY first';
      for (const chunk of sql.exec<ChunkRow>(query, after, upTo)) {
        const skip = Math.max(0, reached + 1 - chunk.first);
        const take = Math.min(limit - lines.length, Math.min(chunk.last, upTo) - reached);
        if (take <= 0) break;
        lines.push(...chunk.lines.split('\n').slice(skip, skip + take));
        reached += take;
        sign();
      }
      sign();
      return { lines, seq: reached, checkpoint: signed };
    },

    checkpointed() {
      if (!schema.exists()) return 0;
      const query = 'SELECT max(seq) AS seq FROM checkpoints';
      return sql.exec<{ seq: number | null }>(query).one().seq ?? 0;
    },

    addCheckpoint(seq, line) {
      const query =
        'INSERT INTO checkpoints (seq, line) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING';
      sql.exec(query, seq, line);
    },

    planStart(before, keepBytes) {
      const { start, start_hash: hash, bytes } = shard();
      let place: Place = { seq: start, hash };
      if (!schema.exists()) return place;
      let kept = bytes;
      const query = 'SELECT last, last_hash, at, bytes FROM chunks ORDER BY first';
      for (const chunk of sql.exec<EdgeRow>(query)) {
        if (chunk.at >= before && kept <= keepBytes) break;
        place = { seq: chunk.last, hash: chunk.last_hash };
        kept -= chunk.bytes;
      }
      return place;
    },

    prune(upTo, writersBefore) {
      if (!schema.exists()) return;
      storage.transactionSync(() => {
        sql.exec('DELETE FROM writers WHERE at < ?', writersBefore);
        const edge = 'SELECT last, last_hash, at, bytes FROM chunks WHERE last = ?';
        const [last] = sql.exec<EdgeRow>(edge, upTo).toArray();
        if (last === undefined) return;
        const gone = 'SELECT sum(bytes) AS bytes FROM chunks WHERE last <= ?';
        const { bytes } = sql.exec<{ bytes: number | null }>(gone, upTo).one();
        sql.exec('DELETE FROM chunks WHERE last <= ?', upTo);
        sql.exec('DELETE FROM checkpoints WHERE seq <= ?', upTo);
        const begin = 'UPDATE shard SET start = ?, start_hash = ?, bytes = bytes - ?';
        sql.exec(begin, upTo, last.last_hash, bytes ?? 0);
      });
    },
  };
}
