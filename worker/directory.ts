// Directory: the Durable Object class of two objects, of mailboxes and of agents: an RPC shell, and their one schema.

import { DurableObject } from 'cloudflare:workers';
import type { Agent } from './authority/agent/agent.ts';
import {
  createAgentDirectory,
  type AgentDirectory,
  type Redeemed,
} from './authority/enroll/agent_directory.ts';
import {
  enrollmentSchema,
  type Enrollment,
  type NewEnrollment,
} from './authority/enroll/enrollment_store.ts';
import {
  rosterSchema,
  type Begun,
  type Facts,
  type ListQuery,
  type Summary,
} from './authority/enroll/roster_store.ts';
import {
  createDirectoryStore,
  directorySchema,
  type DirectoryPage,
  type DirectoryStore,
} from './bus/directory_store.ts';
import { createSchema } from './storage/schema.ts';

/** What a Directory needs of its surroundings. */
export interface DirectoryEnv {
  readonly AGENT: DurableObjectNamespace<Agent>;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

// Both objects are of this class since the first deployment, and what is stored belongs to a class
export class Directory extends DurableObject<DirectoryEnv> {
  readonly #mailboxes: DirectoryStore;
  readonly #agents: AgentDirectory;

  constructor(ctx: DurableObjectState, env: DirectoryEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const agents = [...rosterSchema, ...enrollmentSchema];
    // Version 1 held mailboxes alone
    const schema = createSchema(storage.sql, 2, [...directorySchema, ...agents], { 2: agents });
    this.#mailboxes = createDirectoryStore(storage.sql, schema);
    this.#agents = createAgentDirectory({ storage, schema, agents: env.AGENT });
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
    const begun = this.#agents.roster.begin(id, jkt, seconds());
    await this.#agents.schedule();
    return begun;
  }

  /** Ends a change: takes over what the agent's object says now. */
  settle(id: string, facts: Facts, stamp: number): void {
    this.#agents.roster.settle(id, facts, stamp);
  }

  /** Keeps a replaced key from everybody until a time; `false` when there are too many. */
  async retire(id: string, jkt: string, until: number): Promise<boolean> {
    const kept = this.#agents.roster.retire(id, jkt, until);
    await this.#agents.schedule();
    return kept;
  }

  seen(id: string, at: number): void {
    this.#agents.roster.seen(id, at);
  }

  agents(query: ListQuery): readonly Summary[] {
    return this.#agents.roster.list(query);
  }

  async addEnrollment(enrollment: NewEnrollment): Promise<void> {
    this.#agents.enrollments.insert(enrollment);
    await this.#agents.schedule();
  }

  enrollments(after: string, limit: number): readonly Enrollment[] {
    return this.#agents.enrollments.list(after, limit, seconds());
  }

  removeEnrollment(id: string): boolean {
    return this.#agents.enrollments.remove(id);
  }

  /** Uses a code for a key. */
  async redeem(id: string, codeHash: string, jkt: string): Promise<Redeemed> {
    const redeemed = this.#agents.redeem(id, codeHash, jkt, seconds());
    await this.#agents.schedule();
    return redeemed;
  }

  override alarm(): Promise<void> {
    return this.#agents.tidy(seconds());
  }
}
