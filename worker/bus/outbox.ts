// Outbox: the Durable Object of one broadcast. Stores it once, then delivers it in batches by alarm.

import { DurableObject } from 'cloudflare:workers';
import type { StoreOutcome } from './bus.ts';
import type { Directory } from '../directory.ts';
import { directoryStub } from './directory_store.ts';
import type { Mailbox } from './mailbox.ts';
import type { MailboxMessage } from './mailbox_store.ts';
import {
  createOutboxStore,
  outboxSchema,
  type Broadcast,
  type OutboxStore,
  type Retry,
} from './outbox_store.ts';
import { createSchema, type Schema } from '../storage/schema.ts';

/** What an Outbox needs of its surroundings. */
export interface OutboxEnv {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly MAILBOX: DurableObjectNamespace<Mailbox>;
}

const batchSize = 100;
const maxBackOffMs = 30_000;

/** Outcomes after which a mailbox is not tried again. A full one is: it may be read meanwhile. */
const settled: ReadonlySet<StoreOutcome | 'gone'> = new Set([
  'stored',
  'duplicate',
  'conflict',
  'expired',
  'late',
  'gone',
]);

const backOff = (attempts: number): number => Math.min(1000 * 2 ** (attempts - 1), maxBackOffMs);

/** The stub of one broadcast's outbox. A space is in no agent id, so no two broadcasts share one. */
export function outboxStub(
  namespace: DurableObjectNamespace<Outbox>,
  sender: string,
  id: string,
): DurableObjectStub<Outbox> {
  return namespace.getByName(`${sender} ${id}`);
}

export class Outbox extends DurableObject<OutboxEnv> {
  readonly #schema: Schema;
  readonly #store: OutboxStore;

  constructor(ctx: DurableObjectState, env: OutboxEnv) {
    super(ctx, env);
    this.#schema = createSchema(ctx.storage.sql, 1, outboxSchema);
    this.#store = createOutboxStore(ctx.storage.sql, this.#schema);
  }

  /** Stores the broadcast for every mailbox that is known now. */
  async store(message: MailboxMessage, storeBefore: number): Promise<StoreOutcome> {
    const upTo = await directoryStub(this.env.DIRECTORY).head();
    // Nothing is awaited from here on: of several calls at once only one finds the outbox empty
    const digest = this.#store.digest();
    if (digest !== undefined) return digest === message.digest ? 'duplicate' : 'conflict';
    const now = Date.now();
    if (now > storeBefore) return 'late';
    if (message.expiresAt <= now) return 'expired';
    this.#store.insert(message, upTo);
    await this.ctx.storage.setAlarm(now);
    return 'stored';
  }

  holds(digest: string): boolean {
    return this.#store.digest() === digest;
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    const expiresAt = this.#store.expiresAt();
    if (expiresAt === undefined || expiresAt <= now) {
      this.#schema.forget();
      await this.ctx.storage.deleteAll();
      return;
    }
    const broadcast = this.#store.current();
    const next = broadcast === undefined ? expiresAt : await this.#deliverBatch(broadcast, now);
    await this.ctx.storage.setAlarm(Math.min(next, expiresAt));
  }

  /** Delivers the next batch, and answers when to go on. */
  async #deliverBatch(broadcast: Broadcast, now: number): Promise<number> {
    const { message, upTo } = broadcast;
    const retries = this.#store.dueRetries(now, batchSize);
    let { cursor } = broadcast;
    let fresh: readonly Retry[] = [];
    if (cursor < upTo && retries.length < batchSize) {
      const page = await this.#nextPage(cursor, upTo, batchSize - retries.length);
      if (page === undefined) return now + 1000;
      ({ cursor } = page);
      const owners = page.owners.filter((owner) => owner !== message.sender);
      fresh = owners.map((owner) => ({ owner, attempts: 0 }));
    }
    const tried = [...retries, ...fresh];
    const done = await Promise.all(tried.map(({ owner }) => this.#deliver(owner, message)));
    const failed = tried.filter((_, at) => done[at] !== true);
    this.#store.record({
      cursor,
      delivered: tried.filter((_, at) => done[at] === true).map(({ owner }) => owner),
      failed: failed.map(({ owner, attempts }) => ({
        owner,
        attempts: attempts + 1,
        dueAt: now + backOff(attempts + 1),
      })),
    });
    if (cursor < upTo) return now;
    const retryAt = this.#store.nextRetry();
    if (retryAt !== undefined) return retryAt;
    this.#store.finish();
    return message.expiresAt;
  }

  async #nextPage(
    cursor: number,
    upTo: number,
    limit: number,
  ): Promise<{ readonly owners: readonly string[]; readonly cursor: number } | undefined> {
    try {
      return await directoryStub(this.env.DIRECTORY).page(cursor, upTo, limit);
    } catch {
      return undefined;
    }
  }

  async #deliver(owner: string, message: MailboxMessage): Promise<boolean> {
    try {
      return settled.has(await this.env.MAILBOX.getByName(owner).storeCopy(message));
    } catch {
      return false;
    }
  }
}
