// What an agent may use once: assertion ids and proof ids, kept until they cannot be used any more.

import type { Schema } from '../../storage/schema.ts';
import { createForgottenStore } from './forgotten_store.ts';
import type { Use } from './registration.ts';

/** The statements of an agent's uses. Times are seconds since the epoch, and always passed in. */
export interface UseStore {
  /** Whether this was used before, or may have been: nothing is recorded. */
  isUsed(use: Use): boolean;
  /** Records all of them, or none where one was used before: then answers its place in the list. */
  record(uses: readonly Use[]): number | undefined;
  /** Records a request: what it uses, if anything, and when the agent's bucket is full again. */
  recordRequest(use: Use | undefined, fullAt: number): void;
  /** When the bucket is full, milliseconds since the epoch: what the newest request left. */
  bucketFullAt(): number;
  purge(now: number): void;
  nextExpiry(): number | undefined;
  /** When something was purged last. */
  purgedAt(): number | undefined;
}

/** How long an id is kept after its end: clocks differ, and verifiers tolerate some of that. */
const slack = 120;
/** The row of requests that use nothing up. No use has this id: theirs hold a colon. */
const requestRow = 'request';

export const useSchema: readonly string[] = [
  'CREATE TABLE uses (id TEXT PRIMARY KEY, keep_until INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE INDEX uses_end ON uses (keep_until)',
];
/** The bucket has no row of its own: each request's row says what it left, so one write does both. */
export const bucketSchema: readonly string[] = [
  'ALTER TABLE uses ADD COLUMN full_at REAL NOT NULL DEFAULT 0',
];

const keepUntil = ({ expiresAt }: Use): number => Math.ceil(expiresAt) + slack;

/** Makes the store of an agent's uses. */
export function createUseStore(sql: SqlStorage, schema: Schema): UseStore {
  const forgotten = createForgottenStore(sql, schema, 'uses');

  const isUsed = (use: Use): boolean =>
    forgotten.covers(keepUntil(use)) ||
    (schema.exists() && sql.exec('SELECT 1 FROM uses WHERE id = ?', use.id).toArray().length > 0);

  const insert = (id: string, until: number, fullAt: number): void => {
    sql.exec('INSERT INTO uses (id, keep_until, full_at) VALUES (?, ?, ?)', id, until, fullAt);
  };

  return {
    isUsed,

    record(uses) {
      schema.ensure();
      const before = uses.findIndex(
        (use, at) => uses.slice(0, at).some(({ id }) => id === use.id) || isUsed(use),
      );
      if (before >= 0) return before;
      for (const use of uses) insert(use.id, keepUntil(use), 0);
      return undefined;
    },

    recordRequest(use, fullAt) {
      schema.ensure();
      const fullBy = Math.ceil(fullAt / 1000);
      if (use !== undefined) return insert(use.id, Math.max(keepUntil(use), fullBy), fullAt);
      sql.exec('DELETE FROM uses WHERE id = ?', requestRow);
      insert(requestRow, fullBy, fullAt);
    },

    bucketFullAt() {
      if (!schema.exists()) return 0;
      const query = 'SELECT max(full_at) AS full_at FROM uses';
      return sql.exec<{ full_at: number | null }>(query).one().full_at ?? 0;
    },

    purge(now) {
      if (!schema.exists()) return;
      const query = 'DELETE FROM uses WHERE keep_until <= ? RETURNING keep_until';
      const gone = sql.exec<{ keep_until: number }>(query, now).toArray();
      forgotten.note(
        gone.map((row) => row.keep_until),
        now,
      );
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(keep_until) AS at FROM uses')
        .one();
      return at ?? undefined;
    },

    purgedAt: forgotten.purgedAt,
  };
}
