// StatusLists and the indices that agents hold: never one twice, crash-safe, and bits that follow the revocation log

import { env } from 'cloudflare:workers';
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { recordRevocation } from '../../worker/authority/revoke/revocations.ts';
import type { IssueRequest } from '../../worker/authority/agent/registration.ts';
import type { StatusIndex } from '../../worker/authority/status/status_lease_store.ts';
import { listSize } from '../../worker/authority/status/status_permutation.ts';
import type { StatusIdentity } from '../../worker/authority/status/status_match.ts';
import type { StatusLists } from '../../worker/index.ts';
import { advanceClock, freshName } from './support.ts';

afterEach(() => {
  vi.useRealTimers();
});

const now = (): number => Math.floor(Date.now() / 1000);
const policy = { tier: 'fast', scope: [], dpop: 'optional', dlgMax: undefined } as const;
const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'x',
  y: 'y',
  kid: 'k',
  alg: 'ES256',
  use: 'sig',
} as const;

interface Place {
  readonly issuer: string;
  readonly lists: DurableObjectStub<StatusLists>;
}

function open(): Place {
  const issuer = `https://${freshName('gate')}.example`;
  return { issuer, lists: env.STATUS_LISTS.getByName(issuer) };
}

async function register(): Promise<string> {
  const id = freshName('agent');
  await env.AGENT.getByName(id).register(id, policy, { jwk, jkt: 'k' });
  return id;
}

const identity = (
  issuer: string,
  id: string,
  changes: Partial<StatusIdentity>,
): StatusIdentity => ({
  issuer,
  tokenId: crypto.randomUUID(),
  sessionId: 's',
  agentIds: [id],
  keyThumbprint: 'signer',
  jkt: 'k',
  issuedAt: now(),
  ...changes,
});

const requestOf = (
  { issuer }: Place,
  id: string,
  changes: Partial<StatusIdentity> = {},
): IssueRequest => ({
  version: 1,
  jkt: 'k',
  uses: [{ id: crypto.randomUUID(), expiresAt: now() + 60 }],
  lifetime: 900,
  status: {
    issuer,
    token: { identities: [identity(issuer, id, changes)], expiresAt: now() + 900 },
  },
});

async function issue(
  place: Place,
  id: string,
  changes?: Partial<StatusIdentity>,
): Promise<StatusIndex> {
  const decision = await env.AGENT.getByName(id).admitIssue(requestOf(place, id, changes));
  if (decision.kind !== 'granted' || decision.index === undefined) throw new Error(decision.kind);
  return decision.index;
}

async function bitOf({ lists }: Place, { list, idx }: StatusIndex): Promise<number> {
  const found = await lists.snapshot(list, -1);
  if (found === null || found === 'unchanged') throw new Error('There is no such list');
  return ((found.bits[idx >> 3] ?? 0) >> (idx & 7)) & 1;
}

async function countBits({ lists }: Place, list = 1): Promise<number> {
  const found = await lists.snapshot(list, -1);
  if (found === null || found === 'unchanged') throw new Error('There is no such list');
  let count = 0;
  for (const byte of found.bits) for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}

/** Lets the lists look at the log, once what was recorded is old enough for that. */
async function follow({ lists }: Place): Promise<void> {
  advanceClock(7000);
  await runDurableObjectAlarm(lists);
}

