// Admission: which object is asked for what, and what follows from its answer

import { describe, expect, test } from 'vitest';
import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import type { LedgerEntry } from '../../worker/authority/agent/nonce_store.ts';
import type {
  RequestAdmission,
  RequestDecision,
} from '../../worker/authority/agent/request_admission.ts';
import { createAdmission } from '../../worker/gateway/admission.ts';
import { createAnonymousGate } from '../../worker/gateway/anonymous_gate.ts';
import { createPlatformLimit } from '../../worker/gateway/platform_limit.ts';
import { headersOf } from '../../worker/gateway/refusal_error.ts';

const t0 = 1_800_000_000_000;
const use = { id: 'key:1', expiresAt: t0 / 1000 + 60 };
const message: LedgerEntry = { nonce: 'n', id: 'i', digest: 'd', to: 'b', expiresAt: t0 + 1000 };
const budget = { fullAt: t0 + 1000, remaining: 7, waitMs: 0 };
const granted = { kind: 'granted', storeBefore: t0 + 10_000 } as const;

const agentOf = (changes: Partial<VerifiedAgent> = {}): VerifiedAgent =>
  ({
    agentId: 'planner',
    subjectId: 'planner',
    tier: 'fast',
    actors: [],
    ...changes,
  }) as VerifiedAgent;
const delegate = agentOf({
  agentId: 'lead',
  actors: [{ agentId: 'lead', authenticated: true, jkt: 'key-of-lead' }],
});

type Answer = RequestDecision | Error;

/** Admission over objects that answer by script; what they are asked is written down. */
function open(script: Readonly<Record<string, Answer>>) {
  const asked: [string, RequestAdmission | 'release'][] = [];
  const clock = { now: t0 };
  const platform = { over: new Set<string>(), counted: [] as string[] };
  const admission = createAdmission({
    deskOf: (id) => ({
      async admitRequest(request) {
        asked.push([id, request]);
        const answer = script[id] ?? new Error('There is no such object');
        if (answer instanceof Error) throw answer;
        return answer;
      },
      async release() {
        asked.push([id, 'release']);
      },
    }),
    quotas: new Map([
      ['fast', 10],
      ['power', 100],
    ]),
    platform: {
      isOver: (key) => platform.over.has(key),
      count: (key) => platform.counted.push(key),
    },
    now: () => clock.now,
    defer: () => undefined,
  });
  const admit = async (...args: Parameters<typeof admission.admit>) =>
    admission.admit(...args).catch((error: unknown) => {
      if (error instanceof TokenError) return { code: error.code, headers: headersOf(error) };
      throw error;
    });
  return { admit, asked, clock, platform };
}

describe('createAdmission()', () => {
  test('asks the agent’s object once for all of it', async () => {
    const { admit, asked } = open({ planner: { kind: 'admitted', budget, reservation: granted } });
    expect(await admit({ agent: agentOf(), use, message })).toEqual({
      reservation: granted,
      headers: { 'RateLimit-Policy': '"fast";q=10;w=60', RateLimit: '"fast";r=7;t=1' },
    });
    expect(asked).toEqual([['planner', { use, message, quota: 10 }]]);
  });

  test('of a chain asks the presenter for its key and message, and both for the proof', async () => {
    const { admit, asked } = open({
      lead: { kind: 'admitted', budget, reservation: granted },
      planner: { kind: 'admitted', budget: { ...budget, remaining: 2 } },
    });
    expect(await admit({ agent: delegate, use, message })).toMatchObject({
      headers: { RateLimit: '"fast";r=2;t=1' },
    });
    expect(asked).toEqual([
      ['lead', { holder: 'key-of-lead', use, message, quota: 10 }],
      ['planner', { use, quota: 10 }],
    ]);
  });

  test('an actor whose key no hop names is not asked for one', async () => {
    const admitted = { kind: 'admitted', budget } as const;
    const { admit, asked } = open({ lead: admitted, planner: admitted });
    const actors = [{ agentId: 'lead', authenticated: true, jkt: undefined }];
    await admit({ agent: agentOf({ agentId: 'lead', actors }), use });
    expect(asked[0]).toEqual(['lead', { use, quota: 10 }]);
  });

  test('a key that is not held any more uses nothing up', async () => {
    const { admit, asked } = open({ lead: { kind: 'not_holder' } });
    expect(await admit({ agent: delegate, use, message })).toBe('not_holder');
    expect(asked).toHaveLength(1);
  });

  test('frees the message’s nonce when the subject’s object refuses', async () => {
    const { admit, asked } = open({
      lead: { kind: 'admitted', budget, reservation: granted },
      planner: { kind: 'replayed' },
    });
    expect(await admit({ agent: delegate, use, message })).toMatchObject({
      code: 'proof_replayed',
    });
    expect(asked.at(-1)).toEqual(['lead', 'release']);
  });

  test('an object that cannot be reached is a failure, and no leave', async () => {
    const { admit } = open({});
    expect(await admit({ agent: agentOf(), use })).toMatchObject({ code: 'bus_unavailable' });
  });

  test('does not ask again before an agent’s wait is over', async () => {
    const waitMs = 4000;
    const empty = { fullAt: t0 + 60_000, remaining: 0, waitMs };
    const { admit, asked, clock } = open({ planner: { kind: 'limited', budget: empty } });
    for (let i = 0; i < 50; i++) {
      expect(await admit({ agent: agentOf(), use })).toMatchObject({
        code: 'rate_limited',
        headers: { 'Retry-After': '4', RateLimit: '"fast";r=0;t=4' },
      });
    }
    expect(asked).toHaveLength(1);
    clock.now += waitMs;
    await admit({ agent: agentOf(), use });
    expect(asked).toHaveLength(2);
    // Nor does a clock that steps back make the wait longer than a bucket can be
    clock.now -= 3_600_000;
    await admit({ agent: agentOf(), use });
    expect(asked).toHaveLength(3);
  });

  test('counts bearer tokens itself, and asks the platform when half of a bucket is gone', async () => {
    const { admit, asked, platform, clock } = open({});
    const outcomes = [];
    for (let i = 0; i < 12; i++) outcomes.push(await admit({ agent: agentOf(), use: undefined }));
    expect(outcomes[9]).toMatchObject({ headers: { RateLimit: '"fast";r=0;t=6' } });
    expect(outcomes[10]).toMatchObject({ code: 'rate_limited' });
    expect(asked).toEqual([]);
    expect(platform.counted).toHaveLength(5);
    platform.over.add('planner');
    clock.now += 60_000;
    expect(await admit({ agent: agentOf(), use: undefined })).toMatchObject({
      code: 'rate_limited',
    });
  });
});

