// Mailbox: what survives eviction, who is woken, and when a mailbox is known and forgotten

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Mailbox } from '../../worker/index.ts';
import { advanceClock, directory, freshName, makeCopy } from './support.ts';

const minute = 60_000;
const hour = 60 * minute;

afterEach(() => {
  vi.useRealTimers();
});

const soon = (): number => Date.now() + 20_000;

function open(): { readonly owner: string; readonly stub: DurableObjectStub<Mailbox> } {
  const owner = freshName('worker');
  return { owner, stub: env.MAILBOX.getByName(owner) };
}

const known = async (owner: string): Promise<boolean> =>
  (await directory().list('', 100_000)).includes(owner);

const tables = (stub: DurableObjectStub<Mailbox>): Promise<unknown[]> =>
  runInDurableObject(stub, (_mailbox, { storage: { sql } }) =>
    sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
  );

describe('Mailbox', () => {
  test('keeps messages and leases when it is evicted', async () => {
    const { owner, stub } = open();
    const [first, second] = [makeCopy({ body: '1' }), makeCopy({ body: '2' })];
    await stub.store(owner, first, soon());
    await stub.store(owner, second, soon());
    expect((await stub.lease(owner, 1)).map(({ body }) => body)).toEqual(['1']);
    await evictDurableObject(stub);
    expect(await stub.depth(owner)).toEqual({ mailbox: owner, queued: 1, leased: 1 });
    expect((await stub.lease(owner, 9)).map(({ body }) => body)).toEqual(['2']);
    await stub.acknowledge(first.id, undefined);
    await evictDurableObject(stub);
    expect(await stub.store(owner, first, soon())).toBe('duplicate');
    expect(await stub.depth(owner)).toEqual({ mailbox: owner, queued: 0, leased: 1 });
  });

  test('stores one of 50 copies that come at once', async () => {
    const { owner, stub } = open();
    const message = makeCopy();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => stub.store(owner, message, soon())),
    );
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(49);
    expect(await stub.lease(owner, 100)).toHaveLength(1);
  });

  test('leases each message to one of 20 consumers that ask at once', async () => {
    const { owner, stub } = open();
    for (let at = 0; at < 30; at++) await stub.store(owner, makeCopy({ body: `${at}` }), soon());
    const leases = await Promise.all(Array.from({ length: 20 }, () => stub.lease(owner, 2)));
    const bodies = leases.flat().map(({ body }) => body);
    expect(new Set(bodies).size).toBe(30);
    expect(bodies).toHaveLength(30);
  });

  test('returns a lease that ended', async () => {
    const { owner, stub } = open();
    await stub.store(owner, makeCopy(), soon());
    await stub.lease(owner, 1);
    advanceClock(30_000);
    expect(await stub.lease(owner, 1)).toHaveLength(1);
  });

  test('wakes who waits when a message is stored', async () => {
    const { owner, stub } = open();
    const waiting = Array.from({ length: 3 }, () => stub.wait(Date.now() + 10 * minute));
    await stub.store(owner, makeCopy(), soon());
    expect(await Promise.all(waiting)).toEqual([true, true, true]);
  });

  test('wakes who waits when the time is up, and at once when there is something', async () => {
    const { owner, stub } = open();
    expect(await stub.wait(Date.now() + 5)).toBe(true);
    await stub.store(owner, makeCopy(), soon());
    expect(await stub.wait(Date.now() + 10 * minute)).toBe(true);
  });

  test('wakes who waits when a lease ends', async () => {
    const { owner, stub } = open();
    await stub.store(owner, makeCopy(), soon());
    await stub.lease(owner, 1);
    advanceClock(30_000 - 5);
    expect(await stub.wait(Date.now() + 10 * minute)).toBe(true);
  });

  test('does not let more than 100 wait', async () => {
    const { owner, stub } = open();
    const waiting = Array.from({ length: 100 }, () => stub.wait(Date.now() + 10 * minute));
    expect(await stub.wait(Date.now() + 10 * minute)).toBe(false);
    await stub.store(owner, makeCopy(), soon());
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  });

  test('comes into being at a first send, and is forgotten when nobody reads it', async () => {
    const { owner, stub } = open();
    expect(await known(owner)).toBe(false);
    await stub.store(owner, makeCopy(), soon());
    expect(await known(owner)).toBe(true);
    advanceClock(hour + minute);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await known(owner)).toBe(false);
    expect(await tables(stub)).toEqual([]);
    expect(await stub.store(owner, makeCopy(), soon())).toBe('stored');
    expect(await known(owner)).toBe(true);
  });

  test('stays known for a day after its owner asked, whether or not there is mail', async () => {
    const { owner, stub } = open();
    await stub.lease(owner, 1);
    expect(await known(owner)).toBe(true);
    advanceClock(23 * hour);
    await runDurableObjectAlarm(stub);
    expect(await known(owner)).toBe(true);
    expect(await stub.storeCopy(makeCopy())).toBe('stored');
    await stub.lease(owner, 1);
    advanceClock(23 * hour);
    await runDurableObjectAlarm(stub);
    expect(await known(owner)).toBe(true);
    advanceClock(2 * hour);
    await runDurableObjectAlarm(stub);
    expect(await known(owner)).toBe(false);
  });

  test('keeps what it holds when it is no longer known', async () => {
    const { owner, stub } = open();
    await stub.store(owner, makeCopy({ expiresAt: Date.now() + 2 * hour }), soon());
    advanceClock(hour + minute);
    await runDurableObjectAlarm(stub);
    expect(await known(owner)).toBe(false);
    expect(await stub.lease(owner, 1)).toHaveLength(1);
    expect(await known(owner)).toBe(true);
  });

  test('takes no copy of a broadcast while it is not known, and writes nothing', async () => {
    const { owner, stub } = open();
    expect(await stub.storeCopy(makeCopy())).toBe('gone');
    expect(await stub.depth(owner)).toEqual({ mailbox: owner, queued: 0, leased: 0 });
    expect(await stub.holds('planner', 'id', 'd')).toBe(false);
    await stub.acknowledge('id', undefined);
    expect(await tables(stub)).toEqual([]);
    expect(await known(owner)).toBe(false);
  });

  test('its alarm purges what expired, and goes on for the rest', async () => {
    const { owner, stub } = open();
    await stub.store(owner, makeCopy({ expiresAt: Date.now() + minute }), soon());
    await stub.store(owner, makeCopy({ expiresAt: Date.now() + 30 * minute }), soon());
    const rows = (): Promise<number> =>
      runInDurableObject(stub, (_mailbox, { storage: { sql } }) =>
        Number(sql.exec('SELECT count(*) AS n FROM messages').one()['n']),
      );
    advanceClock(2 * minute);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rows()).toBe(1);
    advanceClock(30 * minute);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rows()).toBe(0);
  });
});
