// Connections and the push of revocations: what a record covers, eviction, calls that fail, and who is told

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { revocationHash, untilLifted, type TokenIdentity } from '../../src/verify/index.ts';
import { hashesOf, namesOf } from '../../worker/bus/connection_names.ts';
import type { Connection } from '../../worker/bus/connection_store.ts';
import { connectionsOf } from '../../worker/bus/connections.ts';
import type { LogEntry } from '../../worker/authority/revoke/revocation_store.ts';
import type { PushedRecord } from '../../worker/authority/revoke/revocation_push_store.ts';
import { Connections, Mailbox, type RevocationLog } from '../../worker/index.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const issuer = 'https://gate.example';
const seconds = (): number => Math.floor(Date.now() / 1000);

function identityOf(changes: Partial<TokenIdentity> = {}): TokenIdentity {
  return {
    issuer,
    tokenId: crypto.randomUUID(),
    sessionId: crypto.randomUUID(),
    agentIds: ['worker'],
    keyThumbprint: 'signing-key',
    jkt: 'agent-key',
    issuedAt: 1000,
    expiresAt: seconds() + 900,
    ...changes,
  };
}

function connectionOf(
  identities: readonly TokenIdentity[],
  changes: Partial<Connection> = {},
): Connection {
  const id = crypto.randomUUID();
  const expiresAt = seconds() + 900;
  return { id, mailbox: freshName('mailbox'), identities, expiresAt, polled: false, ...changes };
}

interface Shard {
  readonly name: string;
  readonly stub: DurableObjectStub<Connections>;
}

/** A shard of a test's own. */
function openShard(): Shard {
  const name = freshName('shard');
  return { name, stub: env.CONNECTIONS.getByName(name) };
}

const recordOf = (changes: Partial<PushedRecord>): PushedRecord => ({
  seq: 1,
  kind: 'token',
  issuer,
  value: '',
  before: null,
  ...changes,
});

const left = ({ stub }: Shard): Promise<unknown[]> =>
  runInDurableObject(stub, (_object, { storage: { sql } }) =>
    sql
      .exec<{ id: string }>('SELECT id FROM connections ORDER BY id')
      .toArray()
      .map(({ id }) => id),
  );

/** What is left in a shard that holds these when a record comes. */
async function leftAfter(
  connections: readonly Connection[],
  record: Partial<PushedRecord>,
): Promise<unknown[]> {
  const shard = openShard();
  for (const connection of connections) {
    await shard.stub.register(connection, shard.name, undefined);
  }
  expect(await shard.stub.revoke([recordOf(record)])).toBe(true);
  const gone = async (): Promise<number> =>
    runInDurableObject(
      shard.stub,
      (_object, { storage: { sql } }) =>
        sql.exec('SELECT 1 FROM connections WHERE doomed = 1').toArray().length,
    );
  await expect.poll(gone).toBe(0);
  return left(shard);
}

describe('a record', () => {
  const own = identityOf({ tokenId: 't', sessionId: 's', agentIds: ['a', 'b'], issuedAt: 1000 });
  const ancestor = identityOf({
    tokenId: 'root',
    sessionId: 'lead-session',
    agentIds: ['lead'],
    keyThumbprint: 'lead-key',
    jkt: 'lead-jkt',
    issuedAt: 900,
  });

  test.each<[string, Partial<PushedRecord>]>([
    ['of the token', { kind: 'token', value: 't' }],
    ['of the session', { kind: 'session', value: 's' }],
    ['of an agent', { kind: 'agent', value: 'a' }],
    ['of the other agent', { kind: 'agent', value: 'b' }],
    ['of the signing key', { kind: 'key', value: 'signing-key' }],
    ['of the agent’s key', { kind: 'jkt', value: 'agent-key' }],
    ['of the ancestor', { kind: 'token', value: 'root' }],
    ['of the ancestor’s session', { kind: 'session', value: 'lead-session' }],
    ['of the ancestor’s agent', { kind: 'agent', value: 'lead' }],
    ['of the ancestor’s signing key', { kind: 'key', value: 'lead-key' }],
    ['of the ancestor’s own key', { kind: 'jkt', value: 'lead-jkt' }],
    ['of an agent up to its time', { kind: 'before', value: 'a', before: 1000 }],
    ['of the ancestor’s agent up to its time', { kind: 'before', value: 'lead', before: 900 }],
    ['of everything up to the ancestor’s time', { kind: 'before', value: '', before: 900 }],
  ])('%s ends the socket, and leaves others', async (_what, record) => {
    const other = connectionOf([
      identityOf({ agentIds: ['c'], keyThumbprint: 'k2', jkt: undefined, issuedAt: 2000 }),
    ]);
    expect(await leftAfter([connectionOf([own, ancestor]), other], record)).toEqual([other.id]);
  });

  test.each<[string, Partial<PushedRecord>]>([
    ['of another token', { kind: 'token', value: 'tt' }],
    ['of a session that is called as the token', { kind: 'session', value: 't' }],
    ['of another issuer', { kind: 'token', value: 't', issuer: 'https://other.example' }],
    ['of an agent up to an earlier time', { kind: 'before', value: 'a', before: 999 }],
    ['of everything up to an earlier time', { kind: 'before', value: '', before: 899 }],
    ['of an unnamed token', { kind: 'token', value: '' }],
  ])('%s ends nothing', async (_what, record) => {
    const connection = connectionOf([own, ancestor]);
    expect(await leftAfter([connection], record)).toEqual([connection.id]);
  });

  test('names the same as the view finds a token by, with and without ids', async () => {
    for (const identity of [
      own,
      identityOf({ tokenId: undefined, sessionId: undefined, jkt: undefined }),
    ]) {
      const hashes = await hashesOf([identity]);
      expect(hashes.filter(({ kind }) => kind !== 'before')).toHaveLength(
        namesOf([identity]).length,
      );
      const all = await revocationHash({ kind: 'before', issuer, value: '' });
      expect(hashes.map(({ hash }) => hash)).toContain(all);
    }
  });
});

