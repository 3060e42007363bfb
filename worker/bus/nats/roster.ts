// Which mailboxes are known on NATS: those with a consumer, and those in which something waits.

import type { NatsLink } from './link.ts';
import { succeeded } from './memory.ts';
import { decodeName, isHashed, mailboxOfSubject, streams, streamSubjects } from './names.ts';

/** Lists the known mailboxes, in alphabetical order. */
export async function knownMailboxes(link: NatsLink): Promise<readonly string[]> {
  const found = await Promise.all([ofConsumers(link), ofMessages(link)]);
  return [...new Set(found.flat())].toSorted((one, other) => (one < other ? -1 : 1));
}

async function ofConsumers(link: NatsLink): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const path = `CONSUMER.NAMES.${streams.messages}`;
    const page = succeeded(await link.api(path, { offset: names.length }));
    const more = (page['consumers'] ?? []) as readonly string[];
    names.push(...more);
    if (more.length === 0 || names.length >= Number(page['total'])) break;
  }
  const found = await Promise.all(names.map((name) => mailboxOfConsumer(link, name)));
  return found.filter((mailbox) => mailbox !== undefined);
}

async function mailboxOfConsumer(link: NatsLink, name: string): Promise<string | undefined> {
  if (!isHashed(name)) return decodeName(name);
  const info = await link.api(`CONSUMER.INFO.${streams.messages}.${name}`);
  const { config } = info as { readonly config?: { readonly filter_subject?: string } };
  return mailboxOfSubject(config?.filter_subject ?? '');
}

async function ofMessages(link: NatsLink): Promise<string[]> {
  const filter = { subjects_filter: streamSubjects.messages };
  const info = succeeded(await link.api(`STREAM.INFO.${streams.messages}`, filter));
  const { state } = info as { readonly state?: { readonly subjects?: object } };
  return Object.keys(state?.subjects ?? {}).flatMap((subject) => mailboxOfSubject(subject) ?? []);
}
