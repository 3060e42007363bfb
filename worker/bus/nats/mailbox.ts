// The mailboxes of the bus on NATS: leases are its deliveries, and an acknowledgement ends one.

import { createInbox, type Msg } from '@nats-io/nats-core';
import { leaseMs as contractLeaseMs, type Delivery, type Depth } from '../bus.ts';
import type { Carrier } from '../carrier.ts';
import { readNatsHeaders } from './headers.ts';
import type { NatsLink, Session } from './link.ts';
import { succeeded, type NatsMemory } from './memory.ts';
import { consumerName, leaseSubject, mailboxSubject, streams } from './names.ts';

/** What mailboxes need. */
export interface NatsMailboxOptions {
  readonly link: NatsLink;
  readonly memory: NatsMemory;
  /** How long a lease lasts, in milliseconds. */
  readonly leaseMs: number | undefined;
}

const nanos = 1_000_000;
/** A mailbox is known as long as its consumer is there: for a day after its agent last asked. */
const knownFor = 86_400_000;
const maxLeased = 10_000;
const maxWaiters = 100;
/** Two senders may have used one id; nobody needs more of the same than this. */
const maxSameId = 16;
const maxRounds = 5;
const pullTimeout = 3_000;
/** `consumer not found`. */
const noConsumer = 10_014;