function openLog(): { readonly name: string; readonly stub: DurableObjectStub<RevocationLog> } {
  const name = freshName('log');
  return { name, stub: env.REVOCATION_LOG.getByName(name) };
}

async function entryOf(changes: Partial<LogEntry> = {}): Promise<LogEntry> {
  const { kind = 'token', value = crypto.randomUUID() } = changes;
  const hash = await revocationHash({ kind, issuer, value });
  return { kind, issuer, value, hash, exp: seconds() + 3600, ...changes };
}

const followers = (stub: DurableObjectStub<RevocationLog>): Promise<unknown[]> =>
  runInDurableObject(stub, (_log, { storage: { sql } }) =>
    sql.exec('SELECT shard, acked FROM followers').toArray(),
  );

describe('a log', () => {
  test('tells the shards that follow it, and those alone whose sockets are covered end', async () => {
    const [log, shard] = [openLog(), openShard()];
    const [covered, other] = [
      connectionOf([identityOf({ tokenId: 'covered' })]),
      connectionOf([identityOf({ tokenId: 'other' })]),
    ];
    for (const each of [covered, other]) await shard.stub.register(each, shard.name, log.name);
    await log.stub.record(await entryOf({ value: 'covered' }));
    await expect.poll(() => left(shard)).toEqual([other.id]);
    await expect.poll(() => followers(log.stub)).toEqual([{ shard: shard.name, acked: 1 }]);
  });

  test('tells again by its alarm, also after it was evicted, until the shard has heard', async () => {
    const [log, shard] = [openLog(), openShard()];
    const connection = connectionOf([identityOf({ tokenId: 'late' })]);
    await shard.stub.register(connection, shard.name, log.name);
    let calls = 0;
    vi.spyOn(Connections.prototype, 'revoke').mockImplementation(async () => {
      calls++;
      throw new Error('down');
    });
    await log.stub.record(await entryOf({ value: 'late' }));
    await expect.poll(() => calls).toBeGreaterThan(0);
    expect(await followers(log.stub)).toEqual([{ shard: shard.name, acked: 0 }]);
    vi.restoreAllMocks();
    await evictDurableObject(shard.stub);
    await evictDurableObject(log.stub);
    await runDurableObjectAlarm(log.stub);
    await expect.poll(() => left(shard)).toEqual([]);
    await expect.poll(() => followers(log.stub)).toEqual([{ shard: shard.name, acked: 1 }]);
  });

  test('does not tell a shard without sockets any more, until it has some again', async () => {
    const [log, shard] = [openLog(), openShard()];
    const connection = connectionOf([identityOf()]);
    await shard.stub.register(connection, shard.name, log.name);
    await shard.stub.unregister([connection.id]);
    await log.stub.record(await entryOf());
    await expect.poll(() => followers(log.stub)).toEqual([]);
    const next = connectionOf([identityOf({ tokenId: 'next' })]);
    await shard.stub.register(next, shard.name, log.name);
    expect(await followers(log.stub)).toEqual([{ shard: shard.name, acked: 1 }]);
    await log.stub.record(await entryOf({ value: 'next' }));
    await expect.poll(() => left(shard)).toEqual([]);
  });

  test('tells of 500 records at once, in order, and of none that lifts', async () => {
    const [log, shard] = [openLog(), openShard()];
    const sockets = Array.from({ length: 20 }, (_, at) =>
      connectionOf([identityOf({ tokenId: `t-${at * 25}` })]),
    );
    for (const each of sockets) await shard.stub.register(each, shard.name, log.name);
    const kept = connectionOf([identityOf({ agentIds: ['lifted'], tokenId: 'kept' })]);
    await log.stub.record(await entryOf({ kind: 'agent', value: 'lifted', exp: untilLifted }));
    await expect.poll(() => followers(log.stub)).toMatchObject([{ acked: 1 }]);
    await shard.stub.register(kept, shard.name, log.name);
    await log.stub.record(await entryOf({ kind: 'agent', value: 'lifted', exp: seconds() - 1 }));
    const entries = await Promise.all(
      Array.from({ length: 500 }, (_, at) => entryOf({ value: `t-${at}` })),
    );
    await Promise.all(entries.map((entry) => log.stub.record(entry)));
    await expect.poll(() => left(shard), { timeout: 20_000 }).toEqual([kept.id]);
    await expect.poll(() => followers(log.stub)).toMatchObject([{ acked: 502 }]);
  });

  test('of version 1 is brought up to date where it stands', async () => {
    const { stub } = openLog();
    await stub.record(await entryOf({ value: 'old' }));
    await runInDurableObject(stub, (_log, { storage: { sql } }) => {
      sql.exec('DROP TABLE followers');
      sql.exec('UPDATE schema_version SET version = 1');
    });
    await evictDurableObject(stub);
    await stub.follow('shard', 1);
    expect(await followers(stub)).toEqual([{ shard: 'shard', acked: 1 }]);
    const { hash } = await entryOf({ value: 'old' });
    expect(await stub.covers([{ kind: 'token', hash, issuedAt: 0 }])).toBe(true);
  });

  test('says what is revoked at this moment: exactly, up to a time, and not once it is lifted', async () => {
    const { stub } = openLog();
    const token = await hashesOf([identityOf({ tokenId: 'x', agentIds: ['y'], issuedAt: 50 })]);
    expect(await stub.covers(token)).toBe(false);
    await stub.record(await entryOf({ kind: 'before', value: 'y', before: 49 }));
    expect(await stub.covers(token)).toBe(false);
    await stub.record(await entryOf({ kind: 'before', value: 'y', before: 50 }));
    expect(await stub.covers(token)).toBe(true);
    const { stub: second } = openLog();
    await second.record(await entryOf({ kind: 'agent', value: 'y', exp: untilLifted }));
    expect(await second.covers(token)).toBe(true);
    await second.record(await entryOf({ kind: 'agent', value: 'y', exp: seconds() - 1 }));
    expect(await second.covers(token)).toBe(false);
  });
});

