// Mailbox: the Durable Object of one recipient. An RPC shell over its store, who waits, and its sockets.

import { DurableObject } from 'cloudflare:workers';
import { TokenError } from '../../src/verify/index.ts';
import type { Delivery, Depth, StoreOutcome } from './bus.ts';
import { readOpening } from './connect.ts';
import type { Directory } from '../directory.ts';
import { directoryStub } from './directory_store.ts';
import { createMailboxSockets, type MailboxSockets } from './mailbox_sockets.ts';
import {
  createMailboxStore,
  mailboxSchema,
  mailboxUpgrades,
  mailboxVersion,
  type MailboxMessage,
  type MailboxStore,
} from './mailbox_store.ts';
import { createSchema, type Schema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';
import type { RegistryEnv } from './socket/registry.ts';

/** What a Mailbox needs of its surroundings. */
export interface MailboxEnv extends RegistryEnv {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
}

const hour = 3_600_000;
/** How long a mailbox stays known after somebody wrote to it, and after its owner asked for mail. */
const knownFor = { send: hour, receive: 24 * hour } as const;
const maxWaiters = 100;
/** Codes that stand for what no frame says (RFC 6455 section 7.4.1). */
const unspoken = new Set([1005, 1006, 1015]);

/** Completes the handshake that a client began: for sockets that may sleep the runtime does not. */
function answerClose(socket: WebSocket, code: number): void {
  try {
    socket.close(unspoken.has(code) ? undefined : code);
  } catch {
    // Closed here, or a code that may not be said: the connection ends all the same
  }
}

export class Mailbox extends DurableObject<MailboxEnv> {
  readonly #schema: Schema;
  readonly #store: MailboxStore;
  // One stub for the object's life: calls on one stub arrive in order, so `add` never overtakes `remove`
  readonly #directory: DurableObjectStub<Directory>;
  readonly #waiters = new Set<() => void>();
  readonly #sockets: MailboxSockets;

  constructor(ctx: DurableObjectState, env: MailboxEnv) {
    super(ctx, env);
    this.#schema = createSchema(ctx.storage.sql, mailboxVersion, mailboxSchema, mailboxUpgrades);
    this.#store = createMailboxStore(ctx.storage.sql, this.#schema);
    this.#directory = directoryStub(env.DIRECTORY);
    this.#sockets = createMailboxSockets({
      ctx,
      env,
      store: this.#store,
      schema: this.#schema,
      onReleased: () => this.#announce(),
    });
  }

  /** Opens a socket: a request, because a socket passes from object to object in an answer alone. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const { mailbox, presented } = readOpening(request);
      await this.#makeKnown(mailbox, knownFor.receive, knownFor.receive - hour);
      const webSocket = await this.#sockets.open(mailbox, presented);
      await this.#schedule();
      return new Response(null, { status: 101, webSocket });
    } catch (error) {
      const code = error instanceof TokenError ? error.code : 'bus_unavailable';
      return Response.json({ code }, { status: 400 });
    }
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    await this.#sockets.receive(socket, data);
    await this.#schedule();
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#sockets.end(socket);
    answerClose(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.end(socket);
  }

  /** Closes sockets whose tokens were revoked, by the names of their registrations. */
  closeRevoked(connections: readonly string[]): void {
    this.#sockets.revoke(connections);
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
    await this.#sockets.look();
    await this.#forget();
    if (
      !this.#sockets.isOpen() &&
      this.#knownUntil() === 0 &&
      this.#store.nextExpiry() === undefined
    ) {
      this.#schema.forget();
      await this.ctx.storage.deleteAll();
      return;
    }
    await this.#schedule();
  }

  #knownUntil(): number {
    return this.#store.registration()?.known_until ?? 0;
  }

  /** Tells everybody who waits that there is something to lease. */
  #announce(): void {
    for (const wake of this.#waiters) wake();
    this.ctx.waitUntil(this.#sockets.push().then(() => this.#schedule()));
  }

  async #put(message: MailboxMessage, storeBefore: number): Promise<StoreOutcome> {
    const outcome = this.#store.store(message, storeBefore, Date.now());
    if (outcome === 'stored') {
      this.#announce();
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
    if (this.#sockets.isOpen()) return this.#makeKnown(owner, knownFor.receive, 0);
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
    const look = this.#sockets.nextLook(Date.now());
    const tidy = nextAlarm([this.#store.nextExpiry(), known === 0 ? undefined : known]);
    const wake = Math.min(look ?? Infinity, tidy ?? Infinity);
    if (wake === Infinity) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
