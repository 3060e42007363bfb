// What an agent's object decides: who is registered, what is issued, and what was used before.

import type { Schema } from '../../storage/schema.ts';
import { createOperatorKeyStore, type OperatorKeyStore } from './operator_key_store.ts';
import {
  createRegistrationStore,
  type NewRegistration,
  type RegistrationStore,
} from './registration_store.ts';
import {
  createStatusLeaseStore,
  type ListedToken,
  type StatusIndex,
  type StatusLeaseStore,
} from '../status/status_lease_store.ts';
import type { IssueDecision, IssueRequest, Registration, Use } from './registration.ts';
import { createSessionStore, type SessionStore } from './session_store.ts';
import { createRequestDesk, type RequestDesk } from './request_admission.ts';
import { createUseStore, type UseStore } from './use_store.ts';

/** What is registered after a call, and whether the call did it. */
export interface Registered {
  readonly created: boolean;
  readonly registration: Registration;
}

/** Who needs a lease, and in whose lists. */
export interface Listed {
  readonly issuer: string;
  readonly id: string;
}

/** Decisions of one agent's object: each is one turn, so it happens wholly or not at all. */
export interface Admission {
  readonly registrations: RegistrationStore;
  readonly sessions: SessionStore;
  readonly operatorKeys: OperatorKeyStore;
  readonly indices: StatusLeaseStore;
  readonly uses: UseStore;
  /** Requests through the gateway. */
  readonly requests: RequestDesk;
  register(agent: NewRegistration, notBefore: number | undefined, now: number): Registered;
  enroll(agent: NewRegistration, notBefore: number | undefined, now: number): Registered;
  registerOperator(
    agent: NewRegistration,
    notBefore: number | undefined,
    now: number,
  ): Registration;
  remove(until: number): void;
  /** The lease that a token needs before it can be admitted; `undefined`: none. */
  lacksIndex(request: IssueRequest, now: number): Listed | undefined;
  admitIssue(request: IssueRequest, now: number): IssueDecision;
  useOnce(use: Use): boolean;
  /** The hour that `now` is in, the first time that it is asked in it. */
  newHour(now: number): number | undefined;
  purge(now: number): void;
  isEmpty(): boolean;
  /** Milliseconds since the epoch. */
  nextExpiry(): number | undefined;
}

const hour = 3600;

/** Makes the decisions over the object's stores. Times are seconds since the epoch. */
export function createAdmission(sql: SqlStorage, schema: Schema): Admission {
  const registrations = createRegistrationStore(sql, schema);
  const sessions = createSessionStore(sql, schema);
  const uses = createUseStore(sql, schema);
  const operatorKeys = createOperatorKeyStore(sql, schema);
  const indices = createStatusLeaseStore(sql, schema);
  let seenHour: number | undefined;

  const create = (
    agent: NewRegistration,
    notBefore: number | undefined,
    now: number,
  ): Registration =>
    registrations.create(notBefore === undefined ? agent : { ...agent, notBefore }, now);

  function register(
    agent: NewRegistration,
    notBefore: number | undefined,
    now: number,
  ): Registered {
    const found = registrations.get();
    if (found !== undefined) return { created: false, registration: found };
    return { created: true, registration: create(agent, notBefore, now) };
  }

  /** Who may have a token that this key's assertion asks for. */
  function issuable(jkt: string): Registration | undefined {
    const found = registrations.get();
    return found === undefined || found.disabled || found.jkt !== jkt ? undefined : found;
  }

  /** A token of the second of its agent's `notBefore` waits until it is newer: so it is listed as newer. */
  function list(token: ListedToken, notBefore: number | undefined, now: number): StatusIndex {
    const [own, ...ancestors] = token.identities;
    const issuedAt = Math.max(own?.issuedAt ?? now, (notBefore ?? -1) + 1);
    const identities = own === undefined ? [] : [{ ...own, issuedAt }, ...ancestors];
    const index = indices.take({ ...token, identities }, now);
    if (index === undefined) throw new Error('There is no free index');
    return index;
  }

  return {
    registrations,
    sessions,
    operatorKeys,
    indices,
    uses,
    requests: createRequestDesk(uses, registrations.get),
    register,

    enroll(agent, notBefore, now) {
      const found = registrations.get();
      if (found === undefined) return register(agent, notBefore, now);
      if (found.jkt !== undefined || found.disabled) return { created: false, registration: found };
      const { tier, scope, dpop, dlgMax } = agent.policy;
      registrations.change({ tier, scope, dpop, dlgMax: dlgMax ?? null });
      return { created: true, registration: registrations.setKey(agent.key) ?? found };
    },

    registerOperator(agent, notBefore, now) {
      const found = registrations.get();
      if (found !== undefined && operatorKeys.has(agent.key.jkt ?? '')) return found;
      operatorKeys.add(agent.key.jkt ?? '');
      return create(agent, notBefore, now);
    },

    remove(until) {
      registrations.remove(until);
      sessions.clear();
    },

    lacksIndex({ jkt, status }, now) {
      // Whoever gets no token leases nothing
      const registration = status === undefined ? undefined : issuable(jkt);
      if (status === undefined || registration === undefined || indices.hasFree(now))
        return undefined;
      return { issuer: status.issuer, id: registration.id };
    },

    admitIssue({ jkt, uses: asked, sid = crypto.randomUUID(), lifetime, status }, now) {
      const registration = issuable(jkt);
      if (registration === undefined) return { kind: 'refused' };
      const replayed = uses.record(asked);
      if (replayed !== undefined) return { kind: 'replayed', index: replayed };
      sessions.record({ sid, createdAt: now, expiresAt: now + Math.ceil(lifetime), jkt });
      const index = status && list(status.token, registration.notBefore, now);
      return { kind: 'granted', registration, sid, ...(index === undefined ? {} : { index }) };
    },

    useOnce: (use) => registrations.get() !== undefined && uses.record([use]) === undefined,

    newHour(now) {
      const started = now - (now % hour);
      if (seenHour === started) return undefined;
      seenHour = started;
      return started;
    },

    purge(now) {
      uses.purge(now);
      sessions.purge(now);
      indices.purge(now);
      registrations.purge(now);
    },

    isEmpty: () =>
      registrations.keptUntil() === undefined &&
      uses.nextExpiry() === undefined &&
      sessions.nextExpiry() === undefined &&
      indices.nextExpiry() === undefined &&
      operatorKeys.count() === 0,

    nextExpiry() {
      const kept = registrations.keptUntil();
      const stores = [uses, sessions, indices].map((store) => store.nextExpiry());
      const ends = [...stores, kept === Infinity ? undefined : kept];
      const due = ends.filter((end) => end !== undefined);
      return due.length === 0 ? undefined : Math.min(...due) * 1000;
    },
  };
}
