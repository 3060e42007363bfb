// Agent: registration, sessions and single use, under concurrency, eviction and time

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  agentSchema,
  agentUpgrades,
  agentVersion,
} from '../../worker/authority/agent/agent_schema.ts';
import type { IssueRequest, Policy } from '../../worker/authority/agent/registration.ts';
import { createSchema } from '../../worker/storage/schema.ts';
import type { Agent } from '../../worker/index.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const policy: Policy = {
  tier: 'fast',
  scope: ['bus:receive'],
  dpop: 'optional',
  dlgMax: undefined,
};
const keyNamed = (jkt: string) => ({
  jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: jkt, alg: 'ES256', use: 'sig' } as const,
  jkt,
});
const seconds = (): number => Math.floor(Date.now() / 1000);

const request = (changes: Partial<IssueRequest> = {}): IssueRequest => ({
  version: 1,
  jkt: 'key-1',
  uses: [{ id: crypto.randomUUID(), expiresAt: seconds() + 300 }],
  lifetime: 900,
  ...changes,
});

function open(): { readonly id: string; readonly stub: DurableObjectStub<Agent> } {
  const id = freshName('worker');
  return { id, stub: env.AGENT.getByName(id) };
}

async function registered(): Promise<{ id: string; stub: DurableObjectStub<Agent> }> {
  const { id, stub } = open();
  await stub.register(id, policy, keyNamed('key-1'));
  return { id, stub };
}

const tablesOf = (stub: DurableObjectStub<Agent>): Promise<string[]> =>
  runInDurableObject(stub, (_agent, { storage: { sql } }) =>
    sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('_cf')),
  );

const rowsOf = (stub: DurableObjectStub<Agent>, table: string): Promise<number> =>
  runInDurableObject(stub, (_agent, { storage: { sql } }) =>
    Number(sql.exec(`SELECT count(*) AS n FROM ${table}`).one()['n']),
  );

const tally = (kinds: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...new Set(kinds)].map((kind) => [kind, kinds.filter((k) => k === kind).length]),
  );

describe('Agent of an unknown id', () => {
  test('answers null and refuses, and writes nothing', async () => {
    const { stub } = open();
    expect(await stub.registration()).toBeNull();
    expect(await stub.isRemoved()).toBe(false);
    expect(await stub.sessions('', 10)).toEqual([]);
    expect(await stub.admitIssue(request())).toEqual({ kind: 'refused' });
    expect(await stub.useOnce({ id: 'a', expiresAt: seconds() + 60 })).toBe(false);
    expect(await stub.change({ tier: 'power' })).toBeNull();
    expect(await stub.disable()).toBeNull();
    expect(await stub.enable(seconds())).toBeNull();
    expect(await stub.changeKey('key-1', keyNamed('key-2'))).toBeNull();
    await stub.remove(seconds() + 60);
    expect(await tablesOf(stub)).toEqual([]);
  });
});

describe('Agent.register()', () => {
  test('of 20 at once registers one', async () => {
    const { id, stub } = open();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, at) => stub.register(id, policy, keyNamed(`key-${at}`))),
    );
    expect(outcomes.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(outcomes.map(({ registration }) => registration.jkt)).size).toBe(1);
  });

  test('outlives eviction, and the alarm that forgets everything else', async () => {
    const { id, stub } = await registered();
    await stub.admitIssue(request());
    await evictDurableObject(stub);
    expect(await stub.registration()).toMatchObject({ id, ...policy, jkt: 'key-1', version: 1 });
    advanceClock(3_600_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await rowsOf(stub, 'uses')).toBe(0);
    expect(await rowsOf(stub, 'sessions')).toBe(0);
    expect(await stub.registration()).toMatchObject({ id, disabled: false });
  });

  test('each change makes a new version, and no change makes none', async () => {
    const { stub } = await registered();
    expect(await stub.change({ tier: 'power', dlgMax: 2 })).toMatchObject({
      version: 2,
      dlgMax: 2,
    });
    expect(await stub.change({ tier: 'power' })).toMatchObject({ version: 2 });
    expect(await stub.change({ dlgMax: null })).toMatchObject({ version: 3, dlgMax: undefined });
    expect(await stub.disable()).toMatchObject({ version: 4, disabled: true });
    expect(await stub.enable(7)).toMatchObject({ version: 5, disabled: false, notBefore: 7 });
  });

  test('a removed agent is remembered for a while, and its version goes on', async () => {
    const { id, stub } = await registered();
    await stub.admitIssue(request());
    await stub.remove(seconds() + 100);
    expect(await stub.registration()).toBeNull();
    expect(await stub.sessions('', 10)).toEqual([]);
    expect(await stub.admitIssue(request())).toEqual({ kind: 'refused' });
    await evictDurableObject(stub);
    expect(await stub.isRemoved()).toBe(true);
    const again = await stub.register(id, policy, keyNamed('key-2'), 9);
    expect(again).toMatchObject({ created: true, registration: { version: 3, notBefore: 9 } });
    expect(await stub.isRemoved()).toBe(false);
  });

  test('of a removed agent nothing is left in the end', async () => {
    const { stub } = await registered();
    await stub.remove(seconds() + 100);
    advanceClock(120_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await tablesOf(stub)).toEqual([]);
  });
});

