// The sessions of one agent: one for each of its runs, until its last token has expired.

import type { Schema } from '../../storage/schema.ts';
import type { Session } from './registration.ts';

/** The statements of an agent's sessions. Times are seconds since the epoch, and always passed in. */
export interface SessionStore {
  /** Records that a token was issued in a session: it lasts at least as long as the token. */
  record(session: Session): void;
  /** Live sessions in the order of their ids. */
  list(after: string, limit: number, now: number): readonly Session[];
  purge(now: number): void;
  clear(): void;
  nextExpiry(): number | undefined;
}

export const sessionSchema: readonly string[] = [
  `CREATE TABLE sessions (
    sid TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    jkt TEXT NOT NULL
  ) WITHOUT ROWID`,
  'CREATE INDEX sessions_end ON sessions (expires_at)',
];

type Row = { sid: string; created_at: number; expires_at: number; jkt: string };

/** Makes the store of an agent's sessions. */
export function createSessionStore(sql: SqlStorage, schema: Schema): SessionStore {
  return {
    record({ sid, createdAt, expiresAt, jkt }) {
      schema.ensure();
      sql.exec(
        `INSERT INTO sessions VALUES (?, ?, ?, ?)
         ON CONFLICT (sid) DO UPDATE SET
           expires_at = max(expires_at, excluded.expires_at), jkt = excluded.jkt`,
        sid,
        createdAt,
        expiresAt,
        jkt,
      );
    },

    list(after, limit, now) {
      if (!schema.exists()) return [];
      return sql
        .exec<Row>(
          'SELECT * FROM sessions WHERE sid > ? AND expires_at > ? ORDER BY sid LIMIT ?',
          after,
          now,
          limit,
        )
        .toArray()
        .map((row) => ({
          sid: row.sid,
          createdAt: row.created_at,
          expiresAt: row.expires_at,
          jkt: row.jkt,
        }));
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM sessions WHERE expires_at <= ?', now);
    },

    clear() {
      if (schema.exists()) sql.exec('DELETE FROM sessions');
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM sessions')
        .one();
      return at ?? undefined;
    },
  };
}
