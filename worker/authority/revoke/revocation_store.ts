// The rows of a revocation log: appended, numbered for ever, and kept until nobody needs them.

import type { FeedPage, FeedRecord, RevocationKind } from '../../../src/verify/index.ts';
import type { Schema } from '../../storage/schema.ts';

/** A revocation to record. Times are seconds since the epoch. */
export interface LogEntry {
  readonly kind: RevocationKind;
  readonly issuer: string;
  /** The `jti`, `sid`, agent id or thumbprint; for `before` the agent id, or empty for all agents. */
  readonly value: string;
  /** What the public feed shows of kind, issuer and value. */
  readonly hash: string;
  /** For `before`: tokens issued up to this time are covered. */
  readonly before?: number | undefined;
  /** When nobody accepts the last covered token any more; in the past: lifts the entry's like. */
  readonly exp: number;
  readonly reason?: string | undefined;
  /** The agent that asked for it. */
  readonly by?: string | undefined;
}

/** A revocation that is durable. */
export interface Recorded {
  readonly seq: number;
  readonly recorded_at: number;
}

/** A record as operators see it. */
export interface LogRecord extends Recorded {
  readonly kind: RevocationKind;
  readonly issuer: string;
  readonly value: string;
  readonly hash: string;
  readonly before: number | null;
  readonly exp: number;
  readonly reason: string | null;
  readonly by: string | null;
}

/** The statements of a log. Times are seconds since the epoch, and passed in. */
export interface RevocationStore {
  /** Records it, unless a record already covers all of it: then that one is answered. */
  record(entry: LogEntry, now: number): Recorded;
  /** The page after a number, for views and for the public feed. */
  since(issuer: string, after: number, limit: number, now: number): FeedPage;
  /** Whole records after a number, those included that later ones have replaced. */
  list(after: number, limit: number): readonly LogRecord[];
  purge(now: number): void;
  /** When the next record may go. */
  nextPurge(): number | undefined;
}

/** How long a record that a later one replaced stays for operators to look at. */
const historySeconds = 86_400;
/** The `exp` of a record that stands until it is lifted. */
const untilLifted = 0xffff_ffff;

export const revocationSchema: readonly string[] = [
  `CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    issuer TEXT NOT NULL,
    value TEXT NOT NULL,
    hash TEXT NOT NULL,
    before REAL,
    exp REAL NOT NULL,
    reason TEXT,
    recorded_at INTEGER NOT NULL,
    recorded_by TEXT,
    current INTEGER NOT NULL DEFAULT 1,
    purge_at REAL
  )`,
  'CREATE UNIQUE INDEX current_records ON records (hash, kind) WHERE current = 1',
  'CREATE INDEX purges ON records (purge_at) WHERE purge_at IS NOT NULL',
  // Not the last row's number: it must not go back when that row goes
  'CREATE TABLE head (seq INTEGER NOT NULL)',
  'INSERT INTO head (seq) VALUES (0)',
];

type Current = { seq: number; recorded_at: number; before: number | null; exp: number };
type FeedRow = {
  seq: number;
  kind: RevocationKind;
  hash: string;
  before: number | null;
  exp: number;
};
type Row = FeedRow & Omit<LogRecord, 'by'> & { recorded_by: string | null };

/** What a repeated entry adds up to with the record of the same name. */
function merged(entry: LogEntry, found: Current | undefined, now: number): LogEntry {
  if (found === undefined || found.exp <= now || entry.exp <= now) return entry;
  const { before } = entry;
  return {
    ...entry,
    exp: Math.max(entry.exp, found.exp),
    ...(before === undefined ? {} : { before: Math.max(before, found.before ?? before) }),
  };
}

const feedRecord = ({ seq, kind, hash, before, exp }: FeedRow): FeedRecord => ({
  seq,
  kind,
  h: hash,
  exp,
  ...(before === null ? {} : { before }),
});

/** Makes the store of a log. An object whose schema was never written reads as empty. */
export function createRevocationStore(sql: SqlStorage, schema: Schema): RevocationStore {
  const head = (): number => sql.exec<{ seq: number }>('SELECT seq FROM head').one().seq;

  function currentOf({ hash, kind }: LogEntry): Current | undefined {
    const query = `SELECT seq, recorded_at, before, exp FROM records
                   WHERE hash = ? AND kind = ? AND current = 1`;
    return sql.exec<Current>(query, hash, kind).toArray()[0];
  }

  function append(entry: LogEntry, now: number): Recorded {
    const seq = head() + 1;
    sql.exec('UPDATE head SET seq = ?', seq);
    // What lifts stays as long as it is the last word: a view may have slept through it
    const stays = entry.exp >= untilLifted || entry.exp <= now;
    sql.exec(
      `INSERT INTO records
         (seq, kind, issuer, value, hash, before, exp, reason, recorded_at, recorded_by, purge_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      entry.kind,
      entry.issuer,
      entry.value,
      entry.hash,
      entry.before ?? null,
      entry.exp,
      entry.reason ?? null,
      now,
      entry.by ?? null,
      stays ? null : entry.exp,
    );
    return { seq, recorded_at: now };
  }

  return {
    record(entry, now) {
      const found = schema.exists() ? currentOf(entry) : undefined;
      if (found === undefined) {
        // There is nothing to lift, and nothing to remember of it
        if (entry.exp <= now) return { seq: schema.exists() ? head() : 0, recorded_at: now };
        schema.ensure();
        return append(entry, now);
      }
      const next = merged(entry, found, now);
      const lifted = found.exp <= now;
      const same = next.exp === found.exp && (next.before ?? null) === found.before;
      if (same || (lifted && entry.exp <= now)) {
        return { seq: found.seq, recorded_at: found.recorded_at };
      }
      sql.exec(
        'UPDATE records SET current = 0, purge_at = ? WHERE seq = ?',
        Math.max(now + historySeconds, found.exp >= untilLifted ? 0 : found.exp),
        found.seq,
      );
      return append(next, now);
    },

    since(issuer, after, limit, now) {
      if (!schema.exists()) {
        return { issuer, seq: 0, as_of: now, full: true, more: false, records: [] };
      }
      const last = head();
      // A number that was never given: the log was restored to an older state, which is told as it is
      const full = after <= 0 || after > last;
      const rows = sql
        .exec<FeedRow>(
          `SELECT seq, kind, hash, before, exp FROM records
           WHERE seq > ? AND current = 1 AND (? = 0 OR exp > ?) ORDER BY seq LIMIT ?`,
          full ? 0 : after,
          full ? 1 : 0,
          now,
          limit + 1,
        )
        .toArray();
      const more = rows.length > limit;
      const records = rows.slice(0, limit).map(feedRecord);
      const seq = more ? (records.at(-1)?.seq ?? last) : last;
      return { issuer, seq, as_of: now, full, more, records };
    },

    list(after, limit) {
      if (!schema.exists()) return [];
      return sql
        .exec<Row>('SELECT * FROM records WHERE seq > ? ORDER BY seq LIMIT ?', after, limit)
        .toArray()
        .map(
          ({ seq, recorded_at, kind, issuer, value, hash, before, exp, reason, recorded_by }) => ({
            seq,
            recorded_at,
            kind,
            issuer,
            value,
            hash,
            before,
            exp,
            reason,
            by: recorded_by,
          }),
        );
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM records WHERE purge_at <= ?', now);
    },

    nextPurge() {
      if (!schema.exists()) return undefined;
      const query = 'SELECT min(purge_at) AS at FROM records WHERE purge_at IS NOT NULL';
      return sql.exec<{ at: number | null }>(query).one().at ?? undefined;
    },
  };
}