describe('createAnonymousGate()', () => {
  const quiet = { isOver: () => false, count: () => undefined };
  const refusal = new TokenError('signature_invalid');
  const codeOf = (enter: () => unknown): string => {
    try {
      enter();
      return 'entered';
    } catch (error) {
      return error instanceof TokenError ? error.code : String(error);
    }
  };

  test('lets so many in at once, and others when they have left', () => {
    const gate = createAnonymousGate(() => t0, quiet, { atOnce: 2 });
    const leave = gate.enter('a');
    gate.enter('b');
    expect(codeOf(() => gate.enter('c'))).toBe('rate_limited');
    leave();
    leave();
    expect(codeOf(() => gate.enter('c'))).toBe('entered');
    expect(codeOf(() => gate.enter('d'))).toBe('rate_limited');
  });

  test('shuts out an address for what it tried, for a while', () => {
    let now = t0;
    const gate = createAnonymousGate(() => now, quiet, { refusals: 3 });
    for (let i = 0; i < 3; i++) gate.refused('2001:db8::1', refusal);
    expect(codeOf(() => gate.enter('2001:db8::2'))).toBe('rate_limited');
    expect(codeOf(() => gate.enter('2001:db8:1::1'))).toBe('entered');
    now += 10_000;
    expect(codeOf(() => gate.enter('2001:db8::1'))).toBe('entered');
  });

  test('holds nothing against anybody for a nonce, for our failures, or where no address is known', () => {
    const gate = createAnonymousGate(() => t0, quiet, { refusals: 1 });
    gate.refused('a', new TokenError('proof_nonce_required'));
    gate.refused('a', new TokenError('revocation_unavailable'));
    gate.refused('a', new Error('x'));
    expect(codeOf(() => gate.enter('a'))).toBe('entered');
    gate.refused('', refusal);
    expect(codeOf(() => gate.enter(''))).toBe('entered');
  });

  test('asks the platform about an address that tries much, and hears it', () => {
    const counted: string[] = [];
    const platform = {
      isOver: (key: string) => key === 'bad',
      count: (key: string) => counted.push(key),
    };
    const gate = createAnonymousGate(() => t0, platform, { refusals: 10 });
    for (let i = 0; i < 8; i++) gate.refused('a', refusal);
    expect(counted).toEqual(['a', 'a', 'a', 'a']);
    expect(codeOf(() => gate.enter('bad'))).toBe('rate_limited');
  });
});

describe('createPlatformLimit()', () => {
  const settle = async (work: readonly Promise<unknown>[]): Promise<void> => {
    await Promise.all(work);
  };

  test('takes the binding’s word for five seconds, and its failure for none', async () => {
    let now = t0;
    const deferred: Promise<unknown>[] = [];
    const answers = new Map([
      ['a', false],
      ['b', true],
    ]);
    const binding = {
      async limit({ key }: { readonly key: string }) {
        const success = answers.get(key);
        if (success === undefined) throw new Error('down');
        return { success };
      },
    };
    const limit = createPlatformLimit(binding, {
      now: () => now,
      defer: (work) => deferred.push(work),
    });
    for (const key of ['a', 'b', 'c']) limit.count(key);
    await settle(deferred);
    expect(['a', 'b', 'c'].map((key) => limit.isOver(key))).toEqual([true, false, false]);
    now += 5000;
    expect(limit.isOver('a')).toBe(false);
    now -= 3_600_000;
    expect(limit.isOver('a')).toBe(false);
  });

  test('without a binding nobody is over it', () => {
    const limit = createPlatformLimit(undefined, { now: () => t0, defer: () => undefined });
    limit.count('a');
    expect(limit.isOver('a')).toBe(false);
  });
});
