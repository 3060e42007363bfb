// The contract of buses: what every bus must do, as cases that each of them runs

import { describe, expect, test } from 'vitest';
import type { BusMessage, Delivery } from '../../worker/bus/bus.ts';
import { createBus, type Carrier } from '../../worker/bus/carrier.ts';
import { sha256 } from '../../worker/bus/envelope.ts';

/** A bus under test. */
export interface BusUnderTest {
  readonly carrier: Carrier;
  /** Returns when the leases that were given are over. */
  readonly endLeases: () => Promise<void>;
}

const patience = 20_000;
const later = (): number => Date.now() + patience;
const unique = (prefix: string): string => `${prefix}-${crypto.randomUUID()}`;

/** A message of its own that is good for five minutes, with the digest of its body. */
async function makeMessage(to: string, changes: Partial<BusMessage> = {}): Promise<BusMessage> {
  const now = Date.now();
  const id = crypto.randomUUID();
  const body = changes.body ?? `{"id":"${id}"}`;
  const times = { sentAt: now, expiresAt: now + 300_000 };
  const digest = await sha256(new TextEncoder().encode(body));
  return { sender: 'planner', via: [], to, id, digest, ...times, body, ...changes };
}

const bodies = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ body }) => body);

/** Leases until so many messages have come; those that come late are waited for. */
async function leaseAll(carrier: Carrier, mailbox: string, count: number): Promise<string[]> {
  const found: string[] = [];
  const end = later();
  while (found.length < count && Date.now() < end) {
    found.push(...bodies(await carrier.lease(mailbox, 100)));
    if (found.length < count) await carrier.wait(mailbox, Date.now() + 100);
  }
  return found;
}

async function publishAll(carrier: Carrier, messages: readonly BusMessage[]): Promise<void> {
  for (const message of messages) expect(await carrier.publish(message, later())).toBe('stored');
}

