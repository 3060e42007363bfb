// What an agent may use once: assertion ids and proof ids, kept until they cannot be used any more.

import type { Schema } from '../storage/schema.ts';
import type { Use } from './registration.ts';

/** The statements of an agent's uses. Times are seconds since the epoch, and always passed in. */
export interface UseStore {
  /** Records all of them, or none where one was used before: then answers its place in the list. */
  record(uses: readonly Use[]): number | undefined;
  purge(now: number): void;
  nextExpiry(): number | undefined;
}

/** How long an id is kept after its end: clocks differ, and verifiers tolerate some of that. */
const slack = 120;

export const useSchema: readonly string[] = [
  'CREATE TABLE uses (id TEXT PRIMARY KEY, keep_until INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE INDEX uses_end ON uses (keep_until)',
];

/** Makes the store of an agent's uses. */
export function createUseStore(sql: SqlStorage, schema: Schema): UseStore {
  const isUsed = (id: string): boolean =>
    sql.exec('SELECT 1 FROM uses WHERE id = ?', id).toArray().length > 0;

  return {
    record(uses) {
      schema.ensure();
      const before = uses.findIndex(
        ({ id }, at) => uses.slice(0, at).some((other) => other.id === id) || isUsed(id),
      );
      if (before >= 0) return before;
      for (const { id, expiresAt } of uses) {
        sql.exec('INSERT INTO uses VALUES (?, ?)', id, Math.ceil(expiresAt) + slack);
      }
      return undefined;
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM uses WHERE keep_until <= ?', now);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(keep_until) AS at FROM uses')
        .one();
      return at ?? undefined;
    },
  };
}
