// The embedded bus: what happens between a wait and a lease

import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { TokenError } from '../../src/verify/index.ts';
import { createDurableBus } from '../../worker/bus/durable.ts';
import { freshName, makeMessage } from './support.ts';

const bus = createDurableBus(env);
const later = (): number => Date.now() + 20_000;

describe('createDurableBus()', () => {
  test('asks before it leases after a wait, and leases nothing when the answer is no', async () => {
    const to = freshName('worker');
    const receiving = bus.receive(to, {
      max: 10,
      waitUntil: later(),
      beforeLease: async () => {
        throw new TokenError('token_expired');
      },
    });
    const outcome = receiving.catch((error: unknown) => error);
    const message = makeMessage({ to });
    // Not before it waits: what is there already is leased without asking again
    await env.MAILBOX.getByName(to).wait(Date.now() + 50);
    await bus.publish(message, later());
    expect(await outcome).toMatchObject({ code: 'token_expired' });
    expect(await bus.status(to)).toEqual({ mailbox: to, queued: 1, leased: 0 });
  });

  test('goes on waiting when somebody else was faster', async () => {
    const to = freshName('worker');
    const asked: string[] = [];
    const consumer = (name: string) =>
      bus.receive(to, {
        max: 1,
        waitUntil: later(),
        beforeLease: async () => {
          asked.push(name);
        },
      });
    const both = [consumer('a'), consumer('b')];
    await env.MAILBOX.getByName(to).wait(Date.now() + 50);
    await bus.publish(makeMessage({ to, body: '1' }), later());
    await Promise.race(both);
    await bus.publish(makeMessage({ to, body: '2' }), later());
    const bodies = (await Promise.all(both)).flat().map(({ body }) => body);
    expect(bodies.toSorted()).toEqual(['1', '2']);
    expect(asked.length).toBeGreaterThanOrEqual(2);
  });

  test('does not wait when the time is over already', async () => {
    const to = freshName('worker');
    const beforeLease = async (): Promise<void> => {
      throw new Error('It waited');
    };
    expect(await bus.receive(to, { max: 1, waitUntil: 0, beforeLease })).toEqual([]);
  });
});
