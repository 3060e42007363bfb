// The embedded bus: a Mailbox for each recipient, an Outbox for each broadcast.

import type { Bus, Delivery, ReceiveOptions } from './bus.ts';
import { TokenError } from '../../src/verify/index.ts';
import { directoryStub, type Directory } from './directory.ts';
import type { Mailbox } from './mailbox.ts';
import { outboxStub, type Outbox } from './outbox.ts';

/** The Durable Objects that make up the embedded bus. */
export interface DurableBusObjects {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly MAILBOX: DurableObjectNamespace<Mailbox>;
  readonly OUTBOX: DurableObjectNamespace<Outbox>;
}

// A mailbox cannot see that a client is gone; so each wait in it is short, and its place is free again
const sliceMs = 5_000;

type MailboxStub = DurableObjectStub<Mailbox>;

async function receive(
  stub: MailboxStub,
  owner: string,
  { max, waitUntil, beforeLease }: ReceiveOptions,
): Promise<readonly Delivery[]> {
  for (;;) {
    const deliveries = await stub.lease(owner, max);
    if (deliveries.length > 0 || Date.now() >= waitUntil) return deliveries;
    const worthwhile = await stub.wait(Math.min(waitUntil, Date.now() + sliceMs));
    if (!worthwhile) throw new TokenError('rate_limited');
    await beforeLease();
  }
}

/** Makes the embedded bus of these objects. */
export function createDurableBus({ DIRECTORY, MAILBOX, OUTBOX }: DurableBusObjects): Bus {
  const mailbox = (owner: string): MailboxStub => MAILBOX.getByName(owner);
  return {
    publish({ to, ...message }, storeBefore) {
      return to === '*'
        ? outboxStub(OUTBOX, message.sender, message.id).store(message, storeBefore)
        : mailbox(to).store(to, message, storeBefore);
    },

    holds({ sender, to, id, digest }) {
      return to === '*'
        ? outboxStub(OUTBOX, sender, id).holds(digest)
        : mailbox(to).holds(sender, id, digest);
    },

    receive: (owner, options) => receive(mailbox(owner), owner, options),

    async acknowledge(owner, id, sender) {
      await mailbox(owner).acknowledge(id, sender);
    },

    status: (owner) => mailbox(owner).depth(owner),

    async list(after, limit) {
      const owners = await directoryStub(DIRECTORY).list(after, limit + 1);
      const page = owners.slice(0, limit);
      return {
        mailboxes: await Promise.all(page.map((owner) => mailbox(owner).depth(owner))),
        next: owners.length > limit ? page.at(-1) : undefined,
      };
    },
  };
}
