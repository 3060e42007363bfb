// Outbox: a broadcast is stored once, and reaches every mailbox that was known, whatever happens

import { env } from 'cloudflare:workers';
import {
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MailboxMessage } from '../../worker/bus/mailbox_store.ts';
import { outboxStub } from '../../worker/bus/outbox.ts';
import type { Outbox } from '../../worker/index.ts';
import { advanceClock, freshName, makeCopy } from './support.ts';

beforeEach(() => reset());
afterEach(() => {
  vi.useRealTimers();
});

const soon = (): number => Date.now() + 20_000;

async function makeKnown(owner: string): Promise<string> {
  await env.MAILBOX.getByName(owner).lease(owner, 1);
  return owner;
}

const makeKnownMany = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => makeKnown(freshName('worker'))));

function open(changes: Partial<MailboxMessage> = {}) {
  const message = makeCopy({ sender: freshName('planner'), ...changes });
  return { message, stub: outboxStub(env.OUTBOX, message.sender, message.id) };
}

const queued = async (owner: string): Promise<number> =>
  (await env.MAILBOX.getByName(owner).depth(owner)).queued;

interface State {
  readonly cursor: number;
  readonly done: boolean;
  readonly retries: number;
}

const stateOf = (stub: DurableObjectStub<Outbox>): Promise<State> =>
  runInDurableObject(stub, (_outbox, { storage: { sql } }) => {
    const { cursor, body } = sql.exec('SELECT cursor, body FROM broadcast').one();
    const { n } = sql.exec('SELECT count(*) AS n FROM retries').one();
    return { cursor: Number(cursor), done: body === null, retries: Number(n) };
  });

/** Runs alarms until everything is delivered; between them does what a test wants to happen. */
async function deliver(
  stub: DurableObjectStub<Outbox>,
  between?: (stub: DurableObjectStub<Outbox>) => Promise<void>,
): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds++) {
    await runDurableObjectAlarm(stub);
    if ((await stateOf(stub)).done) return;
    await between?.(stub);
  }
  throw new Error('The broadcast does not come to an end');
}

describe('Outbox', () => {
  test('delivers to every known mailbox but the sender’s own', async () => {
    const { message, stub } = open();
    const owners = await makeKnownMany(3);
    await makeKnown(message.sender);
    expect(await stub.store(message, soon())).toBe('stored');
    await deliver(stub);
    expect(await Promise.all(owners.map(queued))).toEqual([1, 1, 1]);
    expect(await queued(message.sender)).toBe(0);
  });

  test('does not deliver to a mailbox that became known after acceptance', async () => {
    const { message, stub } = open();
    await makeKnownMany(1);
    await stub.store(message, soon());
    const late = await makeKnown(freshName('worker'));
    await deliver(stub);
    expect(await queued(late)).toBe(0);
  });

  test('goes on in batches, also when it is evicted between them', async () => {
    const owners = await makeKnownMany(230);
    const { message, stub } = open();
    await stub.store(message, soon());
    await deliver(stub, (outbox) => evictDurableObject(outbox));
    expect(new Set(await Promise.all(owners.map(queued)))).toEqual(new Set([1]));
  });

  test('a batch that is delivered again is delivered once', async () => {
    const owners = await makeKnownMany(5);
    const { message, stub } = open();
    await stub.store(message, soon());
    await runDurableObjectAlarm(stub);
    await runInDurableObject(stub, (_outbox, { storage: { sql } }) => {
      sql.exec('UPDATE broadcast SET cursor = 0, body = ?', message.body);
    });
    await deliver(stub);
    expect(new Set(await Promise.all(owners.map(queued)))).toEqual(new Set([1]));
  });

  test('tries a full mailbox again until there is room', async () => {
    const [owner = ''] = await makeKnownMany(2);
    const { message, stub } = open();
    const mailbox = env.MAILBOX.getByName(owner);
    await runInDurableObject(mailbox, (_mailbox, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO messages (sender, id, digest, sent_at, expires_at, via, size, body)
         SELECT 'flood', i, 'd', 0, ?, '[]', 2, '{}' FROM n`,
        message.expiresAt,
      );
    });
    await stub.store(message, soon());
    await runDurableObjectAlarm(stub);
    expect(await stateOf(stub)).toMatchObject({ done: false, retries: 1 });
    await runInDurableObject(mailbox, (_mailbox, { storage: { sql } }) => {
      sql.exec("DELETE FROM messages WHERE sender = 'flood'");
    });
    advanceClock(2_000);
    await deliver(stub);
    expect(await queued(owner)).toBe(1);
  });

  test('stores one of 20 that come at once, and knows it afterwards', async () => {
    const { message, stub } = open();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => stub.store(message, soon())),
    );
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19);
    await deliver(stub);
    await evictDurableObject(stub);
    expect(await stub.store(message, soon())).toBe('duplicate');
    expect(await stub.store({ ...message, digest: 'x' }, soon())).toBe('conflict');
    expect(await stub.holds(message.digest)).toBe(true);
    expect(await stub.holds('x')).toBe(false);
  });

  test('stores nothing that is expired, or after its grant is over', async () => {
    const expired = open({ expiresAt: Date.now() - 1 });
    expect(await expired.stub.store(expired.message, soon())).toBe('expired');
    const late = open();
    expect(await late.stub.store(late.message, Date.now() - 1)).toBe('late');
    expect(await late.stub.holds(late.message.digest)).toBe(false);
  });

  test('an expired broadcast is not delivered, and its outbox empties itself', async () => {
    const [owner = ''] = await makeKnownMany(1);
    const { message, stub } = open();
    await runInDurableObject(stub, async (outbox, { storage }) => {
      await outbox.store(message, soon());
      await storage.setAlarm(Date.now() + 60_000);
    });
    advanceClock(300_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await queued(owner)).toBe(0);
    expect(await stub.holds(message.digest)).toBe(false);
  });
});
