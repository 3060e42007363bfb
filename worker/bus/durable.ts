// The embedded bus: a Mailbox for each recipient, an Outbox for each broadcast.

import type { Bus } from './bus.ts';
import { createBus, type Carrier } from './carrier.ts';
import type { Directory } from '../directory.ts';
import { directoryStub } from './directory_store.ts';
import type { Mailbox } from './mailbox.ts';
import { outboxStub, type Outbox } from './outbox.ts';

/** The Durable Objects that make up the embedded bus. */
export interface DurableBusObjects {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly MAILBOX: DurableObjectNamespace<Mailbox>;
  readonly OUTBOX: DurableObjectNamespace<Outbox>;
}

type MailboxStub = DurableObjectStub<Mailbox>;

/** Makes the carrier of these objects, for a bus of one's own or for others to reach over HTTP. */
export function createDurableCarrier({ DIRECTORY, MAILBOX, OUTBOX }: DurableBusObjects): Carrier {
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

    lease: (owner, max) => mailbox(owner).lease(owner, max),
    wait: (owner, until) => mailbox(owner).wait(until),

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

/** Makes the embedded bus of these objects. */
export function createDurableBus(objects: DurableBusObjects): Bus {
  return createBus(createDurableCarrier(objects));
}
