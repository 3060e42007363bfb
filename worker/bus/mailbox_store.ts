// The rows of one mailbox: its queue, its leases, and what it must recognize when it comes again.

import { leaseMs, type BusMessage, type Delivery, type StoreOutcome } from './bus.ts';
import type { Schema, Upgrades } from '../storage/schema.ts';

/** What one mailbox holds at most. */
export interface MailboxCaps {
  readonly messages: number;
  readonly bytes: number;
  /** Messages of one sender: nobody fills somebody's mailbox alone. */
  readonly messagesOfOne: number;
}

/** The caps of a deployed gateway: documented in docs/storage.md. */
const mailboxCaps: MailboxCaps = {
  messages: 10_000,
  bytes: 32 * 1024 * 1024,
  messagesOfOne: 2_000,
};

/** A message as a mailbox keeps it. */
export type MailboxMessage = Omit<BusMessage, 'to'>;

/** A socket that messages are leased to. */
export interface LeaseHolder {
  readonly socket: string;
  /** What it wants: subjects, each with a `*` at its end or without; `undefined`: everything. */
  readonly subjects?: readonly string[] | undefined;
}

/** How many messages wait, and how many are leased. */
export interface Counts {
  readonly queued: number;
  readonly leased: number;
}

/** The statements of a mailbox. Times are milliseconds since the epoch, and always passed in. */
export interface MailboxStore {
  store(message: MailboxMessage, storeBefore: number, now: number): StoreOutcome;
  holds(sender: string, id: string, digest: string): boolean;
  /** Leases the oldest ones, to nobody in particular or to a socket. */
  lease(max: number, now: number, holder?: LeaseHolder): readonly Delivery[];
  acknowledge(id: string, sender: string | undefined): void;
  counts(now: number): Counts;
  /** When something can be leased: `now` or earlier, the end of the first lease, or never. */
  availableAt(now: number): number | undefined;
  purge(now: number): void;
  /** When the next row expires. */
  nextExpiry(): number | undefined;
  /** Whose mailbox it is, and until when it is known; `undefined` before its first write. */
  registration(): Registration | undefined;
  register(registration: Registration): void;
}

/** Whose mailbox it is, and until when broadcasts reach it, in milliseconds since the epoch. */
export type Registration = { readonly owner: string; readonly known_until: number };

export const mailboxSchema: readonly string[] = [
  `CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    via TEXT NOT NULL,
    size INTEGER NOT NULL,
    body TEXT,
    subject TEXT NOT NULL DEFAULT '',
    lease_socket TEXT,
    UNIQUE (sender, id)
  )`,
  'CREATE TABLE mailbox (owner TEXT PRIMARY KEY, known_until INTEGER NOT NULL)',
  'CREATE INDEX queue ON messages (sent_at, seq) WHERE body IS NOT NULL',
  'CREATE INDEX held ON messages (sender, size) WHERE body IS NOT NULL',
  'CREATE INDEX leases ON messages (lease_until) WHERE body IS NOT NULL',
  'CREATE INDEX expiry ON messages (expires_at)',
  'CREATE INDEX socket_leases ON messages (lease_socket) WHERE lease_socket IS NOT NULL',
];

/** Version 1 knew no sockets. */
export const mailboxVersion = 2;
export const mailboxUpgrades: Upgrades = {
  2: [
    "ALTER TABLE messages ADD COLUMN subject TEXT NOT NULL DEFAULT ''",
    `UPDATE messages SET subject = ifnull(json_extract(body, '$.subject'), '')
     WHERE body IS NOT NULL AND json_valid(body)`,
    'ALTER TABLE messages ADD COLUMN lease_socket TEXT',
    'CREATE INDEX socket_leases ON messages (lease_socket) WHERE lease_socket IS NOT NULL',
  ],
};

type Found = { digest: string };
type Leased = { seq: number; sender: string; via: string; body: string };
type Sums = { messages: number; bytes: number | null; own: number | null };
type Split = { queued: number | null; leased: number | null };
type At = { at: number | null };

