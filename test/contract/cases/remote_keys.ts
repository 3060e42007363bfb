// remoteKeys over time: cool-down, freshness, staleness, identity of keys; the clock is moved by hand

import { remoteKeys } from '../../../src/keys/remote.ts';
import { equal, type ContractCase } from '../case.ts';
import { down, keySetServer, outcome, serve } from '../support/key_set_server.ts';
import { ec7517, es7515 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const { d: _a, ...keyA } = es7515;
const { d: _b, use: _use, ...keyB } = ec7517;
const jwkA = { ...keyA, kid: 'a' };
const jwkB = { ...keyB, kid: 'b' };

const a = { alg: 'ES256', kid: 'a' } as const;
const b = { alg: 'ES256', kid: 'b' } as const;

export const cases: readonly ContractCase[] = [
  {
    name: 'remoteKeys() fetches nothing before it is asked, and once when it is',
    run: async () => {
      const server = keySetServer(serve(jwkA));
      equal(server.calls(), 0, 'calls');
      equal(await outcome(server.keys, a), 'a', 'outcome');
      const found = server.keys.find(a);
      equal(found instanceof Promise, false, 'a promise');
      equal(server.calls(), 1, 'calls');
    },
  },
  {
    name: 'remoteKeys() asks once per cool-down for unknown kids, and refuses the others from memory',
    run: async () => {
      const server = keySetServer(serve(jwkA), { cooldown: 10 });
      equal(await outcome(server.keys, b), 'key_unknown', 'first');
      for (let kid = 0; kid < 1000; kid++) {
        equal(await outcome(server.keys, { alg: 'ES256', kid: `${kid}` }), 'key_unknown', 'kid');
      }
      equal(server.calls(), 1, 'calls within the cool-down');
      server.pass(9);
      equal(await outcome(server.keys, b), 'key_unknown', 'after 9 s');
      equal(server.calls(), 1, 'calls after 9 s');
      server.pass(1);
      server.answer(serve(jwkA, jwkB));
      equal(await outcome(server.keys, b), 'b', 'after 10 s');
      equal(server.calls(), 2, 'calls after 10 s');
    },
  },
  {
    name: 'remoteKeys() counts the cool-down from a failed attempt too',
    run: async () => {
      const server = keySetServer(down, { cooldown: 10 });
      equal(await outcome(server.keys, a), 'key_unavailable', 'down');
      server.answer(serve(jwkA));
      server.pass(9);
      equal(await outcome(server.keys, a), 'key_unavailable', 'within the cool-down');
      equal(server.calls(), 1, 'calls within the cool-down');
      server.pass(1);
      equal(await outcome(server.keys, a), 'a', 'after the cool-down');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() refuses an unknown kid while the address is down, known ones work',
    run: async () => {
      const server = keySetServer(serve(jwkA), { cooldown: 10 });
      await outcome(server.keys, a);
      server.answer(down);
      server.pass(20);
      equal(await outcome(server.keys, b), 'key_unknown', 'unknown kid');
      equal(await outcome(server.keys, a), 'a', 'known kid');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() uses the last good set up to the stale limit, and not a second longer',
    run: async () => {
      const limits = { cooldown: 10, maxAge: 60, staleLimit: 600 };
      const server = keySetServer(serve(jwkA), limits);
      await outcome(server.keys, a);
      server.answer(down);
      for (let seconds = 0; seconds < 600; seconds += 20) {
        equal(await outcome(server.keys, a), 'a', `after ${seconds} s`);
        server.pass(20);
      }
      equal(await outcome(server.keys, a), 'a', 'at the limit');
      server.pass(1);
      equal(await outcome(server.keys, a), 'key_unavailable', 'past the limit');
      equal(await outcome(server.keys, b), 'key_unavailable', 'past the limit, unknown kid');
      server.pass(10);
      server.answer(serve(jwkA));
      equal(await outcome(server.keys, a), 'a', 'recovered');
    },
  },
  {
    name: 'remoteKeys() drops a key that is published no more within maxAge',
    run: async () => {
      const server = keySetServer(serve(jwkA, jwkB), { maxAge: 60 });
      await outcome(server.keys, a);
      server.answer(serve(jwkB));
      server.pass(59);
      equal(await outcome(server.keys, a), 'a', 'after 59 s');
      server.pass(1);
      equal(await outcome(server.keys, a), 'key_unknown', 'after 60 s');
      equal(await outcome(server.keys, b), 'b', 'the other');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() trusts an empty set: nothing is published',
    run: async () => {
      const server = keySetServer(serve(jwkA), { maxAge: 60 });
      await outcome(server.keys, a);
      server.answer(serve());
      server.pass(60);
      equal(await outcome(server.keys, a), 'key_unknown', 'outcome');
    },
  },
  {
    name: 'remoteKeys() keeps the same object for a key whose members did not change',
    run: async () => {
      const server = keySetServer(serve(jwkA), { maxAge: 60 });
      const before = await server.keys.find(a);
      server.answer(serve(jwkB, { ...jwkA, x5t: 'new', use: 'sig' }));
      server.pass(60);
      equal(await server.keys.find(a), before, 'key');
      server.answer(serve({ ...jwkB, kid: 'a' }));
      server.pass(60);
      equal(Object.is(await server.keys.find(a), before), false, 'same key after a change');
      equal(server.calls(), 3, 'calls');
    },
  },
  {
    name: 'remoteKeys() does not thrash when the set alternates, nor accept a key that left',
    run: async () => {
      const server = keySetServer(() => Response.json({}), { cooldown: 10 });
      let turn = 0;
      server.answer(() => Response.json({ keys: [turn++ % 2 === 0 ? jwkA : jwkB] }));
      equal(await outcome(server.keys, a), 'a', 'first set');
      for (let round = 0; round < 100; round++) {
        equal(await outcome(server.keys, b), 'key_unknown', 'key of the other set');
      }
      equal(server.calls(), 1, 'calls');
      server.pass(10);
      equal(await outcome(server.keys, b), 'b', 'second set');
      equal(await outcome(server.keys, a), 'key_unknown', 'key that left');
      equal(server.calls(), 2, 'calls');
    },
  },
  {
    name: 'remoteKeys() counts a set as too old when the clock was set back, and asks again',
    run: async () => {
      const server = keySetServer(serve(jwkA));
      await outcome(server.keys, a);
      server.answer(down);
      server.pass(-3600);
      equal(await outcome(server.keys, a), 'key_unavailable', 'down');
      server.answer(serve(jwkA));
      server.pass(10);
      equal(await outcome(server.keys, a), 'a', 'up again');
    },
  },
  {
    name: 'remoteKeys() tells onFailure what failed, whatever that does',
    run: async () => {
      const told: string[] = [];
      const server = keySetServer(down, {
        onFailure: (error) => {
          told.push(error.message);
          throw new Error('A failure of its own');
        },
      });
      equal(await outcome(server.keys, a), 'key_unavailable', 'outcome');
      equal(told.join(), 'The network is down', 'told');
    },
  },
  {
    name: 'remoteKeys() refuses to answer under a clock that tells no time',
    run: async () => {
      const keys = remoteKeys('https://issuer.example/jwks', { clock: () => NaN });
      await refusesCaller(async () => keys.find(a), '"clock"');
    },
  },
  {
    name: 'refresh() loads the set, leaves a fresh one alone, and says when there is none',
    run: async () => {
      const server = keySetServer(down, { cooldown: 10 });
      const kept: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>): void => void kept.push(work);
      const refused = await server.keys.refresh({ waitUntil }).catch((error: unknown) => error);
      equal(String(refused).includes('cannot be reached'), true, 'refusal');
      equal(kept.length, 1, 'kept alive');
      server.pass(10);
      server.answer(serve(jwkA));
      await server.keys.refresh();
      await server.keys.refresh();
      equal(server.calls(), 2, 'calls');
      equal(server.keys.find(a) instanceof Promise, false, 'a promise');
    },
  },
];
