// The rows of a mailbox: order, leases, expiry, caps, and what is recognized when it comes again

import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { leaseMs } from '../../worker/bus/bus.ts';
import {
  createMailboxStore,
  mailboxSchema,
  type MailboxCaps,
  type MailboxMessage,
  type MailboxStore,
} from '../../worker/bus/mailbox_store.ts';
import { createSchema } from '../../worker/storage/schema.ts';

const t0 = 1_800_000_000_000;
const never = t0 + 10_000_000;

let made = 0;
const message = (changes: Partial<MailboxMessage> = {}): MailboxMessage => ({
  sender: 'planner',
  via: [],
  id: `id-${++made}`,
  digest: 'd',
  sentAt: t0,
  expiresAt: t0 + 300_000,
  body: '{}',
  ...changes,
});

/** Runs a test in an object of its own, on a store of the kind that a Mailbox makes. */
function inStore<T>(
  use: (store: MailboxStore, sql: SqlStorage) => T,
  caps?: MailboxCaps,
): Promise<T> {
  const stub = env.MAILBOX.get(env.MAILBOX.newUniqueId());
  return runInDurableObject(stub, (_mailbox, { storage: { sql } }) =>
    use(createMailboxStore(sql, createSchema(sql, 1, mailboxSchema), caps), sql),
  );
}

const bodies = (store: MailboxStore, max: number, now: number): string[] =>
  store.lease(max, now).map(({ body }) => body);