/** Makes the store of a mailbox. An object whose schema was never written reads as empty. */
export function createMailboxStore(
  sql: SqlStorage,
  schema: Schema,
  caps: MailboxCaps = mailboxCaps,
): MailboxStore {
  const find = (sender: string, id: string): Found | undefined =>
    schema.exists()
      ? sql
          .exec<Found>('SELECT digest FROM messages WHERE sender = ? AND id = ?', sender, id)
          .toArray()[0]
      : undefined;

  const isFull = (sender: string, size: number): boolean => {
    const { messages, bytes, own } = sql
      .exec<Sums>(
        `SELECT count(*) AS messages, sum(size) AS bytes, sum(sender = ?) AS own
         FROM messages WHERE body IS NOT NULL`,
        sender,
      )
      .one();
    return (
      messages >= caps.messages ||
      (bytes ?? 0) + size > caps.bytes ||
      (own ?? 0) >= caps.messagesOfOne
    );
  };

  return {
    store(message, storeBefore, now) {
      const { sender, id, digest, sentAt, expiresAt, via, body } = message;
      const found = find(sender, id);
      if (found !== undefined) return found.digest === digest ? 'duplicate' : 'conflict';
      if (now > storeBefore) return 'late';
      if (expiresAt <= now) return 'expired';
      schema.ensure();
      const size = new TextEncoder().encode(body).length;
      if (isFull(sender, size)) return 'full';
      sql.exec(
        `INSERT INTO messages (sender, id, digest, sent_at, expires_at, via, size, body, subject)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
           CASE WHEN json_valid(?8) THEN ifnull(json_extract(?8, '$.subject'), '') ELSE '' END)`,
        sender,
        id,
        digest,
        sentAt,
        expiresAt,
        JSON.stringify(via),
        size,
        body,
      );
      return 'stored';
    },

    holds(sender, id, digest) {
      return find(sender, id)?.digest === digest;
    },

    lease(max, now, holder) {
      if (!schema.exists()) return [];
      const leaseUntil = now + leaseMs;
      const subjects = holder?.subjects;
      const wanted = subjects?.map(() => 'subject GLOB ?').join(' OR ') ?? 'TRUE';
      const rows = sql
        .exec<Leased>(
          `SELECT seq, sender, via, body FROM messages
           WHERE body IS NOT NULL AND lease_until <= ? AND expires_at > ? AND (${wanted})
           ORDER BY sent_at, seq LIMIT ?`,
          now,
          now,
          ...(subjects ?? []),
          max,
        )
        .toArray();
      const mark = 'UPDATE messages SET lease_until = ?, lease_socket = ? WHERE seq = ?';
      return rows.map(({ seq, sender, via, body }) => {
        sql.exec(mark, leaseUntil, holder?.socket ?? null, seq);
        return { sender, via: JSON.parse(via) as string[], leaseUntil, body };
      });
    },

    acknowledge(id, sender) {
      if (!schema.exists()) return;
      // The row stays until it expires, without its body: a copy that comes late must find it.
      // Only what was leased at least once counts: an id that a stranger reused stays in the queue
      sql.exec(
        `UPDATE messages SET body = NULL, size = 0
         WHERE id = ? AND lease_until > 0 AND body IS NOT NULL AND (? IS NULL OR sender = ?)`,
        id,
        sender ?? null,
        sender ?? null,
      );
    },

    counts(now) {
      if (!schema.exists()) return { queued: 0, leased: 0 };
      const { queued, leased } = sql
        .exec<Split>(
          `SELECT sum(lease_until <= ?) AS queued, sum(lease_until > ?) AS leased
           FROM messages WHERE body IS NOT NULL AND expires_at > ?`,
          now,
          now,
          now,
        )
        .one();
      return { queued: queued ?? 0, leased: leased ?? 0 };
    },

    availableAt(now) {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<At>(
          `SELECT min(lease_until) AS at FROM messages WHERE body IS NOT NULL AND expires_at > ?`,
          now,
        )
        .one();
      return at ?? undefined;
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM messages WHERE expires_at <= ?', now);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql.exec<At>('SELECT min(expires_at) AS at FROM messages').one();
      return at ?? undefined;
    },

    registration() {
      if (!schema.exists()) return undefined;
      return sql.exec<Registration>('SELECT owner, known_until FROM mailbox').toArray()[0];
    },

    register({ owner, known_until }) {
      schema.ensure();
      sql.exec('INSERT OR REPLACE INTO mailbox VALUES (?, ?)', owner, known_until);
    },
  };
}
