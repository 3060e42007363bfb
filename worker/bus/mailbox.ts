// Mailbox: the Durable Object of one recipient. An RPC shell over its store, and who waits.

import { DurableObject } from 'cloudflare:workers';
import type { Delivery, Depth, StoreOutcome } from './bus.ts';
import { directoryStub, type Directory } from './directory.ts';
import {
  createMailboxStore,
  mailboxSchema,
  type MailboxMessage,
  type MailboxStore,
} from './mailbox_store.ts';
import { createSchema, type Schema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';

/** What a Mailbox needs of its surroundings. */
export interface MailboxEnv {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
}

const hour = 3_600_000;
/** How long a mailbox stays known after somebody wrote to it, and after its owner asked for mail. */
const knownFor = { send: hour, receive: 24 * hour } as const;
const maxWaiters = 100;

export class Mailbox extends DurableObject<MailboxEnv> {
  readonly #schema: Schema;
  readonly #store: MailboxStore;
  // One stub for the object's life: calls on one stub arrive in order, so `add` never overtakes `remove`
  readonly #directory: DurableObjectStub<Directory>;
  readonly #waiters = new Set<() => void>();

  constructor(ctx: DurableObjectState, env: MailboxEnv) {
    super(ctx, env);
    this.#schema = createSchema(ctx.storage.sql, 1, mailboxSchema);
    this.#store = createMailboxStore(ctx.storage.sql, this.#schema);
    this.#directory = directoryStub(env.DIRECTORY);
  }

  /** Stores a message sent to this mailbox, which comes into being by it. */
  async store(owner: string, message: MailboxMessage, storeBefore: number): Promise<StoreOutcome> {
    await this.#makeKnown(owner, knownFor.send, 1);
    return this.#put(message, storeBefore);
  }

  /** Stores a copy of a broadcast; `gone` when nobody knows this mailbox any more. */
  async storeCopy(message: MailboxMessage): Promise<StoreOutcome | 'gone'> {
    return this.#knownUntil() <= Date.now() ? 'gone' : this.#put(message, message.expiresAt);
  }

  holds(sender: string, id: string, digest: string): boolean {
    return this.#store.holds(sender, id, digest);
  }

  /** Leases messages to the owner, whose asking makes the mailbox known. */
  async lease(owner: string, max: number): Promise<readonly Delivery[]> {
    await this.#makeKnown(owner, knownFor.receive, knownFor.receive - hour);
    return this.#store.lease(max, Date.now());
  }

  /** Resolves `true` when it is worth leasing again; `false` at once when too many wait already. */
  async wait(until: number): Promise<boolean> {
    const now = Date.now();
    const available = this.#store.availableAt(now) ?? until;
    if (available <= now) return true;
    if (this.#waiters.size >= maxWaiters) return false;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(until, available) - now);
      this.#waiters.add(wake);
    });
    return true;
  }

  acknowledge(id: string, sender: string | undefined): void {
    this.#store.acknowledge(id, sender);
  }

  depth(owner: string): Depth {
    return { mailbox: owner, ...this.#store.counts(Date.now()) };
  }

  override async alarm(): Promise<void> {
    this.#store.purge(Date.now());
    await this.#forget();
    if (this.#knownUntil() === 0 && this.#store.nextExpiry() === undefined) {
      this.#schema.forget();
      await this.ctx.storage.deleteAll();
      return;
    }
    await this.#schedule();
  }

  #knownUntil(): number {
    return this.#store.registration()?.known_until ?? 0;
  }

  async #put(message: MailboxMessage, storeBefore: number): Promise<StoreOutcome> {
    const outcome = this.#store.store(message, storeBefore, Date.now());
    if (outcome === 'stored') {
      for (const wake of this.#waiters) wake();
      await this.#schedule();
    }
    return outcome;
  }

  /** Makes the mailbox known for `ms`, unless it stays known for `enough` anyway. */
  async #makeKnown(owner: string, ms: number, enough: number): Promise<void> {
    const now = Date.now();
    if (this.#knownUntil() >= now + enough) return;
    await this.#directory.add(owner);
    this.#store.register({ owner, known_until: now + ms });
    await this.#schedule();
  }

  async #forget(): Promise<void> {
    const registration = this.#store.registration();
    if (registration === undefined || registration.known_until > Date.now()) return;
    const { owner } = registration;
    // First here, then there: a send in between makes the mailbox known again
    this.#store.register({ owner, known_until: 0 });
    try {
      await this.#directory.remove(owner);
    } catch {
      this.#store.register({
        owner,
        known_until: Math.max(this.#knownUntil(), Date.now() + 60_000),
      });
    }
  }

  async #schedule(): Promise<void> {
    const known = this.#knownUntil();
    const wake = nextAlarm([this.#store.nextExpiry(), known === 0 ? undefined : known]);
    if (wake === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
