// RevocationLog: numbers, repetition, lifting, pages, pruning; eviction, alarms and concurrent calls

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { revocationHash, untilLifted, type FeedPage } from '../../src/verify/index.ts';
import type { RevocationLog } from '../../worker/index.ts';
import { recordRevocation } from '../../worker/authority/revoke/revocations.ts';
import type { LogEntry } from '../../worker/authority/revoke/revocation_store.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const issuer = 'https://gate.example';
const now = (): number => Math.floor(Date.now() / 1000);
const open = (): DurableObjectStub<RevocationLog> => env.REVOCATION_LOG.getByName(freshName('log'));

/** An entry that revokes a token for an hour, but for what the changes say. */
async function entryOf(changes: Partial<LogEntry> = {}): Promise<LogEntry> {
  const { kind = 'token', value = crypto.randomUUID() } = changes;
  const hash = await revocationHash({ kind, issuer, value });
  return { kind, issuer, value, hash, exp: now() + 3600, ...changes };
}

/** All records of a feed, page by page as a view reads it. */
async function readAll(stub: DurableObjectStub<RevocationLog>, limit: number): Promise<FeedPage[]> {
  const pages: FeedPage[] = [];
  let after = 0;
  for (;;) {
    const page = await stub.since(issuer, after, limit);
    pages.push(page);
    if (page.more !== true) return pages;
    after = page.seq;
  }
}

const seqs = (pages: readonly FeedPage[]): number[] =>
  pages.flatMap(({ records }) => records.map(({ seq }) => seq));

