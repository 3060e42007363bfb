// StatusLists: the Durable Object of an issuer's status lists. It leases indices, and follows the revocation log.

import { DurableObject } from 'cloudflare:workers';
import { createSchema } from '../../storage/schema.ts';
import type { Agent } from '../agent/agent.ts';
import type { RevocationLog } from '../revoke/revocation_log.ts';
import type { LogRecord } from '../revoke/revocation_store.ts';
import type { Lease } from './status_lease_store.ts';
import { permutationOf } from './status_permutation.ts';
import {
  createStatusStore,
  statusSchema,
  type ListBits,
  type StatusStore,
} from './status_store.ts';

/** What the lists need of their surroundings. */
export interface StatusEnv {
  readonly AGENT: DurableObjectNamespace<Agent>;
  readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
}

/** How often the log is looked at while somebody holds indices, in milliseconds. */
const followEvery = 10_000;
/** A token of an isolate that has not heard of a record yet can be issued so long after it, in seconds. */
const hearsayAfter = 6;
const recordsAtOnce = 50;
const holdersAtOnce = 32;
/** Pages of holders in one alarm. */
const pagesAtOnce = 32;

const seconds = (): number => Math.floor(Date.now() / 1000);

export class StatusLists extends DurableObject<StatusEnv> {
  readonly #store: StatusStore;

  constructor(ctx: DurableObjectState, env: StatusEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#store = createStatusStore(sql, createSchema(sql, 1, statusSchema));
  }

  /** Leases indices to an agent. They are given out before it hears of them: lost, never given twice. */
  async lease(issuer: string, holder: string): Promise<Lease> {
    for (;;) {
      const { list, secret } = this.#store.current(issuer);
      const permute = await permutationOf(secret);
      const lease = this.#store.lease(list, holder, permute, seconds());
      if (lease === undefined) continue;
      if ((await this.ctx.storage.getAlarm()) === null) {
        await this.ctx.storage.setAlarm(Date.now() + followEvery);
      }
      return lease;
    }
  }

  /** The bits of a list; `null` for one that does not exist, `unchanged` for a version that is known. */
  snapshot(list: number, known: number): ListBits | 'unchanged' | null {
    const found = this.#store.bits(list);
    if (found === undefined) return null;
    return found.version === known ? 'unchanged' : found;
  }

  lists(): readonly number[] {
    return this.#store.lists();
  }

  override async alarm(): Promise<void> {
    // First, so that a failure in what follows cannot end it
    await this.ctx.storage.setAlarm(Date.now() + followEvery);
    const done = await this.#follow();
    this.#store.purge(seconds());
    if (!done) await this.ctx.storage.setAlarm(Date.now());
    else if (this.#store.holders('', 1, seconds()).length === 0)
      await this.ctx.storage.deleteAlarm();
  }

  /** Asks every holder about every record since the last time; `false`: there is more to do now. */
  async #follow(): Promise<boolean> {
    const issuer = this.#store.issuer();
    if (issuer === undefined) return true;
    let pages = pagesAtOnce;
    const { seq } = this.#store.cursor();
    const found = await this.env.REVOCATION_LOG.getByName(issuer).list(seq, recordsAtOnce);
    const due = found.filter(({ recorded_at: at }) => at <= seconds() - hearsayAfter);
    for (const record of due) {
      pages = await this.#fanOut(record, pages);
      if (pages === 0) return false;
      this.#store.advance({ seq: record.seq, holder: '' });
    }
    return due.length < recordsAtOnce;
  }

  async #fanOut(record: LogRecord, pages: number): Promise<number> {
    // What lifts an agent comes with a record of what stays revoked; a bit that is set stays set
    if (record.exp <= seconds()) return pages;
    for (let left = pages; left > 0; left--) {
      const { seq, holder } = this.#store.cursor();
      const holders = this.#store.holders(holder, holdersAtOnce, seconds());
      const answers = await Promise.all(
        holders.map((id) => this.env.AGENT.getByName(id).coveredBy(record)),
      );
      this.#store.set(answers.flat());
      const last = holders.at(-1);
      if (last === undefined || holders.length < holdersAtOnce) return left;
      this.#store.advance({ seq, holder: last });
    }
    return 0;
  }
}
