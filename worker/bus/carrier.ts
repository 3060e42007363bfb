// Carrier: what a bus does by itself, whichever it is, and the Bus that waiting makes of it.

import { TokenError } from '../../src/verify/index.ts';
import type { Bus, Delivery, ReceiveOptions } from './bus.ts';

/** A bus but for waiting: it is asked, in turn, whether there may be something, and for it. */
export interface Carrier extends Omit<Bus, 'receive'> {
  /** Leases up to `max` messages in order of time, without waiting. */
  lease(mailbox: string, max: number): Promise<readonly Delivery[]>;
  /**
   * Resolves `true` when it is worth leasing again, and at `until` (milliseconds since the epoch) at
   * the latest; `false` at once when too many wait already.
   */
  wait(mailbox: string, until: number): Promise<boolean>;
}

// A bus cannot see that a client is gone; so each wait in it is short, and its place is free again
const sliceMs = 5_000;

async function receive(
  carrier: Carrier,
  mailbox: string,
  { max, waitUntil, beforeLease }: ReceiveOptions,
): Promise<readonly Delivery[]> {
  for (;;) {
    const deliveries = await carrier.lease(mailbox, max);
    if (deliveries.length > 0 || Date.now() >= waitUntil) return deliveries;
    const worthwhile = await carrier.wait(mailbox, Math.min(waitUntil, Date.now() + sliceMs));
    if (!worthwhile) throw new TokenError('rate_limited');
    await beforeLease();
  }
}

/** Makes the bus of a carrier. */
export function createBus(carrier: Carrier): Bus {
  return {
    publish: (message, storeBefore) => carrier.publish(message, storeBefore),
    holds: (message) => carrier.holds(message),
    receive: (mailbox, options) => receive(carrier, mailbox, options),
    acknowledge: (mailbox, id, sender) => carrier.acknowledge(mailbox, id, sender),
    status: (mailbox) => carrier.status(mailbox),
    list: (after, limit) => carrier.list(after, limit),
  };
}
