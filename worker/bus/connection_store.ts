// The rows of one shard of connections: which open socket hangs on which names, and which has to end.

import type { TokenIdentity } from '../../src/verify/index.ts';
import type { PushedRecord } from '../authority/revoke/revocation_push_store.ts';
import type { Schema } from '../storage/schema.ts';
import { namesOf } from './connection_names.ts';

/** An open socket, or one that is about to open. */
export interface Connection {
  /** Of this token of the socket: another token is another connection. */
  readonly id: string;
  readonly mailbox: string;
  /** Its token, every ancestor and every hop. */
  readonly identities: readonly TokenIdentity[];
  /** From then on the mailbox has closed it, in seconds since the epoch. */
  readonly expiresAt: number;
  /** Whether nobody tells of some of its revocations, so that they have to be asked for. */
  readonly polled: boolean;
}

/** A connection that was revoked, and is not known to be closed yet. */
export type Doomed = { readonly id: string; readonly mailbox: string };

/** The statements of a shard. Times are seconds since the epoch. */
export interface ConnectionStore {
  add(connection: Connection): void;
  remove(ids: readonly string[]): void;
  isEmpty(): boolean;
  /** Marks every connection that a record covers. */
  doomBy(record: PushedRecord): void;
  doom(id: string): void;
  doomed(): readonly Doomed[];
  /** Those whose revocations have to be asked for. */
  polled(): readonly (Doomed & { readonly identities: string })[];
  purge(now: number): void;
  nextExpiry(): number | undefined;
  /** Whether a log tells this shard; and the number under which it last asked to be told. */
  following(log: string): { readonly active: boolean; readonly generation: number };
  setFollowing(log: string, active: boolean, generation: number): void;
  stopFollowing(): void;
}

export const connectionSchema: readonly string[] = [
  `CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    expires_at REAL NOT NULL,
    identities TEXT,
    doomed INTEGER NOT NULL DEFAULT 0
  )`,
  'CREATE INDEX ends ON connections (expires_at)',
  'CREATE INDEX dooms ON connections (mailbox) WHERE doomed = 1',
  'CREATE INDEX polls ON connections (id) WHERE identities IS NOT NULL',
  `CREATE TABLE names (
    kind TEXT NOT NULL,
    issuer TEXT NOT NULL,
    value TEXT NOT NULL,
    connection TEXT NOT NULL,
    issued_at REAL NOT NULL,
    PRIMARY KEY (kind, issuer, value, connection)
  ) WITHOUT ROWID`,
  'CREATE INDEX named ON names (connection)',
  'CREATE TABLE following (log TEXT PRIMARY KEY, active INTEGER NOT NULL, generation INTEGER NOT NULL)',
];

type FollowingRow = { active: number; generation: number };

/** Makes the store of a shard. An object whose schema was never written reads as empty. */
export function createConnectionStore(sql: SqlStorage, schema: Schema): ConnectionStore {
  function removeOne(id: string): void {
    sql.exec('DELETE FROM names WHERE connection = ?', id);
    sql.exec('DELETE FROM connections WHERE id = ?', id);
  }

  return {
    add({ id, mailbox, identities, expiresAt, polled }) {
      schema.ensure();
      sql.exec(
        'INSERT INTO connections (id, mailbox, expires_at, identities) VALUES (?, ?, ?, ?)',
        id,
        mailbox,
        expiresAt,
        polled ? JSON.stringify(identities) : null,
      );
      for (const { kind, issuer, value, issuedAt } of namesOf(identities)) {
        // Two links of a chain can share a name: a revocation up to a time covers the older one
        sql.exec(
          `INSERT INTO names (kind, issuer, value, connection, issued_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET issued_at = min(issued_at, excluded.issued_at)`,
          kind,
          issuer,
          value,
          id,
          issuedAt,
        );
      }
    },

    remove(ids) {
      if (schema.exists()) for (const id of ids) removeOne(id);
    },

    isEmpty: () =>
      !schema.exists() || sql.exec('SELECT 1 FROM connections LIMIT 1').toArray().length === 0,

    doomBy({ kind, issuer, value, before }) {
      if (!schema.exists()) return;
      const mark = 'UPDATE connections SET doomed = 1 WHERE id IN';
      if (kind !== 'before') {
        sql.exec(
          `${mark} (SELECT connection FROM names WHERE kind = ? AND issuer = ? AND value = ?)`,
          kind,
          issuer,
          value,
        );
        return;
      }
      // Of all agents: each link has one key
      sql.exec(
        `${mark} (SELECT connection FROM names WHERE kind = ? AND issuer = ?
           AND (? = '' OR value = ?) AND issued_at <= ?)`,
        value === '' ? 'key' : 'agent',
        issuer,
        value,
        value,
        before ?? 0,
      );
    },

    doom(id) {
      if (schema.exists()) sql.exec('UPDATE connections SET doomed = 1 WHERE id = ?', id);
    },

    doomed() {
      if (!schema.exists()) return [];
      return sql.exec<Doomed>('SELECT id, mailbox FROM connections WHERE doomed = 1').toArray();
    },

    polled() {
      if (!schema.exists()) return [];
      return sql
        .exec<Doomed & { identities: string }>(
          `SELECT id, mailbox, identities FROM connections
           WHERE identities IS NOT NULL AND doomed = 0`,
        )
        .toArray();
    },

    purge(now) {
      if (!schema.exists()) return;
      const over = sql.exec<{ id: string }>(
        'SELECT id FROM connections WHERE expires_at <= ?',
        now,
      );
      for (const { id } of over.toArray()) removeOne(id);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM connections')
        .one();
      return at ?? undefined;
    },

    following(log) {
      const rows = schema.exists()
        ? sql.exec<FollowingRow>('SELECT active, generation FROM following WHERE log = ?', log)
        : undefined;
      const row = rows?.toArray()[0];
      return { active: row?.active === 1, generation: row?.generation ?? 0 };
    },

    setFollowing(log, active, generation) {
      schema.ensure();
      sql.exec(
        `INSERT INTO following VALUES (?, ?, ?) ON CONFLICT (log) DO UPDATE
         SET active = excluded.active, generation = max(generation, excluded.generation)`,
        log,
        active ? 1 : 0,
        generation,
      );
    },

    stopFollowing() {
      if (schema.exists()) sql.exec('UPDATE following SET active = 0');
    },
  };
}
