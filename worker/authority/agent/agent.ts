// Agent: the Durable Object of one agent id. An RPC shell over its stores.

import { DurableObject } from 'cloudflare:workers';
import type { Directory } from '../../directory.ts';
import { agentsStub } from '../enroll/agent_directory.ts';
import { createSchema } from '../../storage/schema.ts';
import { createAgentAlarm, type AgentAlarm } from './agent_alarm.ts';
import { createAdmission, type Admission, type Listed } from './agent_admission.ts';
import { agentSchema, agentUpgrades, agentVersion } from './agent_schema.ts';
import type { StatusIndex } from '../status/status_lease_store.ts';
import type { StatusLists } from '../status/status_lists.ts';
import type { StatusRecord } from '../status/status_match.ts';
import { createMessageLedger, type MessageLedger } from './message_ledger.ts';
import type { RequestAdmission, RequestDecision } from './request_admission.ts';
import { createNonceStore, type Held, type LedgerEntry, type Reservation } from './nonce_store.ts';
import type {
  AgentKey,
  Change,
  IssueDecision,
  IssueRequest,
  MaybeKey,
  Policy,
  Registration,
  Session,
  Use,
} from './registration.ts';

/** What an Agent needs of its surroundings. */
export interface AgentEnv {
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly STATUS_LISTS: DurableObjectNamespace<StatusLists>;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

export class Agent extends DurableObject<AgentEnv> {
  readonly #admission: Admission;
  readonly #ledger: MessageLedger;
  readonly #alarm: AgentAlarm;
  #leasing: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: AgentEnv) {
    super(ctx, env);
    const { storage } = ctx;
    const { sql } = storage;
    const schema = createSchema(sql, agentVersion, agentSchema, agentUpgrades);
    const nonces = createNonceStore(sql, schema);
    this.#ledger = createMessageLedger(nonces);
    this.#admission = createAdmission(sql, schema);
    this.#alarm = createAgentAlarm({ storage, schema, nonces, admission: this.#admission });
  }

  /** The registration, or `null`. Reads only. */
  registration(): Registration | null {
    return this.#admission.registrations.get() ?? null;
  }

  /** Whether a removed registration is remembered, whose revocation a new one must lift. */
  isRemoved(): boolean {
    return this.#admission.registrations.isRemoved();
  }

  /** Registers the agent unless it is registered already; answers what is registered then. */
  async register(
    id: string,
    policy: Policy,
    key: MaybeKey,
    notBefore?: number,
  ): Promise<{ readonly created: boolean; readonly registration: Registration }> {
    const outcome = this.#admission.register({ id, policy, key }, notBefore, seconds());
    await this.#alarm.schedule();
    return outcome;
  }

  /** Registers the agent under an enrolment's key, also one that had no key yet. */
  async enroll(
    id: string,
    policy: Policy,
    key: AgentKey,
    notBefore?: number,
  ): Promise<{ readonly created: boolean; readonly registration: Registration }> {
    const outcome = this.#admission.enroll({ id, policy, key }, notBefore, seconds());
    await this.#alarm.schedule();
    return outcome;
  }

  change(change: Change & { readonly notBefore?: number }): Registration | null {
    return this.#admission.registrations.change(change) ?? null;
  }

  /** Changes the key of an enabled agent from one to another; `null` when it has another by now. */
  changeKey(from: string, key: AgentKey): Registration | null {
    const found = this.#admission.registrations.get();
    if (found === undefined || found.disabled || found.jkt !== from) return null;
    return this.#admission.registrations.setKey(key) ?? null;
  }

  /** Refuses to issue from now on; `null` when nobody is registered. */
  disable(): Registration | null {
    return this.change({ disabled: true });
  }

  /** Issues again, tokens that are newer than `notBefore`; `null` when nobody is registered. */
  enable(notBefore: number): Registration | null {
    return this.change({ disabled: false, notBefore });
  }

  /** Whether the operator's key of this thumbprint was ever registered from the configuration. */
  knowsOperatorKey(jkt: string): boolean {
    return this.#admission.operatorKeys.has(jkt);
  }