/** Declares the contract's tests for a bus. `open` is called in each test. */
export function describeBus(name: string, open: () => BusUnderTest): void {
  describe(`${name} keeps the contract of buses`, () => {
    test('delivers what was sent byte for byte, with who sent it and for whom', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const body = ' {"a" : "\\u00e4 \u00e4 \u{1f600} \\n","z":[1.0,1e2 ],\t"a":2}\n';
      const via = ['broker', 'agents/a:b@c.d'];
      await publishAll(carrier, [await makeMessage(to, { body, via, sender: 'team/planner' })]);
      const before = Date.now();
      const [delivery] = await carrier.lease(to, 10);
      expect(delivery).toMatchObject({ sender: 'team/planner', via, body });
      expect(delivery?.leaseUntil).toBeGreaterThan(before);
      expect(await carrier.lease(to, 10)).toEqual([]);
    });

    test('stores the same message once, and knows it again when it was acknowledged', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const message = await makeMessage(to);
      expect(await carrier.publish(message, later())).toBe('stored');
      expect(await carrier.publish(message, later())).toBe('duplicate');
      expect(await carrier.lease(to, 10)).toHaveLength(1);
      await carrier.acknowledge(to, message.id);
      expect(await carrier.publish(message, later())).toBe('duplicate');
      expect(await carrier.lease(to, 10)).toEqual([]);
    });

    test('stores one of 20 copies that come at once', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const message = await makeMessage(to);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => carrier.publish(message, later())),
      );
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19);
      expect(await carrier.lease(to, 10)).toHaveLength(1);
    });

    test("refuses a sender's id with other bytes, and takes it from another sender", async () => {
      const { carrier } = open();
      const to = unique('worker');
      const first = await makeMessage(to, { body: '1' });
      const { id } = first;
      await publishAll(carrier, [first]);
      const other = await makeMessage(to, { id, body: '2' });
      expect(await carrier.publish(other, later())).toBe('conflict');
      await publishAll(carrier, [await makeMessage(to, { id, body: '3', sender: 'stranger' })]);
      expect((await leaseAll(carrier, to, 2)).toSorted()).toEqual(['1', '3']);
      await carrier.acknowledge(to, id);
      expect(await carrier.publish(other, later())).toBe('conflict');
    });

    test('stores nothing that came too late or has expired', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const now = Date.now();
      expect(await carrier.publish(await makeMessage(to), now - 1)).toBe('late');
      const expired = await makeMessage(to, { sentAt: now - 2000, expiresAt: now - 1000 });
      expect(await carrier.publish(expired, later())).toBe('expired');
      expect(await carrier.lease(to, 10)).toEqual([]);
      expect(await carrier.holds(expired)).toBe(false);
    });

    test('tells what it holds, and held', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const message = await makeMessage(to);
      expect(await carrier.holds(message)).toBe(false);
      await publishAll(carrier, [message]);
      expect(await carrier.holds(message)).toBe(true);
      expect(await carrier.holds({ ...message, digest: 'f'.repeat(64) })).toBe(false);
      expect(await carrier.holds({ ...message, sender: 'stranger' })).toBe(false);
      await carrier.lease(to, 1);
      await carrier.acknowledge(to, message.id);
      expect(await carrier.holds(message)).toBe(true);
    });

    test('asking whether it holds a message stores none', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const message = await makeMessage(to);
      expect(await carrier.holds(message)).toBe(false);
      expect(await carrier.lease(to, 10)).toEqual([]);
      await publishAll(carrier, [message]);
      expect(await carrier.lease(to, 10)).toHaveLength(1);
    });

    test('leases in order of time', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const now = Date.now();
      const at = (sentAt: number, body: string) => makeMessage(to, { sentAt, body });
      await publishAll(carrier, [
        await at(now + 20, '3'),
        await at(now - 40, '1'),
        await at(now, '2'),
      ]);
      expect(bodies(await carrier.lease(to, 10))).toEqual(['1', '2', '3']);
    });

    test('leases each message to one of ten that ask at once', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const all = Array.from({ length: 15 }, (_, at) => String(at));
      await publishAll(carrier, await Promise.all(all.map((body) => makeMessage(to, { body }))));
      const leases = await Promise.all(Array.from({ length: 10 }, () => carrier.lease(to, 2)));
      expect(bodies(leases.flat()).toSorted()).toEqual(all.toSorted());
    });

    test('a lease that ended comes again, unless it was acknowledged', async () => {
      const { carrier, endLeases } = open();
      const to = unique('worker');
      const [kept, done] = [await makeMessage(to), await makeMessage(to)];
      await publishAll(carrier, [kept, done]);
      const [first] = await carrier.lease(to, 2);
      expect(await carrier.lease(to, 2)).toEqual([]);
      await carrier.acknowledge(to, done.id, 'planner');
      await endLeases();
      const [again] = await leaseAll(carrier, to, 1);
      expect(again).toBe(kept.body);
      expect(first).toBeDefined();
      expect(await carrier.lease(to, 2)).toEqual([]);
    });

    test('acknowledges when the lease is over too', async () => {
      const { carrier, endLeases } = open();
      const to = unique('worker');
      const message = await makeMessage(to);
      await publishAll(carrier, [message]);
      expect(await carrier.lease(to, 1)).toHaveLength(1);
      await endLeases();
      await carrier.acknowledge(to, message.id);
      expect(await carrier.lease(to, 1)).toEqual([]);
    });

    test('acknowledges what was leased, of the sender that is named, and nothing else', async () => {
      const { carrier, endLeases } = open();
      const to = unique('worker');
      const id = crypto.randomUUID();
      const [mine, theirs] = [
        await makeMessage(to, { id, body: '1', sender: 'one' }),
        await makeMessage(to, { id, body: '2', sender: 'two' }),
      ];
      await publishAll(carrier, [mine]);
      await carrier.acknowledge(to, id);
      await carrier.acknowledge(to, crypto.randomUUID());
      expect(bodies(await carrier.lease(to, 10))).toEqual(['1']);
      await publishAll(carrier, [theirs]);
      await carrier.acknowledge(to, id, 'two');
      await carrier.acknowledge(unique('worker'), id);
      await endLeases();
      expect((await leaseAll(carrier, to, 2)).toSorted()).toEqual(['1', '2']);
      await carrier.acknowledge(to, id, 'two');
      await endLeases();
      expect(await leaseAll(carrier, to, 1)).toEqual(['1']);
    });

    test('never delivers what has expired', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const expiresAt = Date.now() + 1500;
      await publishAll(carrier, [
        await makeMessage(to, { body: '1', expiresAt }),
        await makeMessage(to, { body: '2' }),
      ]);
      while (Date.now() <= expiresAt) await carrier.wait(unique('clock'), expiresAt + 1);
      expect(bodies(await carrier.lease(to, 10))).toEqual(['2']);
    });

    test('a broadcast reaches every known mailbox but its sender, once', async () => {
      const { carrier } = open();
      const [sender, reader, addressed] = [unique('sender'), unique('reader'), unique('addressed')];
      await carrier.lease(sender, 1);
      await carrier.lease(reader, 1);
      await publishAll(carrier, [await makeMessage(addressed, { body: 'direct' })]);
      const message = await makeMessage('*', { sender, body: 'to all' });
      expect(await carrier.holds(message)).toBe(false);
      expect(await carrier.publish(message, later())).toBe('stored');
      expect(await carrier.publish(message, later())).toBe('duplicate');
      expect(await carrier.holds(message)).toBe(true);
      expect(await leaseAll(carrier, reader, 1)).toEqual(['to all']);
      expect((await leaseAll(carrier, addressed, 2)).toSorted()).toEqual(['direct', 'to all']);
      await carrier.acknowledge(reader, message.id);
      expect(await carrier.publish(message, later())).toBe('duplicate');
      expect(await carrier.lease(reader, 10)).toEqual([]);
      expect(await carrier.lease(sender, 10)).toEqual([]);
      expect(await carrier.lease(unique('newcomer'), 10)).toEqual([]);
      const other = await makeMessage('*', { sender, id: message.id, body: 'another' });
      expect(await carrier.publish(other, later())).toBe('conflict');
    });

    test('wakes who waits when a message comes, and at once when one is there', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const receiving = createBus(carrier).receive(to, {
        max: 10,
        waitUntil: later(),
        beforeLease: async () => undefined,
      });
      await carrier.wait(to, Date.now() + 50);
      await publishAll(carrier, [await makeMessage(to, { body: '1' })]);
      expect(bodies(await receiving)).toEqual(['1']);
      await publishAll(carrier, [await makeMessage(to, { body: '2' })]);
      const began = Date.now();
      expect(await carrier.wait(to, later())).toBe(true);
      expect(Date.now() - began).toBeLessThan(patience / 2);
    });

    test('asks before it leases after a wait, and leases nothing when the answer is no', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const receiving = createBus(carrier).receive(to, {
        max: 10,
        waitUntil: later(),
        beforeLease: () => Promise.reject(new Error('no longer')),
      });
      const outcome = receiving.catch((error: unknown) => error);
      await carrier.wait(to, Date.now() + 50);
      await publishAll(carrier, [await makeMessage(to, { body: '1' })]);
      expect(await outcome).toMatchObject({ message: 'no longer' });
      expect(bodies(await carrier.lease(to, 10))).toEqual(['1']);
    });

    test('waits until the time that is given, and for no more than 100 at once', async () => {
      const { carrier } = open();
      const to = unique('worker');
      const until = Date.now() + 2000;
      const waiting = Array.from({ length: 100 }, () => carrier.wait(to, until));
      await carrier.wait(unique('clock'), Date.now() + 500);
      expect(await carrier.wait(to, until)).toBe(false);
      expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
      expect(Date.now()).toBeGreaterThanOrEqual(until);
    });

    test('counts what is queued and leased, and lists the known mailboxes', async () => {
      const { carrier } = open();
      const [one, two] = [unique('m-1'), unique('m-2')];
      expect(await carrier.status(one)).toEqual({ mailbox: one, queued: 0, leased: 0 });
      await publishAll(carrier, [await makeMessage(one), await makeMessage(one)]);
      expect(await carrier.status(one)).toEqual({ mailbox: one, queued: 2, leased: 0 });
      await carrier.lease(one, 1);
      await carrier.lease(two, 1);
      expect(await carrier.status(one)).toEqual({ mailbox: one, queued: 1, leased: 1 });
      const after = one.slice(0, -1);
      const page = await carrier.list(after, 1);
      expect(page.mailboxes).toEqual([{ mailbox: one, queued: 1, leased: 1 }]);
      expect(page.next).toBe(one);
      const rest = await carrier.list(one, 100);
      expect(rest.mailboxes.map(({ mailbox }) => mailbox)).toContain(two);
    });

    test.each([
      ['a/b:c@d.e', 'a/b:c@d-e'],
      ['A', 'a'],
      [`a${'/:@.'.repeat(31)}z`, `b${'/:@.'.repeat(31)}z`],
    ])('keeps the mailboxes %s and %s apart', async (left, right) => {
      const { carrier } = open();
      const tail = crypto.randomUUID().slice(0, 3);
      const [one, two] = [left.slice(0, 124) + tail, right.slice(0, 124) + tail];
      await publishAll(carrier, [
        await makeMessage(one, { body: '1' }),
        await makeMessage(two, { body: '2' }),
      ]);
      expect(bodies(await carrier.lease(one, 10))).toEqual(['1']);
      expect(bodies(await carrier.lease(two, 10))).toEqual(['2']);
      const { mailboxes } = await carrier.list(one.slice(0, -1), 1);
      expect(mailboxes.map(({ mailbox }) => mailbox)).toEqual([one]);
    });
  });
}
