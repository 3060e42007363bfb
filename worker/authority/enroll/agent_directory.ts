// The directory of agents: which ids and keys are taken, what the list shows, and the open enrolments.

import type { Directory } from '../../directory.ts';
import type { Schema } from '../../storage/schema.ts';
import { nextAlarm } from '../../storage/wake_time.ts';
import type { Agent } from '../agent/agent.ts';
import {
  createEnrollmentStore,
  type Enrollment,
  type EnrollmentStore,
} from './enrollment_store.ts';
import { factsOf } from './facts.ts';
import { createRosterStore, type RosterStore } from './roster_store.ts';

/** The directory of agents: one in a deployment, apart from the mailboxes' and their traffic. */
export function agentsStub(
  namespace: DurableObjectNamespace<Directory>,
): DurableObjectStub<Directory> {
  return namespace.getByName('agents');
}

/** What came of using a code: the enrolment, and leave to register its agent under the key. */
export type Redeemed =
  | { readonly kind: 'open'; readonly enrollment: Enrollment; readonly stamp: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'key_taken' };

/** What the directory works with. */
export interface AgentDirectoryOptions {
  readonly storage: DurableObjectStorage;
  readonly schema: Schema;
  readonly agents: DurableObjectNamespace<Agent>;
}

/** The directory over its stores. Times are seconds since the epoch. */
export interface AgentDirectory {
  readonly roster: RosterStore;
  readonly enrollments: EnrollmentStore;
  /** Uses a code for a key, in one turn: of all that come at once, one key gets it. */
  redeem(id: string, codeHash: string, jkt: string, now: number): Redeemed;
  /** Purges, and settles changes that were given up in the middle. */
  tidy(now: number): Promise<void>;
  /** Sets the alarm to when there is something to do, unless it wakes sooner. */
  schedule(): Promise<void>;
}

/** A change that is not settled by then was given up in the middle. Seconds. */
const settleAfter = 15;
const settleBatch = 50;
const retryAfter = 60;

/** Makes the directory of one object. */
export function createAgentDirectory(options: AgentDirectoryOptions): AgentDirectory {
  const { storage, schema, agents } = options;
  const roster = createRosterStore(storage.sql, schema);
  const enrollments = createEnrollmentStore(storage.sql, schema);

  async function schedule(notBefore = 0): Promise<void> {
    const ends = [enrollments.nextExpiry(), roster.nextDue(settleAfter)];
    const wake = nextAlarm(
      ends.map((end) => (end === undefined ? undefined : Math.max(end, notBefore) * 1000)),
    );
    if (wake === undefined) return;
    const set = await storage.getAlarm();
    if (set === null || set > wake) await storage.setAlarm(wake);
  }

  return {
    roster,
    enrollments,
    schedule: () => schedule(),

    redeem(id, codeHash, jkt, now) {
      const found = enrollments.present(id, codeHash, jkt, now);
      if (found.kind === 'refused') return found;
      const begun = roster.begin(found.enrollment.agentId, jkt, now);
      if (begun.kind === 'key_taken') return begun;
      enrollments.use(id, jkt);
      return { ...found, stamp: begun.stamp };
    },

    async tidy(now) {
      enrollments.purge(now);
      roster.purge(now);
      const open = roster.unsettled(now - settleAfter, settleBatch);
      const settled = await Promise.allSettled(
        open.map(async ({ id, stamp }) => {
          const registration = await agents.getByName(id).registration();
          roster.settle(id, factsOf(registration), stamp);
        }),
      );
      const failed = settled.some(({ status }) => status === 'rejected');
      await schedule(failed ? now + retryAfter : 0);
    },
  };
}