  /** Registers the operator's key of the configuration, once for each thumbprint. */
  async registerOperator(
    id: string,
    policy: Policy,
    key: AgentKey,
    notBefore: number | undefined,
  ): Promise<Registration> {
    const registered = this.#admission.registerOperator({ id, policy, key }, notBefore, seconds());
    await this.#alarm.schedule();
    return registered;
  }

  /** Removes the registration; what revokes its tokens stands until then. */
  async remove(until: number): Promise<void> {
    this.#admission.remove(until);
    await this.#alarm.schedule();
  }

  /** Decides on one token, and records all that must happen once, or nothing. */
  async admitIssue(request: IssueRequest): Promise<IssueDecision> {
    for (;;) {
      const listed = this.#admission.lacksIndex(request, seconds());
      if (listed === undefined) break;
      // Once for all that wait for it: each takes an index of its own afterwards
      this.#leasing ??= this.#lease(listed).finally(() => (this.#leasing = undefined));
      await this.#leasing;
    }
    const decision = this.#admission.admitIssue(request, seconds());
    if (decision.kind !== 'granted') return decision;
    await this.#alarm.schedule();
    await this.#outlive(decision.registration.notBefore);
    this.#tellSeen(decision.registration.id);
    return decision;
  }

  /** Where the tokens are listed that a revocation covers. Reads only. */
  coveredBy(record: StatusRecord): readonly StatusIndex[] {
    return this.#admission.indices.covered(record, seconds());
  }

  /** Records a use; `false` when it was used before, or nobody is registered. */
  async useOnce(use: Use): Promise<boolean> {
    const first = this.#admission.useOnce(use);
    if (first) await this.#alarm.schedule();
    return first;
  }

  sessions(after: string, limit: number): readonly Session[] {
    return this.#admission.sessions.list(after, limit, seconds());
  }

  /** Admits one request through the gateway: everything that it uses is used now, or nothing is. */
  async admitRequest(request: RequestAdmission): Promise<RequestDecision> {
    const decision = this.#admission.requests.decide(request, Date.now());
    if (decision.kind !== 'admitted') return decision;
    const { message } = request;
    // Begun in the same turn, so that nothing comes in between
    const reserving = message && this.#ledger.reserve(message);
    const [reservation] = await Promise.all([reserving, this.#alarm.scheduleRequest()]);
    return { ...decision, ...(reservation === undefined ? {} : { reservation }) };
  }

  /** Reserves a message's nonce. While another message holds it, waits a while for its outcome. */
  async reserve(entry: LedgerEntry): Promise<Reservation> {
    const reservation = await this.#ledger.reserve(entry);
    await this.#alarm.schedule();
    return reservation;
  }

  commit(entry: LedgerEntry): Promise<void> {
    this.#ledger.commit(entry);
    return this.#alarm.schedule();
  }

  release(entry: LedgerEntry): void {
    this.#ledger.release(entry);
  }

  settle(held: Held, stored: boolean): void {
    this.#ledger.settle(held, stored);
  }

  override alarm(): Promise<void> {
    return this.#alarm.ring();
  }

  /** A token of the very second in which all older ones were revoked would be revoked with them. */
  async #outlive(notBefore: number | undefined): Promise<void> {
    if (notBefore === undefined) return;
    const wait = (notBefore + 1) * 1000 - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 1000)));
  }

  async #lease({ issuer, id }: Listed): Promise<void> {
    const lists = this.env.STATUS_LISTS.getByName(issuer);
    this.#admission.indices.add(await lists.lease(issuer, id));
  }

  /** The directory hears of it at most once an hour; whether it does is nothing to wait for. */
  #tellSeen(id: string): void {
    const hour = this.#admission.newHour(seconds());
    if (hour !== undefined) this.ctx.waitUntil(this.#tell(id, hour));
  }

  async #tell(id: string, hour: number): Promise<void> {
    try {
      await agentsStub(this.env.DIRECTORY).seen(id, hour);
    } catch {
      // A list that is an hour behind does no harm
    }
  }
}
