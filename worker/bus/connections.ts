// Connections: the Durable Object that knows, for a shard of the mailboxes, which open sockets hang on what.

import { DurableObject } from 'cloudflare:workers';
import type { RevocationLog } from '../authority/revoke/revocation_log.ts';
import type { PushedRecord } from '../authority/revoke/revocation_push_store.ts';
import { startHere } from '../gateway/start.ts';
import { createSchema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';
import {
  connectionSchema,
  createConnectionStore,
  type Connection,
  type ConnectionStore,
} from './connection_store.ts';
import { createIdentityMemory } from './identity_memory.ts';
import type { Mailbox } from './mailbox.ts';

/** What Connections need of their surroundings. */
export interface ConnectionsEnv {
  readonly MAILBOX: DurableObjectNamespace<Mailbox>;
  readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
}

/** A shard, and the name under which a log can tell it. */
export interface ConnectionShard {
  readonly shard: string;
  readonly stub: DurableObjectStub<Connections>;
}

const shards = 16;

/** The shard of a mailbox. */
export function connectionsOf(
  namespace: DurableObjectNamespace<Connections>,
  mailbox: string,
): ConnectionShard {
  // FNV-1a: any spread will do, as long as it stays the same
  let hash = 0x811c9dc5;
  for (const character of mailbox) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  const shard = `shard-${hash % shards}`;
  return { shard, stub: namespace.getByName(shard) };
}

/** A mailbox that did not answer is told again after this time, in milliseconds. */
const tellAgainAfter = 1000;
/** More than the age up to which a view is used without asking: each round asks. Milliseconds. */
const pollEvery = 550;

const seconds = (): number => Math.floor(Date.now() / 1000);

export class Connections extends DurableObject<ConnectionsEnv> {
  readonly #store: ConnectionStore;
  readonly #memory = createIdentityMemory();

  constructor(ctx: DurableObjectState, env: ConnectionsEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#store = createConnectionStore(sql, createSchema(sql, 1, connectionSchema));
  }

  /**
   * Registers a socket, durably before it resolves: whatever `log` records from then on ends it.
   * What was recorded before, the mailbox has to ask for afterwards.
   */
  async register(connection: Connection, shard: string, log: string | undefined): Promise<void> {
    if (log !== undefined) await this.#follow(log, shard);
    this.#store.add(connection);
    await this.#schedule();
  }

  unregister(ids: readonly string[]): void {
    this.#store.remove(ids);
  }

  /**
   * Takes records of a log: what they cover is marked durably once this is answered, and closed
   * afterwards. `false`: nobody is here any more, and the log need not tell this shard.
   */
  async revoke(records: readonly PushedRecord[]): Promise<boolean> {
    if (this.#store.isEmpty()) {
      this.#store.stopFollowing();
      return false;
    }
    for (const record of records) this.#store.doomBy(record);
    await this.#schedule();
    this.ctx.waitUntil(this.#close());
    return true;
  }

  override async alarm(): Promise<void> {
    this.#store.purge(seconds());
    await this.#poll();
    await this.#close();
    await this.#schedule();
  }

  /** Asks a log to tell this shard. What it says about an earlier wish is then void. */
  async #follow(log: string, shard: string): Promise<void> {
    const { active, generation } = this.#store.following(log);
    if (active) return;
    const next = generation + 1;
    // Numbers count up also when the call fails, and when several register at once
    this.#store.setFollowing(log, false, next);
    await this.env.REVOCATION_LOG.getByName(log).follow(shard, next);
    this.#store.setFollowing(log, true, next);
  }

  /** Closes what is marked. What no mailbox confirms stays marked. */
  async #close(): Promise<void> {
    const mailboxes = new Map<string, string[]>();
    for (const { id, mailbox } of this.#store.doomed()) {
      mailboxes.set(mailbox, [...(mailboxes.get(mailbox) ?? []), id]);
    }
    await Promise.allSettled(
      Array.from(mailboxes, async ([mailbox, ids]) => {
        await this.env.MAILBOX.getByName(mailbox).closeRevoked(ids);
        this.unregister(ids);
      }),
    );
  }

  /** Asks about the revocations that nobody tells of. Where they cannot be known, no frame passes. */
  async #poll(): Promise<void> {
    const polled = this.#memory.recall(this.#store.polled());
    if (polled.length === 0) return;
    const source = (await startHere(this.env))?.revocation;
    if (source === undefined) return;
    await Promise.allSettled(
      polled.map(async ({ id, identities }) => {
        if ((await source.isRevoked(identities)) !== false) this.#store.doom(id);
      }),
    );
  }

  async #schedule(): Promise<void> {
    const now = Date.now();
    const purge = this.#store.nextExpiry();
    const wakes = [
      this.#store.doomed().length === 0 ? undefined : now + tellAgainAfter,
      this.#store.polled().length === 0 ? undefined : now + pollEvery,
      nextAlarm([purge === undefined ? undefined : purge * 1000]),
    ].filter((wake) => wake !== undefined);
    if (wakes.length === 0) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > Math.min(...wakes)) {
      await this.ctx.storage.setAlarm(Math.min(...wakes));
    }
  }
}
