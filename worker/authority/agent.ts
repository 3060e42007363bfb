// Agent: the Durable Object of one agent id. An RPC shell over its stores, and who waits for an outcome.

import { DurableObject } from 'cloudflare:workers';
import { createSchema, type Schema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';
import {
  createNonceStore,
  nonceSchema,
  type Held,
  type LedgerEntry,
  type NonceStore,
  type Reservation,
} from './nonce_store.ts';

/** How long a send waits for the outcome of another with the same nonce, in milliseconds. */
const patienceMs = 2_000;

export class Agent extends DurableObject<object> {
  readonly #schema: Schema;
  readonly #nonces: NonceStore;
  readonly #waiters = new Map<string, Set<() => void>>();

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#schema = createSchema(ctx.storage.sql, 1, nonceSchema);
    this.#nonces = createNonceStore(ctx.storage.sql, this.#schema);
  }

  /** Reserves a message's nonce. While another message holds it, waits a while for its outcome. */
  async reserve(entry: LedgerEntry): Promise<Reservation> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const now = Date.now();
      const reservation = this.#nonces.reserve(entry, now);
      if (reservation.kind !== 'busy' || now >= deadline) {
        await this.#schedule();
        return reservation;
      }
      await this.#outcomeOf(reservation.nonce, deadline - now);
    }
  }

  commit(entry: LedgerEntry): Promise<void> {
    this.#nonces.commit(entry);
    this.#wake(entry.nonce);
    return this.#schedule();
  }

  release(entry: LedgerEntry): void {
    this.#nonces.release(entry);
    this.#wake(entry.nonce);
  }

  settle(held: Held, stored: boolean): void {
    this.#nonces.settle(held, stored);
    this.#wake(held.nonce);
  }

  override async alarm(): Promise<void> {
    this.#nonces.purge(Date.now());
    if (this.#nonces.nextExpiry() === undefined) {
      this.#schema.forget();
      await this.ctx.storage.deleteAll();
      return;
    }
    await this.#schedule();
  }

  #outcomeOf(nonce: string, ms: number): Promise<void> {
    const waiting = this.#waiters.get(nonce) ?? new Set();
    this.#waiters.set(nonce, waiting);
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiters.delete(nonce);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      waiting.add(wake);
    });
  }

  #wake(nonce: string): void {
    for (const wake of this.#waiters.get(nonce) ?? []) wake();
  }

  async #schedule(): Promise<void> {
    const wake = nextAlarm([this.#nonces.nextExpiry()]);
    if (wake === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
