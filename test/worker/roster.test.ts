// Directory: summaries, whose each key is, enrolment codes, and what heals by itself

import { env } from 'cloudflare:workers';
import {
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Facts } from '../../worker/authority/enroll/roster_store.ts';
import { agentsStub } from '../../worker/authority/enroll/agent_directory.ts';
import type { Directory } from '../../worker/index.ts';
import { advanceClock } from './support.ts';

beforeEach(() => reset());
afterEach(() => {
  vi.useRealTimers();
});

const seconds = (): number => Math.floor(Date.now() / 1000);
const policy = { tier: 'fast', scope: [], dpop: 'optional', dlgMax: undefined } as const;
const facts = (changes: object = {}): Facts => ({
  tier: 'fast',
  disabled: false,
  createdAt: 1,
  version: 1,
  jkt: 'key-1',
  ...changes,
});
const all = { after: '', prefix: '', limit: 100 };

const open = (): DurableObjectStub<Directory> => agentsStub(env.DIRECTORY);

async function begin(
  stub: DurableObjectStub<Directory>,
  id: string,
  jkt?: string,
): Promise<number> {
  const begun = await stub.begin(id, jkt);
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  return begun.stamp;
}

async function settled(id: string, jkt: string): Promise<DurableObjectStub<Directory>> {
  const stub = open();
  await stub.settle(id, facts({ jkt }), await begin(stub, id, jkt));
  return stub;
}

const keysOf = (stub: DurableObjectStub<Directory>): Promise<string[]> =>
  runInDurableObject(stub, (_directory, { storage: { sql } }) =>
    sql
      .exec<{ jkt: string }>('SELECT jkt FROM agent_keys ORDER BY jkt')
      .toArray()
      .map(({ jkt }) => jkt),
  );

