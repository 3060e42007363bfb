// AuditLog: what was acknowledged is there, once and in order; checkpoints, manifests, gaps, pruning

import { env } from 'cloudflare:workers';
import {
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { localKeys, verifyAuditLog, type AuditReport } from '../../src/audit/index.ts';
import type { AuditLog } from '../../worker/index.ts';
import type { Batch } from '../../worker/observe/audit_batch.ts';
import { manifestStub, shardStub } from '../../worker/observe/audit_stubs.ts';
import { noCounts } from '../../worker/observe/counts.ts';
import { readPage } from '../../worker/observe/export.ts';
import type { Draft } from '../../worker/observe/record.ts';
import { advanceClock } from './support.ts';

beforeEach(reset);
afterEach(() => {
  vi.useRealTimers();
});

const issuer = 'https://gate.example';
const shards = 4;

const shard = (number: number): DurableObjectStub<AuditLog> => shardStub(env.AUDIT_LOG, number);
const manifests = (): DurableObjectStub<AuditLog> => manifestStub(env.AUDIT_LOG);

function drafts(count: number, name = 'planner'): Draft[] {
  return Array.from(
    { length: count },
    (_, at) =>
      `"kind":"record","at":${1_764_000_000 + at},"decision":"allow","agent":"${name}-${at}"`,
  );
}

const batch = (changes: Partial<Batch> = {}): Batch => ({
  writer: 'writer-a',
  batch: 1,
  first: 1,
  stored: 0,
  drafts: drafts(3),
  counts: noCounts(),
  agents: [],
  ...changes,
});

/** The whole log, read in pages of a size. */
async function exported(limit = 1000): Promise<string[]> {
  const lines: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 1000; page++) {
    const read = await readPage({ namespace: env.AUDIT_LOG, shards }, after, limit);
    if (read === 'expired' || read === 'malformed') throw new Error(read);
    lines.push(...read.lines);
    if (!read.more) return lines;
    after = read.after;
  }
  throw new Error('The log has no end');
}

async function verify(lines: readonly string[], maxAge?: number): Promise<AuditReport> {
  const { published } = await env.KEY_RING.getByName(issuer).serviceKeys('audit');
  const keys = await localKeys({ keys: published.map((jwk) => ({ ...jwk })) });
  return verifyAuditLog(lines, { keys, issuer, ...(maxAge === undefined ? {} : { maxAge }) });
}

const records = (lines: readonly string[]): Record<string, unknown>[] =>
  lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind === 'record' || kind === 'summary' || kind === 'gap');

