// The rows of one broadcast: the message, how far it has come, and which mailboxes must be tried again.

import type { MailboxMessage } from './mailbox_store.ts';
import type { Schema } from '../storage/schema.ts';

/** A broadcast under way. */
export interface Broadcast {
  readonly message: MailboxMessage;
  /** The directory's newest row at acceptance: later mailboxes do not get a copy. */
  readonly upTo: number;
  /** The directory's last row that was tried. */
  readonly cursor: number;
}

/** A mailbox that could not take its copy. */
export type Retry = { readonly owner: string; readonly attempts: number };

/** The statements of an outbox. Times are milliseconds since the epoch, and always passed in. */
export interface OutboxStore {
  /** The digest of what is, or was, in here; `undefined` when nothing is. */
  digest(): string | undefined;
  insert(message: MailboxMessage, upTo: number): void;
  /** The broadcast, or `undefined` when it is done or there is none. */
  current(): Broadcast | undefined;
  dueRetries(now: number, limit: number): readonly Retry[];
  /** Records one batch: what was tried, up to where, and what must be tried again, and when. */
  record(batch: {
    readonly cursor: number;
    readonly delivered: readonly string[];
    readonly failed: readonly (Retry & { readonly dueAt: number })[];
  }): void;
  nextRetry(): number | undefined;
  /** Drops the message; what remains recognizes it until it expires. */
  finish(): void;
  expiresAt(): number | undefined;
}

export const outboxSchema: readonly string[] = [
  `CREATE TABLE broadcast (
    sender TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    via TEXT NOT NULL,
    body TEXT,
    up_to INTEGER NOT NULL,
    cursor INTEGER NOT NULL DEFAULT 0
  )`,
  'CREATE TABLE retries (owner TEXT PRIMARY KEY, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL)',
];

type Row = {
  sender: string;
  id: string;
  digest: string;
  sent_at: number;
  expires_at: number;
  via: string;
  body: string | null;
  up_to: number;
  cursor: number;
};

/** Makes the store of an outbox. */
export function createOutboxStore(sql: SqlStorage, schema: Schema): OutboxStore {
  const row = (): Row | undefined =>
    schema.exists() ? sql.exec<Row>('SELECT * FROM broadcast').toArray()[0] : undefined;

  return {
    digest: () => row()?.digest,

    insert(message, upTo) {
      schema.ensure();
      const { sender, id, digest, sentAt, expiresAt, via, body } = message;
      sql.exec(
        `INSERT INTO broadcast (sender, id, digest, sent_at, expires_at, via, body, up_to)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        sender,
        id,
        digest,
        sentAt,
        expiresAt,
        JSON.stringify(via),
        body,
        upTo,
      );
    },

    current() {
      const found = row();
      if (found === undefined || found.body === null) return undefined;
      const { sender, id, digest, body, up_to, cursor } = found;
      const via = JSON.parse(found.via) as string[];
      const times = { sentAt: found.sent_at, expiresAt: found.expires_at };
      return { message: { sender, id, digest, via, body, ...times }, upTo: up_to, cursor };
    },

    dueRetries(now, limit) {
      return sql
        .exec<Retry>(
          'SELECT owner, attempts FROM retries WHERE due_at <= ? ORDER BY due_at LIMIT ?',
          now,
          limit,
        )
        .toArray();
    },

    record({ cursor, delivered, failed }) {
      sql.exec('UPDATE broadcast SET cursor = ?', cursor);
      for (const owner of delivered) sql.exec('DELETE FROM retries WHERE owner = ?', owner);
      for (const { owner, attempts, dueAt } of failed) {
        sql.exec('INSERT OR REPLACE INTO retries VALUES (?, ?, ?)', owner, attempts, dueAt);
      }
    },

    nextRetry() {
      const { at } = sql.exec<{ at: number | null }>('SELECT min(due_at) AS at FROM retries').one();
      return at ?? undefined;
    },

    finish() {
      sql.exec('UPDATE broadcast SET body = NULL');
      sql.exec('DELETE FROM retries');
    },

    expiresAt: () => row()?.expires_at,
  };
}
