// The bus on NATS JetStream: a subject and a consumer for each mailbox, and a memory of what was stored.

import type { Carrier } from '../carrier.ts';
import { createNatsLink, type NatsOptions } from './link.ts';
import { createNatsMailboxes } from './mailbox.ts';
import { createNatsMemory } from './memory.ts';
import { createNatsPublishing } from './publish.ts';
import { knownMailboxes } from './roster.ts';

/** Makes the carrier of a NATS server. Connects at the first call. */
export function createNatsCarrier(options: NatsOptions): Carrier {
  const link = createNatsLink(options);
  const memory = createNatsMemory(link);
  const known = (): Promise<readonly string[]> => knownMailboxes(link);
  const mailboxes = createNatsMailboxes({ link, memory, leaseMs: options.leaseMs });
  return {
    ...createNatsPublishing({ link, memory, known }),
    ...mailboxes,
    async list(after, limit) {
      const owners = (await known()).filter((owner) => owner > after);
      const page = owners.slice(0, limit);
      return {
        mailboxes: await Promise.all(page.map((owner) => mailboxes.status(owner))),
        next: owners.length > limit ? page.at(-1) : undefined,
      };
    },
  };
}
