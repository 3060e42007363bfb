// The observer of an isolate: batches, what must be durable, what is lost and named, what a flood leaves

import { env } from 'cloudflare:workers';
import { reset } from 'cloudflare:test';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AuditLog } from '../../worker/index.ts';
import type { Batch } from '../../worker/observe/audit_batch.ts';
import { shardStub } from '../../worker/observe/audit_stubs.ts';
import { clientWho, type Decision, type Observer } from '../../worker/observe/decision.ts';
import { createObserver } from '../../worker/observe/observer.ts';
import { traceOf } from '../../worker/observe/trace.ts';

beforeEach(reset);

type Append = (batch: Batch) => Promise<void>;

/** A log that is asked as the test wants. */
function logOf(append: Append): DurableObjectNamespace<AuditLog> {
  return { getByName: () => ({ append }) } as unknown as DurableObjectNamespace<AuditLog>;
}

interface Observed {
  readonly observer: Observer;
  /** Waits for everything that was kept alive so far, and what follows from it. */
  readonly settled: () => Promise<void>;
}

function observed(
  namespace: DurableObjectNamespace<AuditLog>,
  mode: 'best-effort' | 'required' = 'best-effort',
): Observed {
  let work: Promise<unknown>[] = [];
  const observer = createObserver({
    audit: { mode, shards: 1 },
    namespace,
    now: () => Date.now(),
    waitUntil: (promise) => work.push(promise),
  });
  return {
    observer,
    async settled() {
      while (work.length > 0) {
        const under = work;
        work = [];
        await Promise.allSettled(under);
      }
    },
  };
}

const decision = (changes: Partial<Decision> = {}): Decision => ({
  at: Date.now(),
  via: 'http',
  trace: traceOf(null),
  route: '/whoami',
  method: 'GET',
  who: clientWho('planner', 'https://gate.example'),
  action: 'request',
  resource: undefined,
  allowed: true,
  code: undefined,
  status: undefined,
  ...changes,
});
const countOf = (draft: string): number =>
  (JSON.parse(`{${draft}}`) as { readonly count: number }).count;
const refusal = { allowed: false, code: 'token_missing', status: 401, who: undefined };

describe('createObserver()', () => {
  test('sends what was recorded within a second in one batch', async () => {
    const batches: Batch[] = [];
    const { observer, settled } = observed(logOf(async (batch) => void batches.push(batch)));
    for (let count = 0; count < 5; count++) expect(observer.record(decision())).toBeUndefined();
    observer.measure({ timings: { total: 3 }, messages: 1 });
    await settled();
    expect(batches).toMatchObject([{ batch: 1, first: 1, stored: 0, agents: ['planner'] }]);
    expect(batches[0]?.drafts).toHaveLength(5);
    expect(batches[0]?.counts).toMatchObject({
      decisions: { 'allow http /whoami GET none': 5 },
      messages: 1,
      waits: { total: { sum: 3 } },
    });
  });

  test('sends a batch that was not answered again as it was, and loses nothing', async () => {
    let calls = 0;
    const namespace = logOf(async (batch) => {
      calls += 1;
      if (calls === 1) throw new Error('down');
      // Stored, and the answer lost
      await shardStub(env.AUDIT_LOG, 0).append(batch);
      if (calls === 2) throw new Error('the answer is lost');
    });
    const { observer, settled } = observed(namespace);
    for (let count = 0; count < 3; count++) void observer.record(decision());
    await settled();
    void observer.record(decision());
    await settled();
    expect(calls).toBe(4);
    expect((await shardStub(env.AUDIT_LOG, 0).report()).totals).toEqual({
      entries: 4,
      gaps: 0,
      lost: 0,
    });
  });

  test('names what it could not keep while its log was down for long', async () => {
    let isDown = true;
    const namespace = logOf(async (batch) => {
      if (isDown) throw new Error('down');
      await shardStub(env.AUDIT_LOG, 0).append(batch);
    });
    const { observer, settled } = observed(namespace);
    for (let count = 0; count < 6000; count++) void observer.record(decision());
    isDown = false;
    await settled();
    const { totals } = await shardStub(env.AUDIT_LOG, 0).report();
    // The first batch was under way already; 4,000 wait; what is between them is lost, and named
    expect(totals).toEqual({ entries: 500 + 1 + 4000, gaps: 1, lost: 1500 });
  });

  test('lets nobody wait where best effort is enough', async () => {
    const { observer } = observed(logOf(() => new Promise(() => {})));
    expect(observer.record(decision())).toBeUndefined();
    expect(observer.record(decision(refusal))).toBeUndefined();
  });

  test('required: waits until the record is durable, of all that come at once in few batches', async () => {
    const batches: Batch[] = [];
    const namespace = logOf(async (batch) => {
      batches.push(batch);
      await shardStub(env.AUDIT_LOG, 0).append(batch);
    });
    const { observer, settled } = observed(namespace, 'required');
    await Promise.all(Array.from({ length: 200 }, async () => observer.record(decision())));
    expect((await shardStub(env.AUDIT_LOG, 0).report()).totals.entries).toBe(200);
    expect(batches.length).toBeLessThan(10);
    await settled();
  });

  test('required: refuses at once when the log fails, and after two seconds when it hangs', async () => {
    const failing = observed(
      logOf(() => Promise.reject(new Error('down'))),
      'required',
    );
    await expect(failing.observer.record(decision())).rejects.toMatchObject({
      code: 'audit_unavailable',
    });
    const hanging = observed(
      logOf(() => new Promise(() => {})),
      'required',
    );
    const began = Date.now();
    await expect(hanging.observer.record(decision())).rejects.toMatchObject({
      code: 'audit_unavailable',
    });
    expect(Date.now() - began).toBeGreaterThanOrEqual(1900);
  });

  test('required: does not depend on a call that hangs once', async () => {
    let calls = 0;
    const namespace = logOf(async (batch) => {
      calls += 1;
      if (calls === 1) return new Promise<void>(() => {});
      return shardStub(env.AUDIT_LOG, 0).append(batch);
    });
    await observed(namespace, 'required').observer.record(decision());
    expect((await shardStub(env.AUDIT_LOG, 0).report()).totals.entries).toBe(1);
  });

  test('counts a flood of unverified refusals by reason, and writes few of them', async () => {
    const batches: Batch[] = [];
    const { observer, settled } = observed(logOf(async (batch) => void batches.push(batch)));
    for (let count = 0; count < 10_000; count++) {
      const code = count % 2 === 0 ? 'token_missing' : 'token_malformed';
      void observer.record(decision({ ...refusal, code }));
    }
    await settled();
    const drafts = batches.flatMap((batch) => batch.drafts);
    const summaries = drafts.filter((draft) => draft.startsWith('"kind":"summary"'));
    const counted = summaries.reduce((sum, draft) => sum + countOf(draft), 0);
    const written = drafts.length - summaries.length;
    expect(counted + written).toBe(10_000);
    expect(drafts.length).toBeLessThan(300);
  });

  test('keeps counts bounded whatever names it is told', async () => {
    const batches: Batch[] = [];
    const { observer, settled } = observed(logOf(async (batch) => void batches.push(batch)));
    for (let count = 0; count < 5000; count++) {
      void observer.record(decision({ ...refusal, route: `/${count}`, code: `"${count}\n` }));
    }
    await settled();
    const names = batches.flatMap(({ counts }) => Object.keys(counts.decisions));
    expect(new Set(names).size).toBeLessThanOrEqual(2001);
    for (const name of names) expect(name).toMatch(/^[\w:.*{}/ -]+$/);
  });
});
