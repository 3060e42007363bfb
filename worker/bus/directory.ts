// Directory: the Durable Object that knows which mailboxes there are, and another which agents there are.

import { DurableObject } from 'cloudflare:workers';
import type { Agent } from '../authority/agent.ts';
import {
  createEnrollmentStore,
  enrollmentSchema,
  type Enrollment,
  type EnrollmentStore,
  type NewEnrollment,
} from '../authority/enrollment_store.ts';
import { factsOf } from '../authority/facts.ts';
import {
  createRosterStore,
  rosterSchema,
  type Begun,
  type Facts,
  type ListQuery,
  type RosterStore,
  type Summary,
} from '../authority/roster_store.ts';
import { createSchema } from '../storage/schema.ts';
import { nextAlarm } from '../storage/wake_time.ts';
import {
  createDirectoryStore,
  directorySchema,
  type DirectoryPage,
  type DirectoryStore,
} from './directory_store.ts';

/** What a Directory needs of its surroundings. */
export interface DirectoryEnv {
  readonly AGENT: DurableObjectNamespace<Agent>;
}

/** What came of using a code: the enrolment, and leave to register its agent under the key. */
export type Redeemed =
  | { readonly kind: 'open'; readonly enrollment: Enrollment; readonly stamp: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'key_taken' };

/** The directory of mailboxes: one in a deployment. */
export function directoryStub(
  namespace: DurableObjectNamespace<Directory>,
): DurableObjectStub<Directory> {
  return namespace.getByName('mailboxes');
}

/** The directory of agents: one in a deployment, apart from the mailboxes' and their traffic. */
export function agentsStub(
  namespace: DurableObjectNamespace<Directory>,
): DurableObjectStub<Directory> {
  return namespace.getByName('agents');
}

/** A change that is not settled by then was given up in the middle. Seconds. */
const settleAfter = 15;
const settleBatch = 50;
const retryAfter = 60;

const seconds = (): number => Math.floor(Date.now() / 1000);

export class Directory extends DurableObject<DirectoryEnv> {
  readonly #mailboxes: DirectoryStore;
  readonly #roster: RosterStore;
  readonly #enrollments: EnrollmentStore;

  constructor(ctx: DurableObjectState, env: DirectoryEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    const agents = [...rosterSchema, ...enrollmentSchema];
    // Version 1 held mailboxes alone
    const schema = createSchema(sql, 2, [...directorySchema, ...agents], { 2: agents });
    this.#mailboxes = createDirectoryStore(sql, schema);
    this.#roster = createRosterStore(sql, schema);
    this.#enrollments = createEnrollmentStore(sql, schema);
  }

  add(owner: string): void {
    this.#mailboxes.add(owner);
  }

  remove(owner: string): void {
    this.#mailboxes.remove(owner);
  }

  head(): number {
    return this.#mailboxes.head();
  }

  page(after: number, upTo: number, limit: number): DirectoryPage {
    return this.#mailboxes.page(after, upTo, limit);
  }

  list(after: string, limit: number): readonly string[] {
    return this.#mailboxes.list(after, limit);
  }

  /** Begins a change of an agent, and claims the key that it is to have. */
  async begin(id: string, jkt: string | undefined): Promise<Begun> {
    const begun = this.#roster.begin(id, jkt, seconds());
    await this.#schedule();
    return begun;
  }

  /** Ends a change: takes over what the agent's object says now. */
  settle(id: string, facts: Facts, stamp: number): void {
    this.#roster.settle(id, facts, stamp);
  }

  /** Keeps a replaced key from everybody until a time; `false` when there are too many. */
  async retire(id: string, jkt: string, until: number): Promise<boolean> {
    const kept = this.#roster.retire(id, jkt, until);
    await this.#schedule();
    return kept;
  }

  seen(id: string, at: number): void {
    this.#roster.seen(id, at);
  }

  agents(query: ListQuery): readonly Summary[] {
    return this.#roster.list(query);
  }

  async addEnrollment(enrollment: NewEnrollment): Promise<void> {
    this.#enrollments.insert(enrollment);
    await this.#schedule();
  }

  enrollments(after: string, limit: number): readonly Enrollment[] {
    return this.#enrollments.list(after, limit, seconds());
  }

  removeEnrollment(id: string): boolean {
    return this.#enrollments.remove(id);
  }

  /** Uses a code for a key, in one turn: of all that come at once, one key gets it. */
  async redeem(id: string, codeHash: string, jkt: string): Promise<Redeemed> {
    const now = seconds();
    const found = this.#enrollments.present(id, codeHash, jkt, now);
    if (found.kind === 'refused') return found;
    const begun = this.#roster.begin(found.enrollment.agentId, jkt, now);
    if (begun.kind === 'key_taken') return begun;
    this.#enrollments.use(id, jkt);
    await this.#schedule();
    return { ...found, stamp: begun.stamp };
  }

  override async alarm(): Promise<void> {
    const now = seconds();
    this.#enrollments.purge(now);
    this.#roster.purge(now);
    const open = this.#roster.unsettled(now - settleAfter, settleBatch);
    const settled = await Promise.allSettled(
      open.map(async ({ id, stamp }) => {
        const registration = await this.env.AGENT.getByName(id).registration();
        this.#roster.settle(id, factsOf(registration), stamp);
      }),
    );
    const failed = settled.some(({ status }) => status === 'rejected');
    await this.#schedule(failed ? now + retryAfter : 0);
  }

  async #schedule(notBefore = 0): Promise<void> {
    const ends = [this.#enrollments.nextExpiry(), this.#roster.nextDue(settleAfter)];
    const wake = nextAlarm(
      ends.map((end) => (end === undefined ? undefined : Math.max(end, notBefore) * 1000)),
    );
    if (wake === undefined) return;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > wake) await this.ctx.storage.setAlarm(wake);
  }
}
