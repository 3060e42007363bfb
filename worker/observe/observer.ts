// The observer of one isolate: gathers decisions, and hands them to its shard of the audit log in batches.

import { TokenError } from '../../src/verify/index.ts';
import type { AuditConfig } from '../env_audit.ts';
import type { Batch } from './audit_batch.ts';
import type { AuditLog } from './audit_log.ts';
import { shardStub } from './audit_stubs.ts';
import { countDecision, countSample, isCounted, noCounts, type Counts } from './counts.ts';
import type { Decision, Observer } from './decision.ts';
import { logError } from './log.ts';
import { draftOf, type Draft } from './record.ts';
import { createRefusals, type Refusals } from './refusals.ts';

/** What an observer needs. */
export interface ObserverOptions {
  readonly audit: Pick<AuditConfig, 'mode' | 'shards'>;
  readonly namespace: DurableObjectNamespace<AuditLog>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Lets work go on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

// Milliseconds. A batch is at most a second old when it is sent; who must wait waits two seconds at
// most; a call that was not answered for one second may have lost its request: it is made again.
const gatherFor = 900;
const patience = 2000;
const lostAfter = 1000;
const agentNotedFor = 60_000;
const maxPending = 4000;
const maxBatch = 500;
const maxAgents = 5000;

interface Flight {
  readonly batch: Batch;
  readonly sentAt: number;
  readonly landing: Promise<void>;
  failed: boolean;
}

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes the observer of an isolate. Calls nothing before the first decision. */
export function createObserver({ audit, namespace, now, waitUntil }: ObserverOptions): Observer {
  const writer = randomName();
  const shard = Math.floor(Math.random() * audit.shards);
  const refusals: Refusals = createRefusals(now);
  const agents = new Map<string, number>();
  let pending: Draft[] = [];
  /** The number of the first pending draft. */
  let first = 1;
  let stored = 0;
  let batches = 0;
  let counts: Counts = noCounts();
  let noted: string[] = [];
  /** A batch is unanswered until it is known to be stored: it is sent again as it was. */
  let unanswered: Batch | undefined;
  let current: Flight | undefined;
  let armedAt = -Infinity;
  let isFailing = false;

  function take(): Batch {
    // Counted by their writer: refusals that were not written one by one
    for (const draft of refusals.drain()) add(draft);
    const drafts = pending.slice(0, maxBatch);
    const made: Batch = {
      writer,
      batch: ++batches,
      first,
      stored,
      drafts,
      counts,
      agents: noted,
    };
    pending = pending.slice(drafts.length);
    first += drafts.length;
    [counts, noted] = [noCounts(), []];
    return made;
  }

  function begin(): Flight {
    const batch = (unanswered ??= take());
    const made: Flight = { batch, sentAt: now(), landing: fly(batch), failed: false };
    const landing = made.landing.catch(() => {
      made.failed = true;
      // Once, not every second for as long as it lasts
      if (!isFailing) logError('audit_batch_not_stored');
      isFailing = true;
    });
    const flight = Object.assign(made, { landing });
    current = flight;
    keepAlive(flight.landing.then(() => settle(flight)));
    return flight;
  }

  async function fly(batch: Batch): Promise<void> {
    await shardStub(namespace, shard).append(batch);
    isFailing = false;
    stored = Math.max(stored, batch.first + batch.drafts.length - 1);
    if (unanswered === batch) unanswered = undefined;
  }

  function settle(flight: Flight): void {
    if (current === flight) current = undefined;
    if (flight.failed || pending.length > 0) arm();
  }

  const isAlive = (flight: Flight | undefined): flight is Flight =>
    flight !== undefined && now() - flight.sentAt < lostAfter && now() >= flight.sentAt;

  function flush(): void {
    if (!isAlive(current)) begin();
  }

  function keepAlive(work: Promise<unknown>): void {
    try {
      waitUntil(work);
    } catch {
      // Outside of a request nothing keeps it alive; the next decision sends it
    }
  }

  /** Sends what there is within a second, by whoever came first; where that request is gone, the next does. */
  function arm(at = now()): void {
    const age = at - armedAt;
    if (age >= 0 && age < gatherFor + lostAfter) return;
    armedAt = at;
    keepAlive(
      wait(gatherFor).then(() => {
        armedAt = -Infinity;
        if (pending.length > 0 || unanswered !== undefined || isCounted(counts)) flush();
        return current?.landing;
      }),
    );
  }

  function add(draft: Draft): number {
    pending.push(draft);
    if (pending.length > maxPending) {
      // The shard will name what is missing
      pending.shift();
      first += 1;
    }
    return first + pending.length - 1;
  }

  async function durable(n: number): Promise<void> {
    const end = now() + patience;
    const isStored = (): boolean => stored >= n;
    while (!isStored() && now() < end) {
      const flight = isAlive(current) ? current : begin();
      const left = Math.min(lostAfter, end - now());
      await Promise.race([flight.landing, wait(left)]);
      const has = flight.batch.first <= n && n < flight.batch.first + flight.batch.drafts.length;
      if (flight.failed && has) break;
    }
    if (!isStored()) throw new TokenError('audit_unavailable');
  }

  function seen(agent: string, at: number): void {
    if (at - (agents.get(agent) ?? -Infinity) < agentNotedFor) return;
    agents.set(agent, at);
    if (agents.size > maxAgents) agents.clear();
    if (noted.length < maxAgents) noted.push(agent);
  }

  return {
    record(decision: Decision) {
      countDecision(counts, decision);
      if (decision.allowed && decision.who !== undefined) seen(decision.who.agent, decision.at);
      if (refusals.take(decision)) {
        arm();
        return undefined;
      }
      const n = add(draftOf(decision));
      if (audit.mode === 'required' && decision.allowed) return durable(n);
      if (pending.length >= maxBatch) flush();
      arm(decision.at);
      return undefined;
    },
    measure(sample) {
      countSample(counts, sample);
      // Who recorded something has armed already
      if (pending.length === 0) arm();
    },
  };
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