describe('a shard', () => {
  test('tells a mailbox again that did not answer, also after it was evicted', async () => {
    const shard = openShard();
    const connection = connectionOf([identityOf({ tokenId: 'x' })]);
    await shard.stub.register(connection, shard.name, undefined);
    const told: string[][] = [];
    let isDown = true;
    vi.spyOn(Mailbox.prototype, 'closeRevoked').mockImplementation((ids) => {
      told.push([...ids]);
      if (isDown) throw new Error('down');
    });
    await shard.stub.revoke([recordOf({ value: 'x' })]);
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(await left(shard)).toEqual([connection.id]);
    isDown = false;
    await evictDurableObject(shard.stub);
    await runDurableObjectAlarm(shard.stub);
    await expect.poll(() => left(shard)).toEqual([]);
    expect(told.at(-1)).toEqual([connection.id]);
  });

  test('forgets sockets whose tokens have ended, with all their names', async () => {
    const shard = openShard();
    await shard.stub.register(connectionOf([identityOf()]), shard.name, undefined);
    advanceClock(1_000_000);
    await runDurableObjectAlarm(shard.stub);
    expect(await left(shard)).toEqual([]);
    const names = await runInDurableObject(shard.stub, (_object, { storage: { sql } }) =>
      sql.exec('SELECT 1 FROM names').toArray(),
    );
    expect(names).toEqual([]);
  });

  test('is one of 16, always the same for a mailbox, and they share the mailboxes evenly', () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 1600; at++) {
      const { shard } = connectionsOf(env.CONNECTIONS, `agent-${at}`);
      expect(connectionsOf(env.CONNECTIONS, `agent-${at}`).shard).toBe(shard);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    for (const count of counts.values()) expect(count).toBeGreaterThan(50);
  });
});
