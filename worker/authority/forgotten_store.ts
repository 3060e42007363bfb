// Up to when an object has forgotten what was used: so that a clock that was ahead opens no window.

import type { Schema } from '../storage/schema.ts';

/** The end of the newest of the uses that were purged. Times in the unit of their table. */
export interface ForgottenStore {
  /** Whether a use that ends then may have been purged: nobody can tell it from a new one. */
  covers(end: number): boolean;
  /** To call in the turn of the purge. */
  note(ends: readonly number[]): void;
  /** `undefined`: nothing was ever purged. */
  until(): number | undefined;
}

export const forgottenSchema: readonly string[] = [
  'CREATE TABLE forgotten (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID',
];

/** Makes the mark of one table. */
export function createForgottenStore(
  sql: SqlStorage,
  schema: Schema,
  name: 'uses' | 'nonces',
): ForgottenStore {
  let known: { readonly until: number | undefined } | undefined;

  const until = (): number | undefined => {
    if (!schema.exists()) return undefined;
    if (known === undefined) {
      const query = 'SELECT until FROM forgotten WHERE name = ?';
      const [row] = sql.exec<{ until: number }>(query, name).toArray();
      known = { until: row?.until };
    }
    return known.until;
  };

  return {
    until,
    covers: (end) => end <= (until() ?? -Infinity),

    note(ends) {
      if (ends.length === 0) return;
      known = { until: ends.reduce((latest, end) => Math.max(latest, end), until() ?? -Infinity) };
      sql.exec('INSERT OR REPLACE INTO forgotten VALUES (?, ?)', name, known.until);
    },
  };
}
