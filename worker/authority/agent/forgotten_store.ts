// Up to when an object has forgotten what was used: so that a clock that was ahead opens no window.

import type { Schema } from '../../storage/schema.ts';

/** The end of the newest of the uses that were purged. Times in the unit of their table. */
export interface ForgottenStore {
  /** Whether a use that ends then may have been purged: nobody can tell it from a new one. */
  covers(end: number): boolean;
  /** To call in the turn of the purge. */
  note(ends: readonly number[], now: number): void;
  /** When something was purged last; `undefined`: never. */
  purgedAt(): number | undefined;
}

export const forgottenSchema: readonly string[] = [
  `CREATE TABLE forgotten (
    name TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    purged_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

type Mark = { until: number; purged_at: number };

/** Makes the mark of one table. */
export function createForgottenStore(
  sql: SqlStorage,
  schema: Schema,
  name: 'uses' | 'nonces',
): ForgottenStore {
  let known: { readonly mark: Mark | undefined } | undefined;

  function mark(): Mark | undefined {
    if (!schema.exists()) return undefined;
    if (known === undefined) {
      const query = 'SELECT until, purged_at FROM forgotten WHERE name = ?';
      const [row] = sql.exec<Mark>(query, name).toArray();
      known = { mark: row };
    }
    return known.mark;
  }

  return {
    covers: (end) => end <= (mark()?.until ?? -Infinity),
    purgedAt: () => mark()?.purged_at,

    note(ends, now) {
      if (ends.length === 0) return;
      const until = ends.reduce((latest, end) => Math.max(latest, end), mark()?.until ?? -Infinity);
      known = { mark: { until, purged_at: now } };
      sql.exec('INSERT OR REPLACE INTO forgotten VALUES (?, ?, ?)', name, until, now);
    },
  };
}
