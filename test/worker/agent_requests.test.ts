// Agent.admitRequest(): what one call uses up, under concurrency, eviction and a clock that steps

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { LedgerEntry } from '../../worker/authority/agent/nonce_store.ts';
import type { Policy, Use } from '../../worker/authority/agent/registration.ts';
import type { Agent } from '../../worker/index.ts';
import { advanceClock, freshName, makeMessage } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const open = (): DurableObjectStub<Agent> => env.AGENT.getByName(freshName('planner'));
const useNow = (id: string = crypto.randomUUID()): Use => ({
  id: `key:${id}`,
  expiresAt: Date.now() / 1000 + 60,
});
const messageNow = (nonce = '0123456789abcdef'): LedgerEntry => {
  const { id, digest, to, expiresAt } = makeMessage();
  return { nonce, id, digest, to, expiresAt };
};
const policy: Policy = { tier: 'fast', scope: [], dpop: 'optional', dlgMax: undefined };
const keyNamed = (jkt: string) => ({
  jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: jkt, alg: 'ES256', use: 'sig' } as const,
  jkt,
});

const kindsOf = async (
  calls: readonly Promise<{ readonly kind: string }>[],
): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { kind } of await Promise.all(calls)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

const rowsWritten = (stub: DurableObjectStub<Agent>): Promise<string[]> =>
  runInDurableObject(stub, (_agent, { storage: { sql } }) =>
    sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name IN ('uses', 'nonces')")
      .toArray()
      .flatMap(({ name }) => sql.exec(`SELECT * FROM ${name}`).toArray())
      .map((row) => JSON.stringify(row)),
  );