describe('createMailboxStore()', () => {
  test('an object that is only asked writes nothing', () =>
    inStore((store, sql) => {
      expect(store.holds('planner', 'id', 'd')).toBe(false);
      expect(store.lease(10, t0)).toEqual([]);
      expect(store.counts(t0)).toEqual({ queued: 0, leased: 0 });
      expect(store.availableAt(t0)).toBeUndefined();
      expect(store.registration()).toBeUndefined();
      store.acknowledge('id', undefined);
      store.purge(t0);
      expect(sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([]);
    }));

  test('leases in order of ts, then of arrival', () =>
    inStore((store) => {
      store.store(message({ body: '2', sentAt: t0 + 2 }), never, t0);
      store.store(message({ body: '3', sentAt: t0 + 3 }), never, t0);
      store.store(message({ body: '1', sentAt: t0 + 1 }), never, t0);
      store.store(message({ body: '2b', sentAt: t0 + 2 }), never, t0);
      expect(bodies(store, 3, t0)).toEqual(['1', '2', '2b']);
      expect(bodies(store, 3, t0)).toEqual(['3']);
    }));

  test('gives back what was sent, with its sender and its actors', () =>
    inStore((store) => {
      const body = '{"a":"\u2028é🐝\\u0000"}\r\n ';
      store.store(message({ body, via: ['b', 'a'] }), never, t0);
      expect(store.lease(1, t0)).toEqual([
        { sender: 'planner', via: ['b', 'a'], leaseUntil: t0 + leaseMs, body },
      ]);
    }));

  test('a lease that ends returns the message, in its old place', () =>
    inStore((store) => {
      store.store(message({ body: '1', sentAt: t0 + 1 }), never, t0);
      store.store(message({ body: '2', sentAt: t0 + 2 }), never, t0);
      expect(bodies(store, 1, t0)).toEqual(['1']);
      expect(store.counts(t0)).toEqual({ queued: 1, leased: 1 });
      expect(bodies(store, 5, t0 + leaseMs - 1)).toEqual(['2']);
      expect(bodies(store, 5, t0 + leaseMs)).toEqual(['1']);
    }));

  test('an acknowledged message does not come back, and a copy of it is a duplicate', () =>
    inStore((store) => {
      const sent = message({ digest: 'd1' });
      expect(store.store(sent, never, t0)).toBe('stored');
      store.lease(1, t0);
      store.acknowledge(sent.id, undefined);
      store.acknowledge(sent.id, undefined);
      expect(bodies(store, 5, t0 + leaseMs)).toEqual([]);
      expect(store.store(sent, never, t0 + 1)).toBe('duplicate');
      expect(store.holds('planner', sent.id, 'd1')).toBe(true);
      expect(store.store({ ...sent, digest: 'd2' }, never, t0 + 1)).toBe('conflict');
      expect(store.holds('planner', sent.id, 'd2')).toBe(false);
    }));

  test('a late acknowledgement still removes what was delivered', () =>
    inStore((store) => {
      const sent = message();
      store.store(sent, never, t0);
      store.lease(1, t0);
      expect(store.counts(t0 + leaseMs)).toEqual({ queued: 1, leased: 0 });
      store.acknowledge(sent.id, undefined);
      expect(bodies(store, 5, t0 + leaseMs)).toEqual([]);
    }));

  test('acknowledging an id that two senders use leaves what was not delivered', () =>
    inStore((store) => {
      const one = message({ body: '1', sender: 'a', sentAt: t0 });
      store.store(one, never, t0);
      store.store({ ...one, body: '2', sender: 'b', sentAt: t0 + 1 }, never, t0);
      expect(bodies(store, 1, t0)).toEqual(['1']);
      store.acknowledge(one.id, undefined);
      expect(bodies(store, 5, t0)).toEqual(['2']);
      store.acknowledge(one.id, 'a');
      expect(bodies(store, 5, t0 + leaseMs)).toEqual(['2']);
      store.acknowledge(one.id, 'b');
      expect(bodies(store, 5, t0 + 2 * leaseMs)).toEqual([]);
    }));

  test('an expired message is never delivered, and purging forgets it', () =>
    inStore((store, sql) => {
      store.store(message({ expiresAt: t0 + 10 }), never, t0);
      expect(store.availableAt(t0 + 9)).toBe(0);
      expect(store.nextExpiry()).toBe(t0 + 10);
      expect(store.lease(1, t0 + 10)).toEqual([]);
      expect(store.counts(t0 + 10)).toEqual({ queued: 0, leased: 0 });
      expect(store.availableAt(t0 + 10)).toBeUndefined();
      store.purge(t0 + 9);
      expect(sql.exec('SELECT id FROM messages').toArray()).toHaveLength(1);
      store.purge(t0 + 10);
      expect(sql.exec('SELECT id FROM messages').toArray()).toEqual([]);
    }));

  test('stores nothing that is expired, or after its grant is over', () =>
    inStore((store) => {
      expect(store.store(message({ expiresAt: t0 }), never, t0)).toBe('expired');
      expect(store.store(message(), t0 - 1, t0)).toBe('late');
      expect(store.store(message(), t0, t0)).toBe('stored');
      expect(store.counts(t0)).toEqual({ queued: 1, leased: 0 });
    }));

  test('tells when something can be leased next', () =>
    inStore((store) => {
      store.store(message(), never, t0);
      expect(store.availableAt(t0)).toBe(0);
      store.lease(1, t0);
      expect(store.availableAt(t0)).toBe(t0 + leaseMs);
    }));

  const caps: MailboxCaps = { messages: 3, bytes: 20, messagesOfOne: 2 };

  test('refuses what is over the number of messages', () =>
    inStore((store) => {
      for (const sender of ['a', 'b', 'c']) store.store(message({ sender }), never, t0);
      expect(store.store(message({ sender: 'd' }), never, t0)).toBe('full');
    }, caps));

  test('refuses what is over the number of one sender, and takes another sender', () =>
    inStore((store) => {
      for (const sender of ['a', 'a']) store.store(message({ sender }), never, t0);
      expect(store.store(message({ sender: 'a' }), never, t0)).toBe('full');
      expect(store.store(message({ sender: 'b' }), never, t0)).toBe('stored');
    }, caps));

  test('counts bytes as UTF-8, and room comes back with an acknowledgement', () =>
    inStore((store) => {
      const first = message({ body: 'éééééé' });
      expect(store.store(first, never, t0)).toBe('stored');
      expect(store.store(message({ body: '123456789' }), never, t0)).toBe('full');
      expect(store.store(message({ body: '12345678' }), never, t0)).toBe('stored');
      store.lease(1, t0);
      store.acknowledge(first.id, undefined);
      expect(store.store(message({ sender: 'b', body: '123456789' }), never, t0)).toBe('stored');
    }, caps));

  test('a copy of what it holds is a duplicate even when it is full', () =>
    inStore((store) => {
      const first = message({ sender: 'a' });
      store.store(first, never, t0);
      for (const sender of ['b', 'c']) store.store(message({ sender }), never, t0);
      expect(store.store(first, never, t0)).toBe('duplicate');
    }, caps));
});
