// RevocationLog: the Durable Object that holds what an authority has revoked. An RPC shell over its store.

import { DurableObject } from 'cloudflare:workers';
import type { FeedPage } from '../../src/verify/index.ts';
import { createSchema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';
import {
  createRevocationStore,
  revocationSchema,
  type LogEntry,
  type LogRecord,
  type Recorded,
  type RevocationStore,
} from './revocation_store.ts';

const seconds = (): number => Math.floor(Date.now() / 1000);

export class RevocationLog extends DurableObject<object> {
  readonly #store: RevocationStore;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#store = createRevocationStore(sql, createSchema(sql, 1, revocationSchema));
  }

  /** Records a revocation; durable once this is answered. */
  async record(entry: LogEntry): Promise<Recorded> {
    const recorded = this.#store.record(entry, seconds());
    await this.#schedule();
    return recorded;
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
    await this.#schedule();
  }

  async #schedule(): Promise<void> {
    const at = this.#store.nextPurge();
    const wake = nextAlarm([at === undefined ? undefined : at * 1000]);
    if (wake === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
