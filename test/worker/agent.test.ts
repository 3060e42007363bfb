// Agent: the ledger under concurrency, eviction and time, and a whole publish through real objects

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/verify/index.ts';
import type { LedgerEntry } from '../../worker/authority/agent/nonce_store.ts';
import type { BusMessage } from '../../worker/bus/bus.ts';
import { createDurableBus } from '../../worker/bus/durable.ts';
import { publishOnce } from '../../worker/bus/publish.ts';
import type { Agent } from '../../worker/index.ts';
import { advanceClock, freshName, makeMessage } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const nonce = '0123456789abcdef';
const entryOf = ({ id, digest, to, expiresAt }: BusMessage): LedgerEntry => ({
  nonce,
  id,
  digest,
  to,
  expiresAt,
});

function open(): { readonly sender: string; readonly stub: DurableObjectStub<Agent> } {
  const sender = freshName('planner');
  return { sender, stub: env.AGENT.getByName(sender) };
}

const kinds = (reservations: readonly { readonly kind: string }[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind } of reservations) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

const bus = createDurableBus(env);

/** Publishes as the gateway does, and waits for what it left for afterwards. */
async function publish(message: BusMessage): Promise<string> {
  const deferred: Promise<unknown>[] = [];
  const result = await publishOnce(message, nonce, {
    ledger: env.AGENT.getByName(message.sender),
    bus,
    defer: (work) => deferred.push(work),
  }).then(
    () => 'accepted',
    (error: unknown) => (error instanceof TokenError ? error.code : String(error)),
  );
  await Promise.all(deferred);
  return result;
}

const tally = (values: readonly string[]): Record<string, number> =>
  kinds(values.map((kind) => ({ kind })));

describe('Agent', () => {
  test('of 50 messages with one nonce grants one, and the others hear its outcome', async () => {
    const { stub } = open();
    const entries = Array.from({ length: 50 }, () => entryOf(makeMessage()));
    const pending = entries.map((entry) => stub.reserve(entry));
    expect(await pending[0]).toMatchObject({ kind: 'granted' });
    await stub.commit(entries[0] ?? entryOf(makeMessage()));
    expect(kinds(await Promise.all(pending))).toEqual({ granted: 1, replayed: 49 });
  });

  test('a nonce that is given back goes to exactly one of those who wait', async () => {
    const { stub } = open();
    const entries = Array.from({ length: 5 }, () => entryOf(makeMessage()));
    const pending = entries.map((entry) => stub.reserve(entry));
    await pending[0];
    await stub.release(entries[0] ?? entryOf(makeMessage()));
    const next = await Promise.race(pending.slice(1));
    expect(next.kind).toBe('granted');
    const granted = await stub.reserve(entries[0] ?? entryOf(makeMessage()));
    expect(granted.kind).toBe('busy');
    expect(kinds(await Promise.all(pending))).toEqual({ granted: 2, busy: 3 });
  });

  test('keeps reservations and used nonces when it is evicted', async () => {
    const { stub } = open();
    const [used, open2] = [entryOf(makeMessage()), { ...entryOf(makeMessage()), nonce: 'b' }];
    await stub.reserve(used);
    await stub.commit(used);
    await stub.reserve(open2);
    await evictDurableObject(stub);
    expect(await stub.reserve(used)).toEqual({ kind: 'stored' });
    advanceClock(13_000);
    const rival = { ...entryOf(makeMessage()), nonce: 'b' };
    expect(await stub.reserve(rival)).toMatchObject({ kind: 'unresolved' });
  });

  test('its alarm forgets what expired, and then everything', async () => {
    const { stub } = open();
    await stub.reserve(entryOf(makeMessage()));
    advanceClock(310_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    // It still knows up to when it forgot, for a clock that was ahead
    expect((await stub.reserve(entryOf(makeMessage({ expiresAt: 0 })))).kind).toBe('replayed');
    advanceClock(610_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const left = await runInDurableObject(stub, (_agent, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'nonces'").toArray(),
    );
    expect(left).toEqual([]);
  });
});

describe('publishOnce() through the embedded bus', () => {
  test('of 50 messages with one nonce stores one', async () => {
    const { sender } = open();
    const to = freshName('worker');
    const results = await Promise.all(
      Array.from({ length: 50 }, () => publish(makeMessage({ sender, to }))),
    );
    expect(tally(results)).toEqual({ accepted: 1, message_replayed: 49 });
    expect((await bus.status(to)).queued).toBe(1);
  });

  test('of 50 copies of one message accepts all and stores one', async () => {
    const { sender } = open();
    const message = makeMessage({ sender, to: freshName('worker') });
    const results = await Promise.all(Array.from({ length: 50 }, () => publish(message)));
    expect(tally(results)).toEqual({ accepted: 50 });
    expect((await bus.status(message.to)).queued).toBe(1);
  });

  test.each(['worker', '*'])('a crash before %s stored it burns nothing', async (kind) => {
    const { sender, stub } = open();
    const to = kind === '*' ? '*' : freshName(kind);
    const lost = makeMessage({ sender, to });
    const grant = await stub.reserve(entryOf(lost));
    await evictDurableObject(stub);
    advanceClock(13_000);
    expect(await publish(makeMessage({ sender, to: freshName('worker') }))).toBe('accepted');
    // The attempt that was thought dead comes to life, too late
    const storeBefore = grant.kind === 'granted' ? grant.storeBefore : 0;
    expect(await bus.publish(lost, storeBefore)).toBe('late');
    expect(await publish(lost)).toBe('message_replayed');
  });

  test.each(['worker', '*'])('a crash after %s stored it loses nothing', async (kind) => {
    const { sender, stub } = open();
    const stored = makeMessage({ sender, to: kind === '*' ? '*' : freshName(kind) });
    await stub.reserve(entryOf(stored));
    await bus.publish(stored, Date.now() + 10_000);
    await evictDurableObject(stub);
    advanceClock(13_000);
    const rival = makeMessage({ sender, to: freshName('worker') });
    expect(await publish(rival)).toBe('message_replayed');
    expect((await bus.status(rival.to)).queued).toBe(0);
    expect(await publish(stored)).toBe('accepted');
    if (kind !== '*') expect((await bus.status(stored.to)).queued).toBe(1);
  });

  test('the same message again after a crash is stored at once', async () => {
    const { sender, stub } = open();
    const message = makeMessage({ sender, to: freshName('worker') });
    await stub.reserve(entryOf(message));
    await evictDurableObject(stub);
    expect(await publish(message)).toBe('accepted');
    expect((await bus.status(message.to)).queued).toBe(1);
  });

  test('a full mailbox takes nothing, and the nonce stays free', async () => {
    const { sender } = open();
    const to = freshName('worker');
    await publish(makeMessage({ sender, to }));
    await runInDurableObject(env.MAILBOX.getByName(to), (_mailbox, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO messages (sender, id, digest, sent_at, expires_at, via, size, body)
         SELECT 'flood', i, 'd', 0, ?, '[]', 2, '{}' FROM n`,
        Date.now() + 300_000,
      );
    });
    const other = open().sender;
    expect(await publish(makeMessage({ sender: other, to }))).toBe('rate_limited');
    expect(await publish(makeMessage({ sender: other, to: freshName('worker') }))).toBe('accepted');
  });
});