interface Leased {
  readonly sentAt: number;
  readonly id: string;
  readonly reply: string;
  readonly delivery: Delivery;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the receiving half of the bus. */
export function createNatsMailboxes({
  link,
  memory,
  leaseMs = contractLeaseMs,
}: NatsMailboxOptions): Pick<Carrier, 'lease' | 'wait' | 'acknowledge' | 'status'> {
  const waiters = new Map<string, number>();

  /** Makes sure of the consumer, whose being there makes the mailbox known. */
  async function ensure(mailbox: string, session: Session): Promise<string> {
    const name = await consumerName(mailbox);
    if (session.consumers.has(name)) return name;
    const config = {
      durable_name: name,
      filter_subject: mailboxSubject(mailbox),
      ack_policy: 'explicit',
      deliver_policy: 'all',
      ack_wait: leaseMs * nanos,
      max_deliver: -1,
      max_ack_pending: maxLeased,
      inactive_threshold: knownFor * nanos,
      replay_policy: 'instant',
    };
    const stream = streams.messages;
    const path = `CONSUMER.DURABLE.CREATE.${stream}.${name}`;
    succeeded(await link.api(path, { stream_name: stream, config }));
    session.consumers.add(name);
    return name;
  }

  /** Takes what is there, up to `batch`; `undefined` where the consumer is gone. */
  function pull(
    { connection }: Session,
    name: string,
    batch: number,
  ): Promise<readonly Msg[] | undefined> {
    return new Promise((resolve, reject) => {
      const found: Msg[] = [];
      const inbox = createInbox();
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        subscription.unsubscribe();
        settle();
      };
      const timer = setTimeout(() => {
        end(() => reject(new Error('NATS does not answer')));
        connection.close().catch(() => undefined);
      }, pullTimeout);
      const subscription = connection.subscribe(inbox, {
        callback(error, message) {
          const code = message?.headers?.code ?? 0;
          if (error !== null) end(() => reject(error));
          else if (code === 503) end(() => resolve(undefined));
          // 404 and 408 say that there is no more
          else if (code !== 0) end(() => resolve(found));
          else if (found.push(message) === batch) end(() => resolve(found));
        },
      });
      const wanted = JSON.stringify({ batch, no_wait: true });
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${streams.messages}.${name}`, wanted, {
        reply: inbox,
      });
    });
  }

  async function pullFrom(mailbox: string, batch: number): Promise<readonly Msg[]> {
    const session = await link.session();
    for (let tries = 0; tries < 2; tries++) {
      const name = await ensure(mailbox, session);
      const found = await session.until(pull(session, name, batch));
      if (found !== undefined) return found;
      session.consumers.delete(name);
    }
    throw new Error('The consumer cannot be made');
  }

  function open(message: Msg, leaseUntil: number, now: number): Leased | undefined {
    const headers = readNatsHeaders(message.headers);
    const reply = message.reply ?? '';
    if (headers === undefined || headers.expiresAt <= now) {
      // Nobody is to see it: it goes, so that it does not come again
      message.respond('+TERM');
      return undefined;
    }
    const { sender, id, via, sentAt } = headers;
    const body = decoder.decode(message.data);
    return { sentAt, id, reply, delivery: { sender, via, leaseUntil, body } };
  }

  async function available(name: string): Promise<number> {
    const info = await link.api(`CONSUMER.INFO.${streams.messages}.${name}`);
    return info.error === undefined ? Number(info['num_pending']) : 0;
  }

  /** Resolves when something is there or comes, and at `until` at the latest. */
  async function nextArrival(session: Session, mailbox: string, until: number): Promise<void> {
    const { connection, until: whileOpen } = session;
    const name = await ensure(mailbox, session);
    let arrive: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrive = resolve));
    const timer = setTimeout(arrive, Math.max(0, until - Date.now()));
    const subject = mailboxSubject(mailbox);
    const subscription = connection.subscribe(subject, { callback: () => arrive() });
    try {
      // From here on nothing can come unnoticed; what was there before is counted
      await whileOpen(connection.flush());
      if ((await available(name)) === 0) await whileOpen(arrival);
    } finally {
      clearTimeout(timer);
      if (!connection.isClosed()) subscription.unsubscribe();
    }
  }

  return {
    async lease(mailbox, max) {
      const leaseUntil = Date.now() + leaseMs;
      const leased: Leased[] = [];
      for (let round = 0; round < maxRounds && leased.length < max; round++) {
        const batch = max - leased.length;
        const found = await pullFrom(mailbox, batch);
        const now = Date.now();
        leased.push(...found.flatMap((message) => open(message, leaseUntil, now) ?? []));
        if (found.length < batch) break;
      }
      await Promise.all(
        leased.map(({ id, reply, delivery: { sender } }) =>
          memory.write(leaseSubject(mailbox, id, sender), reply),
        ),
      );
      const ordered = leased.toSorted((one, other) => one.sentAt - other.sentAt);
      return ordered.map(({ delivery }) => delivery);
    },

    async wait(mailbox, until) {
      const others = waiters.get(mailbox) ?? 0;
      if (others >= maxWaiters) return false;
      waiters.set(mailbox, others + 1);
      try {
        await nextArrival(await link.session(), mailbox, until);
        return true;
      } finally {
        const left = (waiters.get(mailbox) ?? 1) - 1;
        if (left === 0) waiters.delete(mailbox);
        else waiters.set(mailbox, left);
      }
    },

    async acknowledge(mailbox, id, sender) {
      const subject = leaseSubject(mailbox, id, sender);
      for (let count = 0; count < maxSameId; count++) {
        const lease = await memory.read(subject);
        if (lease === undefined) return;
        // A server that is killed may forget an acknowledgement, but not that a message was erased
        await link.api(`STREAM.MSG.DELETE.${streams.messages}`, { seq: seqOf(lease.text) });
        await link.request(lease.text, { data: '+ACK' });
        await memory.forget(lease);
      }
    },

    async status(mailbox) {
      const name = await consumerName(mailbox);
      const info = await link.api(`CONSUMER.INFO.${streams.messages}.${name}`);
      if (info.error?.err_code === noConsumer)
        return { mailbox, ...(await waiting(link, mailbox)) };
      const { num_pending: queued, num_ack_pending: leased } = succeeded(info);
      return { mailbox, queued: Number(queued), leased: Number(leased) };
    },
  };
}

/** What waits in a mailbox that nobody has asked for yet. */
async function waiting(link: NatsLink, mailbox: string): Promise<Omit<Depth, 'mailbox'>> {
  const subject = mailboxSubject(mailbox);
  const info = await link.api(`STREAM.INFO.${streams.messages}`, { subjects_filter: subject });
  const { state } = succeeded(info) as { readonly state?: { readonly subjects?: object } };
  const counts = (state?.subjects ?? {}) as Readonly<Record<string, number>>;
  return { queued: counts[subject] ?? 0, leased: 0 };
}

/** The message's number, out of the subject that acknowledges it; later servers put more before it. */
function seqOf(reply: string): number {
  const parts = reply.split('.');
  return Number(parts[parts.length > 9 ? 7 : 5]);
}
