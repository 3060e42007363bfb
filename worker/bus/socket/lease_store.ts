// What sockets hold of a mailbox: counted, acknowledged, and given back when a socket ends.

import type { Schema } from '../../storage/schema.ts';

/** The statements. Times are milliseconds since the epoch. */
export interface SocketLeaseStore {
  /** How many messages a socket has and has not acknowledged. */
  inFlight(socket: string, now: number): number;
  /** Ends the mark of a socket's leases that ran out, and tells whether there were any. */
  takeRunOut(socket: string, now: number): boolean;
  /** Removes delivered messages of these subjects, whoever they are leased to; tells how many. */
  acknowledge(ids: readonly string[], subjects: readonly string[]): number;
  /** Lets others have what a socket held. */
  release(socket: string, now: number): void;
  /** The same for every socket that is not among the open ones. */
  releaseOthers(open: readonly string[], now: number): void;
  /** When the next lease ends. */
  nextLeaseEnd(now: number): number | undefined;
}

type Count = { count: number };

/** Makes the statements over the rows of a mailbox. */
export function createSocketLeaseStore(sql: SqlStorage, schema: Schema): SocketLeaseStore {
  const release = (socket: string, now: number): void => {
    if (!schema.exists()) return;
    // Not 0: it was delivered, and may still be acknowledged
    sql.exec(
      `UPDATE messages SET lease_until = min(lease_until, ?), lease_socket = NULL
       WHERE lease_socket = ? AND body IS NOT NULL`,
      now,
      socket,
    );
  };

  return {
    inFlight(socket, now) {
      if (!schema.exists()) return 0;
      return sql
        .exec<Count>(
          `SELECT count(*) AS count FROM messages
           WHERE lease_socket = ? AND lease_until > ? AND body IS NOT NULL`,
          socket,
          now,
        )
        .one().count;
    },

    takeRunOut(socket, now) {
      if (!schema.exists()) return false;
      const { rowsWritten } = sql.exec(
        `UPDATE messages SET lease_socket = NULL
         WHERE lease_socket = ? AND lease_until <= ? AND expires_at > ? AND body IS NOT NULL`,
        socket,
        now,
        now,
      );
      return rowsWritten > 0;
    },

    acknowledge(ids, subjects) {
      if (!schema.exists() || subjects.length === 0) return 0;
      const among = subjects.map(() => 'subject GLOB ?').join(' OR ');
      // As over HTTP: only what was leased at least once, and the row stays for copies that come late
      return ids.reduce((sum, id) => {
        const { rowsWritten } = sql.exec(
          `UPDATE messages SET body = NULL, size = 0
           WHERE id = ? AND lease_until > 0 AND body IS NOT NULL AND (${among})`,
          id,
          ...subjects,
        );
        return sum + (rowsWritten > 0 ? 1 : 0);
      }, 0);
    },

    release,

    releaseOthers(open, now) {
      if (!schema.exists()) return;
      const known = new Set(open);
      const holders = sql
        .exec<{ socket: string }>(
          `SELECT DISTINCT lease_socket AS socket FROM messages WHERE lease_socket IS NOT NULL`,
        )
        .toArray();
      for (const { socket } of holders) if (!known.has(socket)) release(socket, now);
    },

    nextLeaseEnd(now) {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>(
          'SELECT min(lease_until) AS at FROM messages WHERE body IS NOT NULL AND lease_until > ?',
          now,
        )
        .one();
      return at ?? undefined;
    },
  };
}