describe('a proof', () => {
  test('of 50 calls at once one may use it, the others hear that it was used', async () => {
    const stub = open();
    const use = useNow();
    const calls = Array.from({ length: 50 }, () => stub.admitRequest({ use, quota: 100 }));
    expect(await kindsOf(calls)).toEqual({ admitted: 1, replayed: 49 });
    expect(await stub.admitRequest({ use: useNow() })).toMatchObject({ kind: 'admitted' });
  });

  test('was used also after the object was evicted', async () => {
    const stub = open();
    const use = useNow();
    await stub.admitRequest({ use });
    await evictDurableObject(stub);
    expect(await stub.admitRequest({ use })).toEqual({ kind: 'replayed' });
  });

  test('that was used before empties no bucket', async () => {
    const stub = open();
    const use = useNow();
    await stub.admitRequest({ use, quota: 2 });
    for (let i = 0; i < 10; i++) await stub.admitRequest({ use, quota: 2 });
    expect(await stub.admitRequest({ use: useNow(), quota: 2 })).toMatchObject({
      kind: 'admitted',
      budget: { remaining: 0 },
    });
  });

  test('costs one row, whatever else is counted with it', async () => {
    const stub = open();
    await stub.admitRequest({ use: useNow(), quota: 100 });
    await stub.admitRequest({ use: useNow(), quota: 100 });
    expect(await rowsWritten(stub)).toHaveLength(2);
    await stub.admitRequest({ quota: 100 });
    await stub.admitRequest({ quota: 100 });
    expect(await rowsWritten(stub)).toHaveLength(3);
  });

  test('is not forgotten by a clock that was an hour ahead when the object cleaned up', async () => {
    const stub = open();
    const use = useNow();
    await stub.admitRequest({ use });
    advanceClock(3_600_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rowsWritten(stub)).toEqual([]);
    vi.useRealTimers();
    expect(await stub.admitRequest({ use })).toEqual({ kind: 'replayed' });
    await evictDurableObject(stub);
    expect(await stub.admitRequest({ use })).toEqual({ kind: 'replayed' });
  });

  test('whose object was deleted: some minutes after the last one ended', async () => {
    const stub = open();
    await stub.admitRequest({ use: useNow() });
    advanceClock(300_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    advanceClock(700_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const tables = await runInDurableObject(stub, (_agent, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'uses'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe('a bucket', () => {
  test('holds exactly as many requests as it is for, at once', async () => {
    const stub = open();
    const calls = Array.from({ length: 50 }, () => stub.admitRequest({ use: useNow(), quota: 20 }));
    expect(await kindsOf(calls)).toEqual({ admitted: 20, limited: 30 });
  });

  test('is refilled as time goes on, and says when', async () => {
    const stub = open();
    for (let i = 0; i < 2; i++) await stub.admitRequest({ use: useNow(), quota: 2 });
    const refused = await stub.admitRequest({ use: useNow(), quota: 2 });
    if (refused.kind !== 'limited') throw new Error(refused.kind);
    expect(refused.budget.waitMs).toBeGreaterThan(25_000);
    expect(refused.budget.waitMs).toBeLessThanOrEqual(30_000);
    advanceClock(refused.budget.waitMs);
    expect(await stub.admitRequest({ use: useNow(), quota: 2 })).toMatchObject({
      kind: 'admitted',
    });
  });

  test('a refusal uses nothing up and writes nothing', async () => {
    const stub = open();
    await stub.admitRequest({ use: useNow(), quota: 1 });
    const before = await rowsWritten(stub);
    const use = useNow();
    const message = messageNow();
    expect(await stub.admitRequest({ use, message, quota: 1 })).toMatchObject({ kind: 'limited' });
    expect(await rowsWritten(stub)).toEqual(before);
    expect(await stub.admitRequest({ use, message })).toMatchObject({
      kind: 'admitted',
      reservation: { kind: 'granted' },
    });
  });

  test.each([
    ['with a proof', true],
    ['without one', false],
  ] as const)('stays empty when the object is evicted, %s', async (_name, proves) => {
    const stub = open();
    const ask = () => stub.admitRequest({ ...(proves ? { use: useNow() } : {}), quota: 3 });
    for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ kind: 'admitted' });
    await evictDurableObject(stub);
    expect(await ask()).toMatchObject({ kind: 'limited' });
  });

  test('stays empty when the object has cleaned up and was evicted', async () => {
    const stub = open();
    for (let i = 0; i < 3; i++) await stub.admitRequest({ quota: 3 });
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    await evictDurableObject(stub);
    expect(await stub.admitRequest({ quota: 3 })).toMatchObject({ kind: 'limited' });
  });

  test('neither opens nor stays shut when the clock steps back', async () => {
    const stub = open();
    advanceClock(3_600_000);
    for (let i = 0; i < 2; i++) await stub.admitRequest({ quota: 2 });
    vi.useRealTimers();
    const refused = await stub.admitRequest({ quota: 2 });
    if (refused.kind !== 'limited') throw new Error(refused.kind);
    expect(refused.budget.waitMs).toBeLessThanOrEqual(30_000);
    advanceClock(refused.budget.waitMs);
    expect(await stub.admitRequest({ quota: 2 })).toMatchObject({ kind: 'admitted' });
  });
});

describe('a message', () => {
  test('its nonce is reserved in the call that uses its proof', async () => {
    const stub = open();
    const entries = Array.from({ length: 20 }, () => messageNow());
    const calls = entries.map((message) => stub.admitRequest({ use: useNow(), message }));
    const first = await calls[0];
    expect(first).toMatchObject({ kind: 'admitted', reservation: { kind: 'granted' } });
    await stub.commit(entries[0] ?? messageNow());
    const rest = await Promise.all(calls.slice(1));
    expect(
      rest.map((decision) => decision.kind === 'admitted' && decision.reservation?.kind),
    ).toEqual(Array.from({ length: 19 }, () => 'replayed'));
  });

  test('with a proof that was used reserves nothing', async () => {
    const stub = open();
    const use = useNow();
    await stub.admitRequest({ use });
    const message = messageNow();
    expect(await stub.admitRequest({ use, message })).toEqual({ kind: 'replayed' });
    expect(await stub.reserve({ ...messageNow(), id: message.id })).toMatchObject({
      kind: 'granted',
    });
  });

  test('its nonce is not free again for a clock that was ahead', async () => {
    const stub = open();
    const stored = messageNow();
    await stub.reserve(stored);
    await stub.commit(stored);
    advanceClock(3_600_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    vi.useRealTimers();
    expect(await stub.reserve({ ...messageNow(), expiresAt: stored.expiresAt })).toEqual({
      kind: 'replayed',
    });
  });
});

describe('the key of a hop', () => {
  test('must be that of the agent, who must not be disabled', async () => {
    const id = freshName('planner');
    const stub = env.AGENT.getByName(id);
    await stub.register(id, policy, keyNamed('key-1'));
    expect(await stub.admitRequest({ holder: 'key-1' })).toEqual({ kind: 'admitted' });
    expect(await stub.admitRequest({ holder: 'key-2' })).toEqual({ kind: 'not_holder' });
    await stub.disable();
    expect(await stub.admitRequest({ holder: 'key-1' })).toEqual({ kind: 'not_holder' });
  });

  test('that nobody holds uses nothing up, and leaves an unknown object empty', async () => {
    const stub = open();
    const request = { holder: 'key-1', use: useNow(), message: messageNow(), quota: 5 };
    expect(await stub.admitRequest(request)).toEqual({ kind: 'not_holder' });
    const tables = await runInDurableObject(stub, (_agent, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'schema_version'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});
