// The message nonces of one sender: reserved, then used once the message is stored, until the ttl is over.

import type { Schema } from '../../storage/schema.ts';
import { createForgottenStore } from './forgotten_store.ts';

/** A message as its sender's ledger knows it. */
export interface LedgerEntry {
  readonly nonce: string;
  readonly id: string;
  /** SHA-256 of the whole message as sent, hex. */
  readonly digest: string;
  readonly to: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A reservation that outlived its time: whether its message was stored, only the bus can tell. */
export interface Held extends LedgerEntry {
  readonly storeBefore: number;
}

/** What a sender may do with a message now. */
export type Reservation =
  /** Store it, but not after `storeBefore` (milliseconds since the epoch). */
  | { readonly kind: 'granted'; readonly storeBefore: number }
  /** This very message is stored. */
  | { readonly kind: 'stored' }
  /** The nonce, or the id, is used by another message. */
  | { readonly kind: 'replayed' }
  /** Another message with this nonce or id is being stored at this moment. */
  | { readonly kind: 'busy'; readonly nonce: string }
  | { readonly kind: 'unresolved'; readonly held: Held };

/** The statements of a ledger. Times are milliseconds since the epoch, and always passed in. */
export interface NonceStore {
  reserve(entry: LedgerEntry, now: number): Reservation;
  /** The message is stored: its nonce is used. */
  commit(entry: LedgerEntry): void;
  /** One grant ended without storing; with the last one the nonce is free again. */
  release(entry: LedgerEntry): void;
  /** What the bus said of a reservation that outlived its time. */
  settle(held: Held, stored: boolean): void;
  purge(now: number): void;
  nextExpiry(): number | undefined;
  /** When something was purged last. */
  purgedAt(): number | undefined;
}

/** How long a grant lasts, and how far clocks may differ before it counts as over. Milliseconds. */
export const grantMs = 10_000;
export const skewMs = 2_000;

export const nonceSchema: readonly string[] = [
  `CREATE TABLE nonces (
    nonce TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    recipient TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    grants INTEGER NOT NULL,
    store_before INTEGER NOT NULL
  )`,
  'CREATE INDEX expiry ON nonces (expires_at)',
];

type Row = {
  nonce: string;
  id: string;
  digest: string;
  recipient: string;
  expires_at: number;
  used: number;
  store_before: number;
};

const isSame = (row: Row, { nonce, id, digest }: LedgerEntry): boolean =>
  row.nonce === nonce && row.id === id && row.digest === digest;

const heldBy = (row: Row): Held => ({
  nonce: row.nonce,
  id: row.id,
  digest: row.digest,
  to: row.recipient,
  expiresAt: row.expires_at,
  storeBefore: row.store_before,
});

/** Makes the ledger of one sender. */
export function createNonceStore(sql: SqlStorage, schema: Schema): NonceStore {
  const forgotten = createForgottenStore(sql, schema, 'nonces');

  const remove = (now: number, where: string, ...values: readonly (string | number)[]): void => {
    const query = `DELETE FROM nonces WHERE ${where} RETURNING expires_at`;
    const gone = sql.exec<{ expires_at: number }>(query, ...values).toArray();
    forgotten.note(
      gone.map((row) => row.expires_at),
      now,
    );
  };

  const rivals = ({ nonce, id }: LedgerEntry, now: number): Row[] =>
    sql
      .exec<Row>(
        'SELECT * FROM nonces WHERE (nonce = ? OR id = ?) AND expires_at > ?',
        nonce,
        id,
        now,
      )
      .toArray();

  /** What stands in the way of a message; a stored one counts before one that is only under way. */
  const obstacle = (entry: LedgerEntry, now: number): Reservation | undefined => {
    const others = rivals(entry, now).filter((row) => !isSame(row, entry));
    if (others.some((row) => row.used === 1)) return { kind: 'replayed' };
    const [other] = others;
    if (other === undefined) return undefined;
    return now > other.store_before + skewMs
      ? { kind: 'unresolved', held: heldBy(other) }
      : { kind: 'busy', nonce: other.nonce };
  };

  const grant = (entry: LedgerEntry, now: number): Reservation => {
    const storeBefore = now + grantMs;
    const { nonce, id, digest, to, expiresAt } = entry;
    sql.exec(
      `INSERT INTO nonces (nonce, id, digest, recipient, expires_at, grants, store_before)
       VALUES (?, ?, ?, ?, ?, 1, ?)
       ON CONFLICT (nonce) DO UPDATE SET grants = grants + 1, store_before = excluded.store_before`,
      nonce,
      id,
      digest,
      to,
      expiresAt,
      storeBefore,
    );
    return { kind: 'granted', storeBefore };
  };

  return {
    reserve(entry, now) {
      schema.ensure();
      // Whoever was purged may have used it, before the clock was set back
      if (forgotten.covers(entry.expiresAt)) return { kind: 'replayed' };
      remove(now, '(nonce = ? OR id = ?) AND expires_at <= ?', entry.nonce, entry.id, now);
      const used = rivals(entry, now).some((row) => isSame(row, entry) && row.used === 1);
      return used ? { kind: 'stored' } : (obstacle(entry, now) ?? grant(entry, now));
    },

    commit({ nonce, id, digest, to, expiresAt }) {
      schema.ensure();
      // The row is there unless everybody believed that the message was not stored: it was
      sql.exec(
        `INSERT INTO nonces (nonce, id, digest, recipient, expires_at, used, grants, store_before)
         VALUES (?, ?, ?, ?, ?, 1, 0, 0)
         ON CONFLICT (nonce) DO UPDATE SET used = 1 WHERE id = excluded.id AND digest = excluded.digest
         ON CONFLICT (id) DO NOTHING`,
        nonce,
        id,
        digest,
        to,
        expiresAt,
      );
    },

    release({ nonce, id, digest }) {
      if (!schema.exists()) return;
      const one = [nonce, id, digest];
      sql.exec(
        'UPDATE nonces SET grants = grants - 1 WHERE nonce = ? AND id = ? AND digest = ? AND used = 0',
        ...one,
      );
      sql.exec('DELETE FROM nonces WHERE nonce = ? AND used = 0 AND grants <= 0', nonce);
    },

    settle({ nonce, id, digest, storeBefore }, stored) {
      if (!schema.exists()) return;
      // Unchanged since the question was asked: otherwise somebody was granted it again meanwhile
      const same = [nonce, id, digest, storeBefore];
      const where = 'WHERE nonce = ? AND id = ? AND digest = ? AND store_before = ? AND used = 0';
      sql.exec(
        stored ? `UPDATE nonces SET used = 1 ${where}` : `DELETE FROM nonces ${where}`,
        ...same,
      );
    },

    purge(now) {
      if (schema.exists()) remove(now, 'expires_at <= ?', now);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM nonces')
        .one();
      return at ?? undefined;
    },

    purgedAt: forgotten.purgedAt,
  };
}