describe('Agent.admitIssue()', () => {
  test('of 50 with one assertion grants one', async () => {
    const { stub } = await registered();
    const uses = [{ id: 'assertion', expiresAt: seconds() + 300 }];
    const decisions = await Promise.all(
      Array.from({ length: 50 }, () => stub.admitIssue(request({ uses }))),
    );
    expect(tally(decisions.map(({ kind }) => kind))).toEqual({ granted: 1, replayed: 49 });
    await evictDurableObject(stub);
    expect(await stub.admitIssue(request({ uses }))).toEqual({ kind: 'replayed', index: 0 });
  });

  test('records all of its uses or none', async () => {
    const { stub } = await registered();
    const [one, two, three] = ['1', '2', '3'].map((id) => ({ id, expiresAt: seconds() + 300 }));
    if (!one || !two || !three) throw new Error('unexpected');
    expect(await stub.admitIssue(request({ uses: [two] }))).toMatchObject({ kind: 'granted' });
    const both = await stub.admitIssue(request({ uses: [one, two] }));
    expect(both).toEqual({ kind: 'replayed', index: 1 });
    expect(await stub.admitIssue(request({ uses: [three, three] }))).toMatchObject({ index: 1 });
    expect(await stub.admitIssue(request({ uses: [one, three] }))).toMatchObject({
      kind: 'granted',
    });
  });

  test('a use stays used a little longer than anybody could take it for valid, and then goes', async () => {
    const { stub } = await registered();
    const uses = [{ id: 'a', expiresAt: seconds() + 60 }];
    await stub.admitIssue(request({ uses }));
    advanceClock(125_000);
    await runDurableObjectAlarm(stub);
    expect(await stub.admitIssue(request({ uses }))).toMatchObject({ kind: 'replayed' });
    advanceClock(75_000);
    await runDurableObjectAlarm(stub);
    expect(await rowsOf(stub, 'uses')).toBe(0);
  });

  test('refuses another key and a disabled agent, and records nothing then', async () => {
    const { stub } = await registered();
    const uses = [{ id: 'a', expiresAt: seconds() + 300 }];
    const refused = { kind: 'refused' };
    expect(await stub.admitIssue(request({ jkt: 'key-2', uses }))).toEqual(refused);
    await stub.disable();
    expect(await stub.admitIssue(request({ uses }))).toEqual(refused);
    expect(await rowsOf(stub, 'uses')).toBe(0);
    expect(await stub.sessions('', 10)).toEqual([]);
    await stub.enable(seconds() - 1);
    expect(await stub.admitIssue(request({ uses }))).toMatchObject({ kind: 'granted' });
  });

  test('grants what is registered now, whatever version the request was checked against', async () => {
    const { stub } = await registered();
    await stub.change({ scope: [] });
    const decision = await stub.admitIssue(request({ version: 1 }));
    expect(decision).toMatchObject({ kind: 'granted', registration: { scope: [], version: 2 } });
  });

  test('after all older tokens were revoked it waits until a new one is newer', async () => {
    const { stub } = await registered();
    const now = seconds();
    await stub.enable(now);
    expect(await stub.admitIssue(request())).toMatchObject({ kind: 'granted' });
    expect(seconds()).toBeGreaterThan(now);
  });

  test('a session lasts as long as its last token', async () => {
    const { stub } = await registered();
    const first = await stub.admitIssue(request({ lifetime: 100 }));
    if (first.kind !== 'granted') throw new Error('refused');
    await stub.admitIssue(request({ sid: first.sid, lifetime: 500 }));
    await stub.admitIssue(request({ sid: first.sid, lifetime: 50 }));
    await stub.admitIssue(request({ lifetime: 50 }));
    await evictDurableObject(stub);
    expect(await stub.sessions('', 10)).toHaveLength(2);
    advanceClock(200_000);
    const live = await stub.sessions('', 10);
    expect(live).toMatchObject([{ sid: first.sid, jkt: 'key-1' }]);
    const [session] = live;
    expect((session?.expiresAt ?? 0) - (session?.createdAt ?? 0)).toBeGreaterThanOrEqual(500);
    await runDurableObjectAlarm(stub);
    expect(await rowsOf(stub, 'sessions')).toBe(1);
  });
});

