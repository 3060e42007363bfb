// What an agent's object decides: who is registered, what is issued, and what was used before.

import type { Schema } from '../storage/schema.ts';
import { createOperatorKeyStore, type OperatorKeyStore } from './operator_key_store.ts';
import {
  createRegistrationStore,
  type NewRegistration,
  type RegistrationStore,
} from './registration_store.ts';
import type { IssueDecision, IssueRequest, Registration, Use } from './registration.ts';
import { createSessionStore, type SessionStore } from './session_store.ts';
import { createUseStore } from './use_store.ts';

/** What is registered after a call, and whether the call did it. */
export interface Registered {
  readonly created: boolean;
  readonly registration: Registration;
}

/** Decisions of one agent's object: each is one turn, so it happens wholly or not at all. */
export interface Admission {
  readonly registrations: RegistrationStore;
  readonly sessions: SessionStore;
  readonly operatorKeys: OperatorKeyStore;
  register(agent: NewRegistration, notBefore: number | undefined, now: number): Registered;
  enroll(agent: NewRegistration, notBefore: number | undefined, now: number): Registered;
  registerOperator(
    agent: NewRegistration,
    notBefore: number | undefined,
    now: number,
  ): Registration;
  remove(until: number): void;
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

  return {
    registrations,
    sessions,
    operatorKeys,
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

    admitIssue({ jkt, uses: asked, sid = crypto.randomUUID(), lifetime }, now) {
      const registration = registrations.get();
      const admitted = registration !== undefined && !registration.disabled;
      if (!admitted || registration.jkt !== jkt) return { kind: 'refused' };
      const index = uses.record(asked);
      if (index !== undefined) return { kind: 'replayed', index };
      sessions.record({ sid, createdAt: now, expiresAt: now + Math.ceil(lifetime), jkt });
      return { kind: 'granted', registration, sid };
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
      registrations.purge(now);
    },

    isEmpty: () =>
      registrations.keptUntil() === undefined &&
      uses.nextExpiry() === undefined &&
      sessions.nextExpiry() === undefined &&
      operatorKeys.count() === 0,

    nextExpiry() {
      const kept = registrations.keptUntil();
      const ends = [uses.nextExpiry(), sessions.nextExpiry(), kept === Infinity ? undefined : kept];
      const due = ends.filter((end) => end !== undefined);
      return due.length === 0 ? undefined : Math.min(...due) * 1000;
    },
  };
}
