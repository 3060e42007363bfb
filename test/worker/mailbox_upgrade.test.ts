// A mailbox that version 1 wrote: its messages are there after the upgrade, with their subjects

import { env } from 'cloudflare:workers';
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { freshName, makeCopy } from './support.ts';

const versionOne = [
  'CREATE TABLE schema_version (version INTEGER NOT NULL)',
  'INSERT INTO schema_version (version) VALUES (1)',
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
    UNIQUE (sender, id)
  )`,
  'CREATE TABLE mailbox (owner TEXT PRIMARY KEY, known_until INTEGER NOT NULL)',
  'CREATE INDEX queue ON messages (sent_at, seq) WHERE body IS NOT NULL',
  'CREATE INDEX held ON messages (sender, size) WHERE body IS NOT NULL',
  'CREATE INDEX leases ON messages (lease_until) WHERE body IS NOT NULL',
  'CREATE INDEX expiry ON messages (expires_at)',
];

test('a mailbox of version 1 keeps its messages, whose subjects can be asked for', async () => {
  const owner = freshName('worker');
  const stub = env.MAILBOX.getByName(owner);
  const body = '{"id":"a","subject":"news-today"}';
  await runInDurableObject(stub, (_mailbox, { storage: { sql } }) => {
    for (const statement of versionOne) sql.exec(statement);
    const insert = `INSERT INTO messages (sender, id, digest, sent_at, expires_at, via, size, body)
       VALUES ('planner', ?, 'd', 0, ?, '[]', 1, ?)`;
    sql.exec(insert, 'a', Date.now() + 60_000, body);
    sql.exec(insert, 'b', Date.now() + 60_000, null);
  });
  await evictDurableObject(stub);
  const rows = await runInDurableObject(stub, (_mailbox, { storage: { sql } }) =>
    sql.exec('SELECT id, subject, lease_socket FROM messages ORDER BY id').toArray(),
  );
  expect(rows).toEqual([
    { id: 'a', subject: 'news-today', lease_socket: null },
    { id: 'b', subject: '', lease_socket: null },
  ]);
  expect(await stub.store(owner, makeCopy({ body: 'no JSON' }), Date.now() + 9000)).toBe('stored');
  expect((await stub.lease(owner, 9)).map((delivery) => delivery.body)).toEqual([body, 'no JSON']);
});