describe('Agent.useOnce()', () => {
  test('lets one of 50 through, and shares its ids with admitIssue', async () => {
    const { stub } = await registered();
    const use = { id: 'proof', expiresAt: seconds() + 60 };
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => stub.useOnce(use)));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await stub.admitIssue(request({ uses: [use] }))).toMatchObject({ kind: 'replayed' });
  });
});

describe('Agent.changeKey()', () => {
  test('goes from the registered key only, and the old one issues nothing more', async () => {
    const { stub } = await registered();
    const outcomes = await Promise.all(
      ['key-2', 'key-3'].map((jkt) => stub.changeKey('key-1', keyNamed(jkt))),
    );
    expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    expect(await stub.admitIssue(request())).toEqual({ kind: 'refused' });
    const jkt = outcomes[0]?.jkt ?? outcomes[1]?.jkt ?? '';
    expect(await stub.admitIssue(request({ jkt }))).toMatchObject({ kind: 'granted' });
  });
});

describe('Agent written by version 1', () => {
  test('keeps its nonces and can be registered', async () => {
    const { id, stub } = open();
    const entry = { nonce: 'n', id: 'i', digest: 'd', to: 'w', expiresAt: Date.now() + 60_000 };
    await runInDurableObject(stub, (_agent, { storage: { sql } }) => {
      sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
      sql.exec('INSERT INTO schema_version VALUES (1)');
      sql.exec(`CREATE TABLE nonces (nonce TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL, recipient TEXT NOT NULL, expires_at INTEGER NOT NULL,
        used INTEGER NOT NULL DEFAULT 0, grants INTEGER NOT NULL, store_before INTEGER NOT NULL)`);
      sql.exec('CREATE INDEX expiry ON nonces (expires_at)');
      sql.exec("INSERT INTO nonces VALUES ('n', 'i', 'd', 'w', ?, 1, 1, 0)", entry.expiresAt);
    });
    expect(await stub.registration()).toBeNull();
    expect(await stub.reserve(entry)).toEqual({ kind: 'stored' });
    expect(await stub.register(id, policy, keyNamed('key-1'))).toMatchObject({ created: true });
    await evictDurableObject(stub);
    expect(await stub.reserve(entry)).toEqual({ kind: 'stored' });
    expect(await stub.registration()).toMatchObject({ jkt: 'key-1' });
  });

  test('an object of a later version is not touched', async () => {
    const fault = await runInDurableObject(open().stub, (_agent, { storage: { sql } }) => {
      sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
      sql.exec('INSERT INTO schema_version VALUES (99)');
      const schema = createSchema(sql, agentVersion, agentSchema, agentUpgrades);
      try {
        return schema.exists();
      } catch (error) {
        return String(error);
      }
    });
    expect(fault).toContain('later version');
  });
});
