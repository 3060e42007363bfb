// remoteKeys under concurrency: one shared fetch, and nobody depends on the one who began it

import { equal, type ContractCase } from '../case.ts';
import { keySetServer, outcome, serve, silence, type Answer } from '../support/key_set_server.ts';
import { es7515 } from '../support/printed_keys.ts';

const { d: _d, ...publicJwk } = es7515;
const jwk = { ...publicJwk, kid: 'a' };
const query = { alg: 'ES256', kid: 'a' } as const;
/** Seconds: short for who waits, long enough for an answer that comes on a busy machine. */
const timeout = 0.25;

/** An answer that is given when the case says so. */
function held(): { readonly answer: Answer; readonly release: () => void } {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answer: Answer = async (init) => {
    await gate;
    return serve(jwk)(init);
  };
  return { answer, release };
}

/**
 * Runs the synchronous part of some work with timers that never fire: what is left of a request
 * that was cancelled, whose I/O and timers the runtime has dropped.
 */
function asCancelled<T>(work: () => T): T {
  const { setTimeout: real } = globalThis;
  const dead: unknown = () => 0;
  Object.assign(globalThis, { setTimeout: dead });
  try {
    return work();
  } finally {
    Object.assign(globalThis, { setTimeout: real });
  }
}

const many = async (count: number, work: () => Promise<unknown>): Promise<Set<unknown>> =>
  new Set(await Promise.all(Array.from({ length: count }, work)));

const only = (outcomes: Set<unknown>, expected: string): void =>
  equal([...outcomes].join(), expected, 'outcomes');

