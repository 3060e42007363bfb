// RevocationLog: the Durable Object that holds what an authority has revoked. An RPC shell over its store.

import { DurableObject } from 'cloudflare:workers';
import type { FeedPage } from '../../../src/verify/index.ts';
import type { Connections } from '../../bus/connections.ts';
import { createSchema } from '../../storage/schema.ts';
import { nextAlarm } from '../../storage/wake_time.ts';
import { createRevocationPush, type RevocationPush } from './revocation_push.ts';
import {
  createRevocationPushStore,
  pushSchema,
  type NamedHash,
  type RevocationPushStore,
} from './revocation_push_store.ts';
import {
  createRevocationStore,
  revocationSchema,
  type LogEntry,
  type LogRecord,
  type Recorded,
  type RevocationStore,
} from './revocation_store.ts';

/** What a RevocationLog needs of its surroundings. */
export interface RevocationLogEnv {
  readonly CONNECTIONS: DurableObjectNamespace<Connections>;
}

/** A shard that did not answer is told again after this time, in milliseconds. */
const tellAgainAfter = 1000;

const seconds = (): number => Math.floor(Date.now() / 1000);

export class RevocationLog extends DurableObject<RevocationLogEnv> {
  readonly #store: RevocationStore;
  readonly #pushes: RevocationPushStore;
  readonly #push: RevocationPush;

  constructor(ctx: DurableObjectState, env: RevocationLogEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    // Version 1 told nobody
    const all = [...revocationSchema, ...pushSchema];
    const schema = createSchema(sql, 2, all, { 2: pushSchema });
    this.#store = createRevocationStore(sql, schema);
    this.#pushes = createRevocationPushStore(sql, schema);
    this.#push = createRevocationPush({ store: this.#pushes, shards: env.CONNECTIONS });
  }

  /** Records a revocation; durable once this is answered. Those who follow are told afterwards. */
  async record(entry: LogEntry): Promise<Recorded> {
    const recorded = this.#store.record(entry, seconds());
    await this.#schedule();
    this.ctx.waitUntil(this.#push.run());
    return recorded;
  }

  /** Tells a shard of everything that is recorded from now on. */
  follow(shard: string, generation: number): void {
    this.#pushes.follow(shard, generation);
  }

  /** Whether one of the names is revoked now: no view of somewhere else is as new as this. */
  covers(names: readonly NamedHash[]): boolean {
    return this.#pushes.covers(names, seconds());
  }

  /** The page after a number. */
  since(issuer: string, after: number, limit: number): FeedPage {
    return this.#store.since(issuer, after, limit, seconds());
  }

  /** Whole records after a number, for operators. */
  list(after: number, limit: number): readonly LogRecord[] {
    return this.#store.list(after, limit);
  }

  override async alarm(): Promise<void> {
    this.#store.purge(seconds());
    await this.#push.run();
    await this.#schedule();
  }

  async #schedule(): Promise<void> {
    const at = this.#store.nextPurge();
    const purge = nextAlarm([at === undefined ? undefined : at * 1000]);
    const wake = this.#push.isDue() ? Date.now() + tellAgainAfter : purge;
    if (wake === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