describe('AuditLog', () => {
  test('keeps a batch in order, chained, over an eviction, under checkpoint and manifest', async () => {
    await shard(1).append(batch());
    await evictDurableObject(shard(1));
    await shard(1).append(batch({ batch: 2, first: 4, stored: 3 }));
    await runDurableObjectAlarm(shard(1));
    await manifests().manifest();
    const lines = await exported();
    expect(records(lines).map(({ n, seq }) => [n, seq])).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => [number, number]),
    );
    expect(await verify(lines)).toMatchObject({
      ok: true,
      entries: 6,
      unsealed: 0,
      checkpoints: 1,
      manifests: 1,
      losses: [],
    });
  });

  test('of 40 batches of 8 writers at once loses nothing and breaks no chain', async () => {
    const writers = Array.from({ length: 8 }, (_, at) => `writer-${at}`);
    await Promise.all(
      writers.flatMap((writer) =>
        Array.from({ length: 5 }, (_, at) =>
          shard(2).append(batch({ writer, batch: at + 1, first: at * 3 + 1, stored: at * 3 })),
        ),
      ),
    );
    await manifests().manifest();
    const lines = await exported(7);
    expect(records(lines)).toHaveLength(120);
    for (const writer of writers) {
      const numbers = records(lines).filter((record) => record['writer'] === writer);
      expect(numbers.map(({ n }) => n)).toEqual(Array.from({ length: 15 }, (_, at) => at + 1));
    }
    expect(await verify(lines)).toMatchObject({ ok: true, entries: 120, unsealed: 0 });
  });

  test('lets batches take turns that are hashed at the same time', async () => {
    await runInDurableObject(shard(2), async (log: AuditLog) => {
      const writers = Array.from({ length: 10 }, (_, at) => `writer-${at}`);
      await Promise.all(writers.map(async (writer) => log.append(batch({ writer }))));
    });
    await manifests().manifest();
    expect(await verify(await exported())).toMatchObject({ ok: true, entries: 30, unsealed: 0 });
  });

  test('takes the same batch once, also after an eviction', async () => {
    const counts = noCounts();
    counts.decisions['allow http /whoami GET none'] = 3;
    await shard(0).append(batch({ counts }));
    await runDurableObjectAlarm(shard(0));
    await evictDurableObject(shard(0));
    await shard(0).append(batch({ counts }));
    await shard(0).append(batch({ counts }));
    expect(records(await exported())).toHaveLength(3);
    const { figures } = await shard(0).report();
    expect(figures.totals.decisions).toEqual(counts.decisions);
  });

  test('takes what is new of a batch that comes again with more', async () => {
    await shard(0).append(batch());
    await shard(0).append(batch({ batch: 2, first: 2, drafts: drafts(4) }));
    expect(records(await exported()).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
  });

  test('signs with the successor from the moment that its key is compromised', async () => {
    const signers = async (): Promise<readonly string[]> =>
      (await exported()).flatMap((line) => {
        const { jws } = JSON.parse(line) as { readonly jws?: string };
        return jws === undefined ? [] : [String(decodeProtectedHeader(jws).kid)];
      });
    const ring = env.KEY_RING.getByName(issuer);
    const { kid } = (await ring.serviceKeys('audit')).signer.jwk;
    await shard(0).append(batch());
    await runDurableObjectAlarm(shard(0));
    await manifests().manifest();
    expect(await signers()).toEqual([kid, kid]);
    expect(await ring.compromise(kid)).toBe(true);
    const next = (await ring.serviceKeys('audit')).signer.jwk.kid;
    await shard(0).append(batch({ batch: 2, first: 4, stored: 3 }));
    await runDurableObjectAlarm(shard(0));
    await manifests().manifest();
    expect((await signers()).toSorted()).toEqual([kid, kid, next, next].toSorted());
    const { ok, findings } = await verify(await exported());
    expect(ok).toBe(false);
    expect(new Set(findings.map(({ code }) => code))).toEqual(
      new Set(['checkpoint_invalid', 'manifest_invalid', 'manifest_missing']),
    );
  });

  test('names the records that a writer lost', async () => {
    await shard(0).append(batch());
    await shard(0).append(batch({ batch: 2, first: 9, stored: 3 }));
    await manifests().manifest();
    const report = await verify(await exported());
    expect(report.ok).toBe(true);
    expect(report.losses).toEqual([{ shard: 0, seq: 4, writer: 'writer-a', from: 4, to: 8 }]);
    expect((await shard(0).report()).totals).toEqual({ entries: 7, gaps: 1, lost: 5 });
  });

  test('is whole in pages of every size', async () => {
    await shard(0).append(batch({ drafts: drafts(20) }));
    await shard(3).append(batch({ writer: 'writer-b', drafts: drafts(5) }));
    await runDurableObjectAlarm(shard(0));
    await manifests().manifest();
    await shard(0).append(batch({ batch: 2, first: 21, stored: 20 }));
    await manifests().manifest();
    await shard(3).append(batch({ writer: 'writer-b', batch: 2, first: 6, stored: 5 }));
    const whole = await exported();
    for (const limit of [1, 2, 3, 5, 13]) expect(await exported(limit)).toEqual(whole);
    expect(await verify(whole)).toMatchObject({ ok: true, entries: 31, unsealed: 3, manifests: 2 });
  });

  test('writes nothing in an object that is only asked', async () => {
    await exported();
    const tables = await runInDurableObject(shard(1), (_shard, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'chunks'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test('gives up what is too old only after a manifest has said so', async () => {
    await shard(0).append(batch());
    await manifests().manifest();
    advanceClock(31 * 86_400_000);
    await shard(0).append(batch({ batch: 2, first: 4, stored: 3 }));
    await manifests().manifest();
    const told = await exported();
    expect(records(told).map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect(await verify(told)).toMatchObject({ ok: true, manifests: 1 });
    expect(await shard(0).read({ seq: 0, checkpoint: 0 }, undefined, 10)).not.toBe('expired');
    await manifests().manifest();
    expect(await shard(0).read({ seq: 0, checkpoint: 0 }, undefined, 10)).toBe('expired');
    expect(await verify(await exported())).toMatchObject({ ok: true, manifests: 2 });
  });

  test('refuses a cursor whose records are gone, and one that is none', async () => {
    await shard(0).append(batch());
    await manifests().manifest();
    const source = { namespace: env.AUDIT_LOG, shards };
    const early = await readPage(source, undefined, 1);
    if (early === 'expired' || early === 'malformed') throw new Error(early);
    advanceClock(31 * 86_400_000);
    await manifests().manifest();
    await manifests().manifest();
    expect(await readPage(source, early.after, 10)).toBe('expired');
    expect(await readPage(source, "1.2-3'", 10)).toBe('malformed');
  });

  test('makes manifests come by itself once something was recorded', async () => {
    await shard(0).append(batch());
    await runDurableObjectAlarm(shard(0));
    expect(await runDurableObjectAlarm(manifests())).toBe(true);
    expect(await runDurableObjectAlarm(manifests())).toBe(true);
    expect(await verify(await exported())).toMatchObject({ ok: true, manifests: 2, unsealed: 0 });
  });

  test('keeps figures over an eviction once its alarm has run', async () => {
    const counts = noCounts();
    counts.decisions['allow http /whoami GET none'] = 5;
    await shard(0).append(batch({ counts, agents: ['planner', 'coder'] }));
    expect((await shard(0).report()).agents).toEqual(['planner', 'coder']);
    await runDurableObjectAlarm(shard(0));
    await evictDurableObject(shard(0));
    const { figures } = await shard(0).report();
    expect(figures.totals.decisions).toEqual({ 'allow http /whoami GET none': 5 });
    expect(figures.buckets).toHaveLength(1);
  });
});