describe('Directory of agents', () => {
  test('lists what is settled, in pages and by the beginning of the id', async () => {
    const stub = open();
    for (const id of ['b/1', 'a', 'b/2', 'c', 'B/3']) {
      await stub.settle(id, facts({ jkt: `key ${id}` }), await begin(stub, id, `key ${id}`));
    }
    await begin(stub, 'a-pending', 'key-p');
    const ids = async (query: object): Promise<string[]> =>
      (await stub.agents({ ...all, ...query })).map(({ id }) => id);
    expect(await ids({})).toEqual(['B/3', 'a', 'b/1', 'b/2', 'c']);
    expect(await ids({ limit: 2 })).toEqual(['B/3', 'a']);
    expect(await ids({ limit: 2, after: 'a' })).toEqual(['b/1', 'b/2']);
    expect(await ids({ prefix: 'b/' })).toEqual(['b/1', 'b/2']);
    expect(await ids({ prefix: 'b/', after: 'b/1' })).toEqual(['b/2']);
    await evictDurableObject(stub);
    expect(await ids({ prefix: 'c' })).toEqual(['c']);
  });

  test('reads a page of 100,000 agents by its index', async () => {
    const stub = await settled('a', 'key-a');
    const read = await runInDurableObject(stub, (_directory, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         INSERT INTO agents (id, known, tier, stamp) SELECT printf('agent-%06d', i), 1, 'fast', 1 FROM n`,
      );
      const page = sql.exec(
        `SELECT id FROM agents WHERE id > ? AND id >= ? AND id < ? AND known = 1 ORDER BY id LIMIT ?`,
        'agent-050000',
        'agent-0',
        'agent-0\u{7f}',
        51,
      );
      page.toArray();
      return page.rowsRead;
    });
    expect(read).toBeLessThanOrEqual(60);
    const page = await stub.agents({ after: 'agent-099998', prefix: 'agent', limit: 51 });
    expect(page.map(({ id }) => id)).toEqual(['agent-099999', 'agent-100000']);
  });

  test('of 20 agents that claim one key at once, one gets it', async () => {
    const stub = open();
    const kinds = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => (await stub.begin(`a-${at}`, 'key')).kind),
    );
    expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'key_taken')).toHaveLength(19);
  });

  test('an older change does not overwrite what a newer one settled', async () => {
    const stub = await settled('a', 'key-1');
    const older = await begin(stub, 'a');
    const newer = await begin(stub, 'a');
    await stub.settle('a', facts({ version: 3, tier: 'power' }), newer);
    await stub.settle('a', facts({ version: 2 }), older);
    expect(await stub.agents(all)).toMatchObject([{ id: 'a', tier: 'power' }]);
  });

  test('its alarm settles what nobody settled, by what the agents’ objects say', async () => {
    const stub = open();
    await begin(stub, 'made', 'key-made');
    await env.AGENT.getByName('made').register('made', policy, {
      jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'key-made', alg: 'Ed25519', use: 'sig' },
      jkt: 'key-made',
    });
    await begin(stub, 'given-up', 'key-lost');
    advanceClock(30_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stub.agents(all)).toMatchObject([{ id: 'made' }]);
    expect(await keysOf(stub)).toEqual(['key-made']);
    expect(await stub.begin('other', 'key-lost')).toMatchObject({ kind: 'begun' });
    expect(await stub.begin('other', 'key-made')).toEqual({ kind: 'key_taken' });
  });

  test('a replaced key comes back to nobody until its time is over', async () => {
    const stub = await settled('a', 'key-1');
    const stamp = await begin(stub, 'a', 'key-2');
    expect(await stub.retire('a', 'key-1', seconds() + 100)).toBe(true);
    await stub.settle('a', facts({ jkt: 'key-2', version: 2 }), stamp);
    for (const id of ['a', 'b']) {
      expect(await stub.begin(id, 'key-1')).toEqual({ kind: 'key_taken' });
    }
    advanceClock(120_000);
    await runDurableObjectAlarm(stub);
    expect(await keysOf(stub)).toEqual(['key-2']);
    expect(await stub.begin('b', 'key-1')).toMatchObject({ kind: 'begun' });
  });

  test('so many replaced keys of one agent are kept, and no more are taken', async () => {
    const stub = await settled('a', 'key-0');
    for (let at = 0; at < 16; at++) {
      expect(await stub.retire('a', `key-${at}`, seconds() + 100)).toBe(true);
    }
    expect(await stub.retire('a', 'key-16', seconds() + 100)).toBe(false);
  });

  test('an agent that got a token is seen by the hour', async () => {
    const stub = await settled('seen', 'key-1');
    await env.AGENT.getByName('seen').register('seen', policy, {
      jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'key-1', alg: 'Ed25519', use: 'sig' },
      jkt: 'key-1',
    });
    await env.AGENT.getByName('seen').admitIssue({
      version: 1,
      jkt: 'key-1',
      uses: [],
      lifetime: 60,
    });
    await expect
      .poll(async () => (await stub.agents(all))[0]?.seenAt)
      .toBe(seconds() - (seconds() % 3600));
  });

  test('a directory of version 1 keeps its mailboxes', async () => {
    const stub = env.DIRECTORY.getByName('older');
    await runInDurableObject(stub, (_directory, { storage: { sql } }) => {
      sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
      sql.exec('INSERT INTO schema_version VALUES (1)');
      sql.exec(
        'CREATE TABLE mailboxes (seq INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL UNIQUE)',
      );
      sql.exec("INSERT INTO mailboxes (owner) VALUES ('worker-1')");
    });
    expect(await stub.list('', 10)).toEqual(['worker-1']);
    expect(await stub.begin('a', 'key')).toMatchObject({ kind: 'begun' });
  });
});

describe('Enrolments of the directory', () => {
  const enrollment = (changes: object = {}) => ({
    id: 'e1',
    codeHash: 'hash',
    agentId: 'a',
    policy,
    createdBy: 'operator',
    expiresAt: seconds() + 900,
    ...changes,
  });

  test('of 50 keys that use one code at once, one gets it', async () => {
    const stub = open();
    await stub.addEnrollment(enrollment());
    const kinds = await Promise.all(
      Array.from(
        { length: 50 },
        async (_, at) => (await stub.redeem('e1', 'hash', `k-${at}`)).kind,
      ),
    );
    expect(kinds.filter((kind) => kind === 'open')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(49);
    await evictDurableObject(stub);
    const winner = `k-${kinds.indexOf('open')}`;
    expect(await stub.redeem('e1', 'hash', winner)).toMatchObject({ kind: 'open' });
    expect(await stub.redeem('e1', 'hash', 'late')).toEqual({ kind: 'refused' });
  });

  test('five wrong tries kill one, and it is the same answer as for none', async () => {
    const stub = open();
    await stub.addEnrollment(enrollment());
    await stub.addEnrollment(enrollment({ id: 'e2' }));
    for (const wrong of ['', 'has', 'hash1', 'HASH', 'x']) {
      expect(await stub.redeem('e1', wrong, 'key')).toEqual({ kind: 'refused' });
    }
    expect(await stub.redeem('e1', 'hash', 'key')).toEqual({ kind: 'refused' });
    expect(await stub.redeem('e9', 'hash', 'key')).toEqual({ kind: 'refused' });
    for (let tries = 0; tries < 4; tries++) await stub.redeem('e2', 'wrong', 'key');
    expect(await stub.redeem('e2', 'hash', 'key')).toMatchObject({ kind: 'open' });
    const left = await stub.enrollments('', 10);
    expect(left.map(({ id, tries }) => [id, tries])).toEqual([
      ['e1', 5],
      ['e2', 4],
    ]);
  });

  test('a key that is another agent’s does not use the code up', async () => {
    const stub = await settled('other', 'key-1');
    await stub.addEnrollment(enrollment());
    expect(await stub.redeem('e1', 'hash', 'key-1')).toEqual({ kind: 'key_taken' });
    expect(await stub.redeem('e1', 'hash', 'key-2')).toMatchObject({ kind: 'open' });
  });

  test('an expired one is gone, also before the alarm', async () => {
    const stub = open();
    await stub.addEnrollment(enrollment({ expiresAt: seconds() + 60 }));
    advanceClock(61_000);
    expect(await stub.redeem('e1', 'hash', 'key')).toEqual({ kind: 'refused' });
    expect(await stub.enrollments('', 10)).toEqual([]);
    advanceClock(10_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stub.removeEnrollment('e1')).toBe(false);
  });

  test('an unknown code writes nothing', async () => {
    const stub = env.DIRECTORY.getByName('empty');
    expect(await stub.redeem('e1', 'hash', 'key')).toEqual({ kind: 'refused' });
    expect(await stub.removeEnrollment('e1')).toBe(false);
    expect(await stub.agents(all)).toEqual([]);
    const tables = await runInDurableObject(stub, (_directory, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'agents'").toArray(),
    );
    expect(tables).toEqual([]);
  });
});