export const cases: readonly ContractCase[] = [
  {
    name: 'remoteKeys() makes 1 request of 1,000 concurrent ones',
    run: async () => {
      const { answer, release } = held();
      const server = keySetServer(answer);
      const all = many(1000, () => outcome(server.keys, query));
      release();
      only(await all, 'a');
      equal(server.calls(), 1, 'calls');
    },
  },
  {
    name: 'remoteKeys() makes 1 request of 1,000 concurrent unknown kids after the cool-down',
    run: async () => {
      const server = keySetServer(serve(jwk));
      await outcome(server.keys, query);
      server.pass(10);
      let kid = 0;
      only(
        await many(1000, () => outcome(server.keys, { alg: 'ES256', kid: `${kid++}` })),
        'key_unknown',
      );
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() fails all who share a failed request, with 1 request',
    run: async () => {
      const server = keySetServer(() => Promise.reject(new Error('down')));
      only(await many(100, () => outcome(server.keys, query)), 'key_unavailable');
      equal(server.calls(), 1, 'calls');
    },
  },
  {
    name: 'remoteKeys() gives up a request that is never answered, and tells it to stop',
    run: async () => {
      let signal: AbortSignal | null | undefined;
      const server = keySetServer(
        (init) => {
          signal = init.signal;
          return silence(init);
        },
        { timeout },
      );
      equal(await outcome(server.keys, query), 'key_unavailable', 'outcome');
      equal(signal?.aborted, true, 'aborted');
    },
  },
  {
    name: 'remoteKeys() serves those who waited for a cancelled request, with 1 request more',
    run: async () => {
      const server = keySetServer(silence, { timeout });
      const owner = asCancelled(() => outcome(server.keys, query));
      void owner;
      server.answer(serve(jwk));
      only(await many(100, () => outcome(server.keys, query)), 'a');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() lets a later waiter use what an earlier one fetched meanwhile',
    run: async () => {
      const server = keySetServer(silence, { timeout: 0.1 });
      void asCancelled(() => outcome(server.keys, query));
      server.answer(serve(jwk));
      const early = outcome(server.keys, query);
      await new Promise((resolve) => setTimeout(resolve, 60));
      const late = outcome(server.keys, query);
      equal(await early, 'a', 'early');
      equal(await late, 'a', 'late');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() fails those whose second request is never answered either',
    run: async () => {
      const server = keySetServer(silence, { timeout });
      void asCancelled(() => outcome(server.keys, query));
      only(await many(100, () => outcome(server.keys, query)), 'key_unavailable');
      equal(server.calls(), 2, 'calls');
      server.answer(serve(jwk));
      server.pass(10);
      equal(await outcome(server.keys, query), 'a', 'after the cool-down');
    },
  },
  {
    name: 'remoteKeys() does not wait for a request that was lost before',
    run: async () => {
      const server = keySetServer(silence, { timeout: 3 });
      void asCancelled(() => outcome(server.keys, query));
      server.answer(serve(jwk));
      server.pass(5);
      const began = Date.now();
      equal(await outcome(server.keys, query), 'a', 'outcome');
      equal(Date.now() - began < 2000, true, 'at once');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() answers known kids at once while a lost request is within its cool-down',
    run: async () => {
      const server = keySetServer(serve(jwk), { timeout: 3, maxAge: 60 });
      await outcome(server.keys, query);
      server.answer(silence);
      server.pass(60);
      void asCancelled(() => outcome(server.keys, query));
      server.pass(5);
      equal(server.keys.find(query) instanceof Promise, false, 'a promise');
      equal(await outcome(server.keys, { alg: 'ES256', kid: 'b' }), 'key_unknown', 'unknown kid');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() lets an older answer not replace a newer one',
    run: async () => {
      const { answer, release } = held();
      const server = keySetServer(answer, { timeout, cooldown: 1 });
      const late = asCancelled(() => outcome(server.keys, query));
      server.answer(serve({ ...jwk, kid: 'new' }));
      equal(await outcome(server.keys, { alg: 'ES256', kid: 'new' }), 'new', 'second request');
      release();
      equal(await late, 'key_unknown', 'first request, answered last');
      equal(await outcome(server.keys, { alg: 'ES256', kid: 'new' }), 'new', 'afterwards');
    },
  },
  {
    name: 'remoteKeys() hands the shared request to waitUntil, which may refuse',
    run: async () => {
      const kept: Promise<unknown>[] = [];
      const server = keySetServer(serve(jwk), {
        waitUntil: (work) => {
          kept.push(work);
          throw new Error('Outside of a request');
        },
      });
      equal(await outcome(server.keys, query), 'a', 'outcome');
      equal(kept.length, 1, 'kept alive');
      await Promise.all(kept);
    },
  },
  {
    name: 'remoteKeys() hands waitUntil a promise that never rejects',
    run: async () => {
      const kept: Promise<unknown>[] = [];
      const server = keySetServer(() => Promise.reject(new Error('down')), {
        waitUntil: (work) => void kept.push(work),
      });
      equal(await outcome(server.keys, query), 'key_unavailable', 'outcome');
      await Promise.all(kept);
      equal(kept.length, 1, 'kept alive');
    },
  },
  {
    name: 'remoteKeys() renews in the background near the end, only with waitUntil',
    run: async () => {
      const kept: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>): void => void kept.push(work);
      const server = keySetServer(serve(jwk), { maxAge: 100, waitUntil });
      await outcome(server.keys, query);
      server.pass(75);
      equal(server.keys.find(query) instanceof Promise, false, 'a promise');
      equal(server.calls(), 2, 'calls');
      await Promise.all(kept);
      server.pass(50);
      equal(server.keys.find(query) instanceof Promise, false, 'a promise, after the renewal');
      const without = keySetServer(serve(jwk), { maxAge: 100 });
      await outcome(without.keys, query);
      without.pass(99);
      await outcome(without.keys, query);
      equal(without.calls(), 1, 'calls without waitUntil');
    },
  },
  {
    name: 'remoteKeys() waits once the set is no longer fresh, with waitUntil too',
    run: async () => {
      const server = keySetServer(serve(jwk), { maxAge: 100, waitUntil: () => {} });
      await outcome(server.keys, query);
      server.answer(serve());
      server.pass(100);
      equal(await outcome(server.keys, query), 'key_unknown', 'outcome');
    },
  },
];
