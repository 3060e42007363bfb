// Publishing to NATS once: by the server's own window of ids, and by what is remembered beyond it.

import type { Bus, BusMessage, MessageKey, StoreOutcome } from '../bus.ts';
import type { NatsLink } from './link.ts';
import { getMessage, type NatsMemory } from './memory.ts';
import { encodeName, mailboxSubject, seenSubject, streams } from './names.ts';
import { digestOf, writeNatsHeaders } from './headers.ts';

/** What publishing needs. */
export interface NatsPublishing {
  readonly link: NatsLink;
  readonly memory: NatsMemory;
  /** The mailboxes that are known now. */
  readonly known: () => Promise<readonly string[]>;
}

/** How many copies of a broadcast are under way at once. */
const batchSize = 200;
/** `maximum messages per subject exceeded`: the mailbox is at its cap. */
const perSubjectCap = 10_077;
/** No stream has had so many messages, so nothing is ever stored under this condition. */
const impossible = String(Number.MAX_SAFE_INTEGER);
/** How long one call may take, in milliseconds. */
const patience = 3_000;

interface PubAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number };
}

const idHeader = ({ sender, id }: Pick<BusMessage, 'sender' | 'id'>, mailbox: string): string =>
  `${encodeName(mailbox)}.${encodeName(sender)}.${id}`;

/** Makes the publishing half of the bus. */
export function createNatsPublishing({
  link,
  memory,
  known,
}: NatsPublishing): Pick<Bus, 'publish' | 'holds'> {
  /** What the server says to a message; asked alone where nothing is to be stored. */
  async function offer(
    mailbox: string,
    message: Pick<BusMessage, 'sender' | 'id'>,
    data: string,
    more: Readonly<Record<string, string>>,
    timeout = patience,
  ): Promise<PubAck> {
    const headers = { 'Nats-Msg-Id': idHeader(message, mailbox), ...more };
    const answer = await link.request(mailboxSubject(mailbox), { data, headers, timeout });
    return answer.json<PubAck>();
  }

  /** The digest of a message that the server has had; `undefined`: it is gone, so it was delivered. */
  async function digestAt(seq: number | undefined): Promise<string | undefined> {
    const found = await getMessage(link, streams.messages, { seq: seq ?? 0 });
    return found && digestOf(found);
  }

  async function remembered({ sender, to, id }: MessageKey): Promise<string | undefined> {
    return (await memory.read(seenSubject(sender, to, id)))?.text;
  }

  const remember = ({ sender, to, id, digest }: MessageKey): Promise<void> =>
    memory.write(seenSubject(sender, to, id), digest);

  async function store(
    mailbox: string,
    message: BusMessage,
    storeBefore: number,
  ): Promise<StoreOutcome> {
    const left = storeBefore - Date.now();
    if (left <= 0) return 'late';
    const headers = writeNatsHeaders(message);
    const timeout = Math.min(patience, left);
    const { duplicate, seq, error } = await offer(mailbox, message, message.body, headers, timeout);
    if (error?.err_code === perSubjectCap) return 'full';
    if (error !== undefined) throw new Error(`JetStream error ${error.err_code}`);
    if (duplicate !== true) return 'stored';
    const digest = (await digestAt(seq)) ?? (await remembered(message));
    // Delivered already, by somebody who has not remembered it yet: that settles in a moment
    if (digest === undefined) throw new Error('The message is just being stored');
    return digest === message.digest ? 'duplicate' : 'conflict';
  }

  /** Stores a copy for each known mailbox. Until all of them are, the broadcast does not count. */
  async function broadcast(message: BusMessage, storeBefore: number): Promise<StoreOutcome> {
    const owners = (await known()).filter((owner) => owner !== message.sender);
    for (let at = 0; at < owners.length; at += batchSize) {
      const batch = owners.slice(at, at + batchSize);
      const outcomes = await Promise.all(
        batch.map((owner) => storeCopy(owner, message, storeBefore)),
      );
      if (outcomes.includes('late')) throw new Error('The time was not enough for every copy');
    }
    return 'stored';
  }

  async function storeCopy(
    owner: string,
    message: BusMessage,
    storeBefore: number,
  ): Promise<StoreOutcome> {
    const left = storeBefore - Date.now();
    if (left <= 0) return 'late';
    const headers = writeNatsHeaders(message);
    const timeout = Math.min(patience, left);
    const { error } = await offer(owner, message, message.body, headers, timeout);
    if (error === undefined) return 'stored';
    // A full mailbox misses the broadcast; it must not keep it from the others
    if (error.err_code === perSubjectCap) return 'full';
    throw new Error(`JetStream error ${error.err_code}`);
  }

  return {
    async publish(message, storeBefore) {
      const before = await remembered(message);
      if (before !== undefined) return before === message.digest ? 'duplicate' : 'conflict';
      const now = Date.now();
      if (now > storeBefore) return 'late';
      if (message.expiresAt <= now) return 'expired';
      const outcome =
        message.to === '*'
          ? await broadcast(message, storeBefore)
          : await store(message.to, message, storeBefore);
      if (outcome === 'stored' || outcome === 'duplicate') await remember(message);
      return outcome;
    },

    async holds(message) {
      const before = await remembered(message);
      if (before !== undefined) return before === message.digest;
      if (message.to === '*') return false;
      // The server looks at the id before it looks at the condition
      const condition = { 'Nats-Expected-Last-Sequence': impossible };
      const { duplicate, seq } = await offer(message.to, message, '', condition);
      if (duplicate !== true) return false;
      return ((await digestAt(seq)) ?? message.digest) === message.digest;
    },
  };
}
