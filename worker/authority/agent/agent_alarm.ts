// The alarm of an agent's object: it purges what has ended, and at last the object itself.

import type { Schema } from '../../storage/schema.ts';
import { nextAlarm } from '../../storage/wake_time.ts';
import type { Admission } from './agent_admission.ts';
import type { NonceStore } from './nonce_store.ts';

/** What the alarm looks after. */
export interface AgentAlarmOptions {
  readonly storage: DurableObjectStorage;
  readonly schema: Schema;
  readonly nonces: NonceStore;
  readonly admission: Admission;
}

/** When an object wakes, and what it does then. */
export interface AgentAlarm {
  /** Sets the alarm to when the next of all rows ends, unless it wakes sooner. */
  schedule(): Promise<void>;
  /** Sets it to some time after a request, unless it wakes sooner: without asking the tables. */
  scheduleRequest(): Promise<void>;
  ring(): Promise<void>;
}

/** About how long the row of a request is kept: purging need not come sooner. */
const requestsLastMs = 200_000;
/** How long an empty object still knows what it forgot: a clock that was ahead may step back. */
const restMs = 600_000;

/** Makes the alarm of one object. */
export function createAgentAlarm({
  storage,
  schema,
  nonces,
  admission,
}: AgentAlarmOptions): AgentAlarm {
  // As far as this instance knows: asking each time would cost as much as what is asked for
  let wakeAt: number | undefined;

  async function wakeBy(...due: readonly (number | undefined)[]): Promise<void> {
    const wake = nextAlarm(due);
    if (wake === undefined || (wakeAt ?? Infinity) <= wake) return;
    const set = await storage.getAlarm();
    wakeAt = Math.min(set ?? Infinity, wake);
    if (set === null || set > wake) await storage.setAlarm(wake);
  }

  const schedule = (): Promise<void> => wakeBy(nonces.nextExpiry(), admission.nextExpiry());

  /** When something was purged last. */
  function purgedAt(): number {
    const uses = (admission.uses.purgedAt() ?? 0) * 1000;
    return Math.max(uses, nonces.purgedAt() ?? 0);
  }

  return {
    schedule,
    scheduleRequest: () => wakeBy(Date.now() + requestsLastMs),

    async ring() {
      wakeAt = undefined;
      const now = Date.now();
      nonces.purge(now);
      admission.purge(Math.floor(now / 1000));
      if (nonces.nextExpiry() !== undefined || !admission.isEmpty()) return schedule();
      const restUntil = purgedAt() + restMs;
      if (now < restUntil) return wakeBy(restUntil);
      schema.forget();
      await storage.deleteAll();
    },
  };
}
