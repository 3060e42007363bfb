// Publishing once: what each crash between its steps leaves behind

import { describe, expect, test } from 'vitest';
import { TokenError } from '../../src/verify/index.ts';
import type { Held, LedgerEntry, Reservation } from '../../worker/authority/agent/nonce_store.ts';
import type { Bus, BusMessage, StoreOutcome } from '../../worker/bus/bus.ts';
import { publishOnce, type Ledger } from '../../worker/bus/publish.ts';

const message: BusMessage = {
  sender: 'planner',
  via: [],
  to: 'worker-1',
  id: 'id1',
  digest: 'd1',
  sentAt: 0,
  expiresAt: 300_000,
  body: '{}',
};
const granted: Reservation = { kind: 'granted', storeBefore: 10_000 };
const held: Held = {
  nonce: 'n1',
  id: 'id0',
  digest: 'd0',
  to: 'worker-2',
  expiresAt: 1,
  storeBefore: 5,
};

interface Script {
  readonly reservations: readonly (Reservation | Error)[];
  readonly outcome?: StoreOutcome | Error;
  readonly holds?: boolean | Error;
  readonly commit?: Error;
}

/** Runs a publish against a ledger and a bus that answer by script; every call is written down. */
async function run({ reservations, outcome = 'stored', holds = false, commit }: Script) {
  const calls: string[] = [];
  const answers = [...reservations];
  const answer = async <T>(name: string, value: T | Error): Promise<T> => {
    calls.push(name);
    if (value instanceof Error) throw value;
    return value;
  };
  const ledger: Ledger = {
    reserve: ({ id }: LedgerEntry) => answer(`reserve ${id}`, answers.shift() ?? new Error('none')),
    commit: ({ id }) => answer(`commit ${id}`, commit ?? undefined),
    release: ({ id }) => answer(`release ${id}`, undefined),
    settle: ({ id }, stored) => answer(`settle ${id} ${stored}`, undefined),
  };
  const bus: Pick<Bus, 'publish' | 'holds'> = {
    publish: ({ id }) => answer(`publish ${id}`, outcome),
    holds: ({ sender, to, id }) => answer(`holds ${sender} ${to} ${id}`, holds),
  };
  const deferred: Promise<unknown>[] = [];
  const result = await publishOnce(message, 'n1', {
    ledger,
    bus: bus as Bus,
    defer: (work) => deferred.push(work),
  }).then(
    () => 'accepted',
    (error: unknown) => (error instanceof TokenError ? error.code : String(error)),
  );
  await Promise.all(deferred);
  return { result, calls };
}

describe('publishOnce()', () => {
  test('reserves, stores, then commits', async () => {
    expect(await run({ reservations: [granted] })).toEqual({
      result: 'accepted',
      calls: ['reserve id1', 'publish id1', 'commit id1'],
    });
  });

  test('a message that is stored already is not stored again', async () => {
    const { result, calls } = await run({ reservations: [{ kind: 'stored' }] });
    expect(result).toBe('accepted');
    expect(calls).toEqual(['reserve id1']);
  });

  test('a copy that the bus already has is accepted, and the nonce used', async () => {
    const { result, calls } = await run({ reservations: [granted], outcome: 'duplicate' });
    expect(result).toBe('accepted');
    expect(calls.at(-1)).toBe('commit id1');
  });

  test.each([
    ['conflict', 'message_replayed'],
    ['full', 'rate_limited'],
    ['expired', 'message_expired'],
    ['late', 'bus_unavailable'],
  ] as const)('%s gives the nonce back and is %s', async (outcome, code) => {
    const { result, calls } = await run({ reservations: [granted], outcome });
    expect(result).toBe(code);
    expect(calls.at(-1)).toBe('release id1');
  });

  test('a replay and a rival under way store nothing', async () => {
    expect(await run({ reservations: [{ kind: 'replayed' }] })).toEqual({
      result: 'message_replayed',
      calls: ['reserve id1'],
    });
    expect(await run({ reservations: [{ kind: 'busy', nonce: 'n1' }] })).toEqual({
      result: 'bus_unavailable',
      calls: ['reserve id1'],
    });
  });

  test('a bus that fails may have stored it: nothing is given back', async () => {
    const { result, calls } = await run({ reservations: [granted], outcome: new Error('reset') });
    expect(result).toBe('bus_unavailable');
    expect(calls).toEqual(['reserve id1', 'publish id1']);
  });

  test('a commit that fails does not take the answer back', async () => {
    const { result } = await run({ reservations: [granted], commit: new Error('reset') });
    expect(result).toBe('accepted');
  });

  test('a ledger that fails stores nothing', async () => {
    const { result, calls } = await run({ reservations: [new Error('reset')] });
    expect(result).toBe('bus_unavailable');
    expect(calls).toEqual(['reserve id1']);
  });

  test('an abandoned reservation is settled by what the bus holds', async () => {
    const unresolved: Reservation = { kind: 'unresolved', held };
    expect(await run({ reservations: [unresolved, granted] })).toEqual({
      result: 'accepted',
      calls: [
        'reserve id1',
        'holds planner worker-2 id0',
        'settle id0 false',
        'reserve id1',
        'publish id1',
        'commit id1',
      ],
    });
    const used = await run({ reservations: [unresolved, { kind: 'replayed' }], holds: true });
    expect(used.calls).toContain('settle id0 true');
    expect(used.result).toBe('message_replayed');
  });

  test('a bus that cannot tell settles nothing', async () => {
    const { result, calls } = await run({
      reservations: [{ kind: 'unresolved', held }],
      holds: new Error('reset'),
    });
    expect(result).toBe('bus_unavailable');
    expect(calls).toEqual(['reserve id1', 'holds planner worker-2 id0']);
  });

  test('gives up rather than going round for ever', async () => {
    const unresolved: Reservation = { kind: 'unresolved', held };
    const { result } = await run({ reservations: Array.from({ length: 9 }, () => unresolved) });
    expect(result).toBe('bus_unavailable');
  });
});