describe('RevocationLog', () => {
  test('an empty log answers an empty page, and writes nothing', async () => {
    const stub = open();
    expect(await stub.since(issuer, 0, 10)).toEqual({
      issuer,
      seq: 0,
      as_of: expect.any(Number) as number,
      full: true,
      more: false,
      records: [],
    });
    expect(await stub.list(0, 10)).toEqual([]);
    const tables = await runInDurableObject(stub, (_log, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'records'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test('200 records at once get 200 numbers, in order and without a gap', async () => {
    const stub = open();
    const entries = await Promise.all(Array.from({ length: 200 }, () => entryOf()));
    const recorded = await Promise.all(entries.map((entry) => stub.record(entry)));
    const expected = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(recorded.map(({ seq }) => seq)).toEqual(expected);
    expect(seqs(await readAll(stub, 33))).toEqual(expected);
  });

  test('of 50 records of one token there is one', async () => {
    const stub = open();
    const entry = await entryOf();
    const recorded = await Promise.all(Array.from({ length: 50 }, () => stub.record(entry)));
    expect(new Set(recorded.map(({ seq }) => seq))).toEqual(new Set([1]));
    expect((await stub.since(issuer, 0, 10)).records).toHaveLength(1);
  });

  test('a repeated record whose end is later gets a number of its own, an earlier one does not', async () => {
    const stub = open();
    const entry = await entryOf();
    expect(await stub.record(entry)).toMatchObject({ seq: 1 });
    expect(await stub.record({ ...entry, exp: entry.exp - 100 })).toMatchObject({ seq: 1 });
    expect(await stub.record({ ...entry, exp: entry.exp + 100 })).toMatchObject({ seq: 2 });
    expect((await stub.since(issuer, 0, 10)).records).toEqual([
      { seq: 2, kind: 'token', h: entry.hash, exp: entry.exp + 100 },
    ]);
  });

  test('a record that stands until it is lifted cannot be shortened', async () => {
    const stub = open();
    const entry = await entryOf({ kind: 'agent', value: 'planner', exp: untilLifted });
    await stub.record(entry);
    expect(await stub.record({ ...entry, exp: now() + 60 })).toMatchObject({ seq: 1 });
    expect((await stub.since(issuer, 0, 10)).records[0]?.exp).toBe(untilLifted);
  });

  test('an earlier time adds nothing to a later one', async () => {
    const stub = open();
    const entry = await entryOf({ kind: 'before', value: '', before: now() });
    await stub.record(entry);
    expect(await stub.record({ ...entry, before: now() - 100 })).toMatchObject({ seq: 1 });
    await stub.record({ ...entry, before: now() - 100, exp: entry.exp + 50 });
    expect((await stub.since(issuer, 0, 10)).records).toEqual([
      { seq: 2, kind: 'before', h: entry.hash, before: entry.before, exp: entry.exp + 50 },
    ]);
  });

  test('lifting is a record for who knows the log, and nothing for who begins', async () => {
    const stub = open();
    const entry = await entryOf({ kind: 'agent', value: 'planner', exp: untilLifted });
    await stub.record(entry);
    const lift = { ...entry, exp: now() - 1 };
    expect(await stub.record(lift)).toMatchObject({ seq: 2 });
    expect(await stub.record({ ...lift, exp: now() - 9 })).toMatchObject({ seq: 2 });
    expect((await stub.since(issuer, 1, 10)).records).toEqual([
      { seq: 2, kind: 'agent', h: entry.hash, exp: lift.exp },
    ]);
    expect(await stub.since(issuer, 0, 10)).toMatchObject({ seq: 2, full: true, records: [] });
    expect(await stub.record(entry)).toMatchObject({ seq: 3 });
    expect((await stub.since(issuer, 0, 10)).records[0]).toMatchObject({
      seq: 3,
      exp: untilLifted,
    });
  });

  test('lifting what was never revoked records nothing', async () => {
    const stub = open();
    const lift = await entryOf({ kind: 'agent', value: 'planner', exp: now() - 1 });
    expect(await stub.record(lift)).toMatchObject({ seq: 0 });
    await stub.record(await entryOf());
    expect(await stub.record(lift)).toMatchObject({ seq: 1 });
    expect(await stub.list(0, 10)).toHaveLength(1);
  });

  test('lifting is still told to who slept for months', async () => {
    const stub = open();
    const entry = await entryOf({ kind: 'agent', value: 'planner', exp: untilLifted });
    await stub.record(entry);
    await stub.record({ ...entry, exp: now() - 1 });
    advanceClock(200 * 86_400_000);
    await runDurableObjectAlarm(stub);
    expect((await stub.since(issuer, 1, 10)).records).toHaveLength(1);
    // The record that it lifted is history, and gone
    expect((await stub.list(0, 10)).map(({ seq }) => seq)).toEqual([2]);
  });

  test('pages are bounded, say whether more follows, and only the first is a snapshot', async () => {
    const stub = open();
    for (let index = 0; index < 5; index++) await stub.record(await entryOf());
    const pages = await readAll(stub, 2);
    expect(pages.map(({ seq, full, more }) => ({ seq, full, more }))).toEqual([
      { seq: 2, full: true, more: true },
      { seq: 4, full: false, more: true },
      { seq: 5, full: false, more: false },
    ]);
    expect(await stub.since(issuer, 5, 2)).toMatchObject({ seq: 5, full: false, records: [] });
  });

  test('a number that was never given gets a snapshot that shows how far back the log is', async () => {
    const stub = open();
    await stub.record(await entryOf());
    const page = await stub.since(issuer, 7, 10);
    expect(page).toMatchObject({ seq: 1, full: true });
    expect(page.records).toHaveLength(1);
  });

  test('a record outlives the last token that it covers, and not by much', async () => {
    const stub = open();
    const entry = await entryOf({ exp: now() + 3720 });
    await stub.record(entry);
    advanceClock(3_719_000);
    await runDurableObjectAlarm(stub);
    expect((await stub.list(0, 10)).map(({ seq }) => seq)).toEqual([1]);
    advanceClock(12_000);
    await runDurableObjectAlarm(stub);
    expect(await stub.list(0, 10)).toEqual([]);
    expect(await stub.since(issuer, 0, 10)).toMatchObject({ seq: 1, records: [] });
    // Numbers are not given twice
    expect(await stub.record(await entryOf())).toMatchObject({ seq: 2 });
  });

  test('what was recorded, and the next number, survive eviction', async () => {
    const stub = open();
    const entry = await entryOf({ reason: 'lost laptop', by: 'operator' });
    await stub.record(entry);
    await evictDurableObject(stub);
    expect(await stub.list(0, 10)).toEqual([
      {
        seq: 1,
        recorded_at: expect.any(Number) as number,
        kind: 'token',
        issuer,
        value: entry.value,
        hash: entry.hash,
        before: null,
        exp: entry.exp,
        reason: 'lost laptop',
        by: 'operator',
      },
    ]);
    expect(await stub.record(entry)).toMatchObject({ seq: 1 });
    await evictDurableObject(stub);
    expect(await stub.record(await entryOf())).toMatchObject({ seq: 2 });
  });

  test('with 100,000 records it adds, repeats and pages without looking at all of them', async () => {
    const stub = open();
    await stub.record(await entryOf());
    await runInDurableObject(stub, (_log, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
         INSERT INTO records (seq, kind, issuer, value, hash, exp, recorded_at, purge_at)
         SELECT i, 'token', 'i', 'v' || i, 'h' || i, ?, ?, ? FROM n`,
        now() + 3600,
        now(),
        now() + 3600,
      );
      sql.exec('UPDATE head SET seq = 100001');
    });
    const entry = await entryOf();
    const read = await runInDurableObject(stub, async (log, { storage: { sql } }) => {
      const rowsRead = (work: () => unknown): number => {
        let rows = 0;
        const { exec } = sql;
        // What each statement reads, as the runtime counts it
        const spied = vi.spyOn(sql, 'exec').mockImplementation((...args) => {
          const cursor = exec.apply(sql, args);
          const all = cursor.toArray();
          rows += cursor.rowsRead;
          return { toArray: () => all, one: () => all[0] } as unknown as ReturnType<typeof exec>;
        });
        work();
        spied.mockRestore();
        return rows;
      };
      return {
        since: rowsRead(() => log.since(issuer, 50_000, 1000)),
        head: rowsRead(() => log.since(issuer, 100_001, 1000)),
        list: rowsRead(() => log.list(99_000, 100)),
        record: rowsRead(() => void log.record(entry)),
      };
    });
    expect(read.since).toBeGreaterThan(999);
    expect(read.since).toBeLessThan(2500);
    expect(read.head).toBeLessThan(20);
    expect(read.list).toBeLessThan(250);
    expect(read.record).toBeLessThan(60);
    expect(await stub.record(entry)).toMatchObject({ seq: 100_002 });
  });
});

describe('recordRevocation()', () => {
  test('records in the log of its issuer, under the hash of what it names', async () => {
    const config = { issuer: `https://${freshName('gate')}.example` };
    const expiresAt = now() + 60;
    const other = 'https://other.example';
    const request = { kind: 'session', value: 'run-1', issuer: other, expiresAt } as const;
    expect(await recordRevocation(env, config, request)).toEqual({
      seq: 1,
      recorded_at: expect.any(Number) as number,
    });
    const page = await env.REVOCATION_LOG.getByName(config.issuer).since(config.issuer, 0, 10);
    const h = await revocationHash({ kind: 'session', issuer: other, value: 'run-1' });
    expect(page.records).toEqual([{ seq: 1, kind: 'session', h, exp: expiresAt }]);
  });

  test('a signing key is revoked until it is lifted, whatever end it is given', async () => {
    const config = { issuer: `https://${freshName('gate')}.example` };
    const key = { kind: 'key', value: 'k' } as const;
    await recordRevocation(env, config, { ...key, expiresAt: now() + 60 });
    const stub = env.REVOCATION_LOG.getByName(config.issuer);
    expect((await stub.since(config.issuer, 0, 1)).records[0]?.exp).toBe(untilLifted);
    await recordRevocation(env, config, { ...key, expiresAt: 0 });
    expect((await stub.since(config.issuer, 0, 1)).records).toEqual([]);
  });
});