describe('StatusLists', () => {
  test('an object that nobody leased from has no list, and writes nothing', async () => {
    const { lists } = open();
    expect(await lists.snapshot(1, -1)).toBeNull();
    expect(await lists.lists()).toEqual([]);
    const tables = await runInDurableObject(lists, (_object, { storage: { sql } }) =>
      sql.exec("SELECT name FROM sqlite_master WHERE name = 'lists'").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test('leases at once, and after evictions, never give an index twice', async () => {
    const { issuer, lists } = open();
    const taken: number[] = [];
    for (let round = 0; round < 3; round++) {
      const leases = await Promise.all(
        Array.from({ length: 20 }, (_, at) => lists.lease(issuer, `agent-${at}`)),
      );
      for (const { list, indices } of leases) {
        expect([list, indices.length]).toEqual([1, 64]);
        taken.push(...indices);
      }
      await evictDurableObject(lists);
    }
    expect(new Set(taken).size).toBe(60 * 64);
  });

  test('a full list is followed by the next one, and goes when its last token has', async () => {
    const { issuer, lists } = open();
    await lists.lease(issuer, 'a');
    await runInDurableObject(lists, (_object, { storage: { sql } }) => {
      sql.exec('UPDATE lists SET given = ?', listSize - 64);
    });
    expect((await lists.lease(issuer, 'a')).list).toBe(1);
    expect((await lists.lease(issuer, 'a')).list).toBe(2);
    expect(await lists.lists()).toEqual([1, 2]);
    advanceClock((3600 + 3600 + 100) * 1000);
    await runDurableObjectAlarm(lists);
    expect(await lists.lists()).toEqual([1, 2]);
    await lists.lease(issuer, 'a');
    advanceClock(60_000);
    await runDurableObjectAlarm(lists);
    expect(await lists.lists()).toEqual([2]);
    expect(await lists.snapshot(1, -1)).toBeNull();
  });
});

describe('an agent', () => {
  test('gives each token an index of its own, of 200 at once too, over evictions', async () => {
    const place = open();
    const id = await register();
    const first = await Promise.all(Array.from({ length: 200 }, () => issue(place, id)));
    await evictDurableObject(env.AGENT.getByName(id));
    const all = [...first, await issue(place, id)];
    expect(new Set(all.map(({ list, idx }) => `${list}/${idx}`)).size).toBe(201);
  });

  test('leases nothing for an unknown client, another key, or a disabled agent', async () => {
    const place = open();
    const id = await register();
    const stranger = freshName('agent');
    const other = { ...requestOf(place, id), jkt: 'other' };
    expect(await env.AGENT.getByName(stranger).admitIssue(requestOf(place, stranger))).toEqual({
      kind: 'refused',
    });
    expect(await env.AGENT.getByName(id).admitIssue(other)).toEqual({ kind: 'refused' });
    await env.AGENT.getByName(id).disable();
    expect(await env.AGENT.getByName(id).admitIssue(requestOf(place, id))).toEqual({
      kind: 'refused',
    });
    expect(await place.lists.lists()).toEqual([]);
  });

  test('does not use what it leased an hour ago', async () => {
    const place = open();
    const id = await register();
    await issue(place, id);
    advanceClock(3_601_000);
    await issue(place, id);
    const free = await runInDurableObject(
      env.AGENT.getByName(id),
      (_object, { storage: { sql } }) =>
        sql
          .exec<{ n: number }>('SELECT count(*) AS n FROM status_free WHERE until > ?', now())
          .one(),
    );
    expect(free.n).toBe(63);
  });

  test('a token that was replayed takes no index', async () => {
    const place = open();
    const id = await register();
    const request = requestOf(place, id);
    const agent = env.AGENT.getByName(id);
    expect((await agent.admitIssue(request)).kind).toBe('granted');
    expect((await agent.admitIssue(request)).kind).toBe('replayed');
    const rows = await runInDurableObject(agent, (_object, { storage: { sql } }) =>
      sql.exec<{ n: number }>('SELECT count(*) AS n FROM status_tokens').one(),
    );
    expect(rows.n).toBe(1);
  });
});

describe('bits follow the log', () => {
  test.each<[StatusIdentity['issuer'], Partial<StatusIdentity>, object]>([
    ['token', { tokenId: 'one' }, { kind: 'token', value: 'one' }],
    ['session', { sessionId: 'run' }, { kind: 'session', value: 'run' }],
    ['agent', { agentIds: ['lead', 'x'] }, { kind: 'agent', value: 'lead' }],
    ['key', { keyThumbprint: 'old' }, { kind: 'key', value: 'old' }],
    ['jkt', { jkt: 'bound' }, { kind: 'jkt', value: 'bound' }],
    [
      'before',
      { agentIds: ['lead'], issuedAt: 100 },
      { kind: 'before', value: 'lead', before: 100 },
    ],
    ['before, for all', { issuedAt: 100 }, { kind: 'before', value: '', before: 100 }],
  ])('%s', async (_name, changes, record) => {
    const place = open();
    const [hit, miss] = [await register(), await register()];
    const covered = await issue(place, hit, changes);
    const other = await issue(place, miss);
    const request = { ...(record as { kind: 'token'; value: string }), expiresAt: now() + 3600 };
    await recordRevocation(env, place, request);
    await follow(place);
    expect(await bitOf(place, covered)).toBe(1);
    expect(await bitOf(place, other)).toBe(0);
    expect(await countBits(place)).toBe(1);
  });

  test('of another issuer’s names none', async () => {
    const place = open();
    const id = await register();
    await issue(place, id, { sessionId: 'run' });
    const request = { kind: 'session', value: 'run', issuer: 'https://other.example' } as const;
    await recordRevocation(env, place, { ...request, expiresAt: now() + 3600 });
    await follow(place);
    expect(await countBits(place)).toBe(0);
  });

  test('of many agents, after an eviction in the middle, each one', async () => {
    const place = open();
    const ids = await Promise.all(Array.from({ length: 70 }, () => register()));
    await Promise.all(ids.map((id) => issue(place, id, { sessionId: 'run' })));
    await recordRevocation(env, place, { kind: 'session', value: 'run', expiresAt: now() + 3600 });
    await evictDurableObject(place.lists);
    await follow(place);
    expect(await countBits(place)).toBe(70);
    const { version } = (await place.lists.snapshot(1, -1)) as { version: number };
    await follow(place);
    expect(await place.lists.snapshot(1, version)).toBe('unchanged');
  });

  test('what lifts a revocation sets none', async () => {
    const place = open();
    const id = await register();
    await issue(place, id);
    await recordRevocation(env, place, { kind: 'agent', value: id, expiresAt: now() - 1 });
    await follow(place);
    expect(await countBits(place)).toBe(0);
  });

  test('a record of this moment waits until every isolate has heard of it', async () => {
    const place = open();
    const id = await register();
    await issue(place, id, { sessionId: 'run' });
    await recordRevocation(env, place, { kind: 'session', value: 'run', expiresAt: now() + 3600 });
    await runDurableObjectAlarm(place.lists);
    // Of an isolate that had not
    await issue(place, id, { sessionId: 'run' });
    await follow(place);
    expect(await countBits(place)).toBe(2);
  });
});
