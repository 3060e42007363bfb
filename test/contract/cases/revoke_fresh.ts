// A view kept fresh by those who ask: when it asks, who waits, how old it may be

import { createVerifier, createFreshView, localKeys } from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';
import {
  brokenLog,
  gatewayFreshness,
  heldAnswer,
  identityOf,
  logServer,
  pageOf,
  recordOf,
  serveLog,
  verdict,
} from '../support/revocations.ts';
import { clock, world } from '../support/world.ts';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const nothing = serveLog([]);
const revoked = async () => serveLog([await recordOf(1)]);

const badOptions: Readonly<Record<string, unknown>> = {
  refreshEvery: undefined,
  waitBeyond: 0,
  patience: Number.NaN,
  ceiling: Infinity,
  load: 'https://authority.example/revocations',
};

export const cases: readonly ContractCase[] = [
  {
    name: 'a fresh view sends 1 request for 1,000 who ask at once',
    run: async () => {
      const { answer, release } = heldAnswer(await revoked());
      const server = logServer(answer);
      const all = Promise.all(
        Array.from({ length: 1000 }, () => verdict(server.view, identityOf())),
      );
      release();
      deepEqual([...new Set(await all)], ['revoked'], 'verdicts');
      deepEqual(server.asked, [0], 'asked');
    },
  },
  {
    name: 'a fresh view counts its age from when the request was sent',
    run: async () => {
      const server = logServer((after) => {
        server.pass(300);
        return nothing(after, AbortSignal.abort());
      });
      await server.view.refresh();
      equal(server.view.age(), 300, 'age');
    },
  },
  {
    name: 'a fresh view sends at most four requests a second, whoever asks how often',
    run: async () => {
      const server = logServer(nothing);
      for (let millisecond = 0; millisecond < 2000; millisecond++) {
        await verdict(server.view, identityOf());
        server.pass(1);
      }
      equal(server.asked.length, 8, 'requests in two seconds');
    },
  },
  {
    name: 'a fresh view sends at most four requests a second to a log that fails',
    run: async () => {
      const server = logServer(brokenLog);
      for (let millisecond = 0; millisecond < 2000; millisecond++) {
        await verdict(server.view, identityOf());
        server.pass(1);
      }
      equal(server.asked.length, 8, 'requests in two seconds');
    },
  },
  {
    name: 'a fresh view answers at once while it is young, and renews itself meanwhile',
    run: async () => {
      const server = logServer(nothing);
      const identity = identityOf();
      await verdict(server.view, identity);
      server.answer(await revoked());
      server.pass(500);
      equal(server.view.isRevoked([identity]), false, 'answer');
      await settle();
      equal(server.view.isRevoked([identity]), true, 'answer after the renewal');
      deepEqual(server.asked, [0, 0], 'asked');
    },
  },
  {
    name: 'a fresh view that is older than 500 ms waits for its renewal',
    run: async () => {
      const server = logServer(nothing);
      await verdict(server.view, identityOf());
      server.answer(await revoked());
      server.pass(501);
      equal(await verdict(server.view, identityOf()), 'revoked', 'verdict');
    },
  },
  {
    name: 'a fresh view whose log fails is used up to 5 s, and refuses from then on',
    run: async () => {
      const server = logServer(await revoked());
      await verdict(server.view, identityOf());
      server.answer(brokenLog);
      server.pass(5000);
      const other = identityOf({ tokenId: 'token-2' });
      equal(await verdict(server.view, other), 'not revoked', 'at 5 s');
      equal(await verdict(server.view, identityOf()), 'revoked', 'at 5 s');
      server.pass(1);
      equal(await verdict(server.view, other), 'revocation_unavailable', 'past 5 s');
      server.answer(await revoked());
      server.pass(250);
      equal(await verdict(server.view, other), 'not revoked', 'when the log is back');
    },
  },
  {
    name: 'a fresh view that never reached its log refuses everybody',
    run: async () => {
      const server = logServer(brokenLog);
      equal(await verdict(server.view, identityOf()), 'revocation_unavailable', 'verdict');
      equal(server.view.age(), Infinity, 'age');
    },
  },
  {
    name: 'a fresh view takes nothing of a malformed page, and does not grow younger by it',
    run: async () => {
      const server = logServer(nothing);
      await server.view.refresh();
      const good = await recordOf(1);
      server.answer(() => pageOf([good, { ...good, seq: 1 }], { full: false }));
      server.pass(501);
      equal(await verdict(server.view, identityOf()), 'not revoked', 'verdict');
      equal(server.view.age(), 501, 'age');
      server.pass(4500);
      equal(await verdict(server.view, identityOf()), 'revocation_unavailable', 'past 5 s');
    },
  },
  {
    name: 'a fresh view refuses a log that went back, also with a snapshot',
    run: async () => {
      const server = logServer(serveLog([await recordOf(7)]));
      await server.view.refresh();
      for (const full of [false, true]) {
        server.answer(() => pageOf([], { seq: 6, full }));
        server.pass(501);
        equal(await verdict(server.view, identityOf()), 'revoked', 'verdict');
      }
      equal(server.view.age(), 1002, 'age');
    },
  },
  {
    name: 'a fresh view asked for several identities refuses when one is revoked',
    run: async () => {
      const server = logServer(serveLog([await recordOf(1, { value: 'root' })]));
      const chain = [identityOf(), identityOf({ tokenId: 'root' })];
      equal(await verdict(server.view, ...chain), 'revoked', 'hashing');
      equal(server.view.isRevoked(chain), true, 'hashed');
      equal(server.view.isRevoked(chain.slice(0, 1)), false, 'without the ancestor');
    },
  },
  {
    name: 'a fresh view ends a token in a verifier whose cache is warm',
    run: async () => {
      const { token, key } = await world();
      const issuer = 'yamtam-engine';
      const server = logServer(nothing);
      const verifier = createVerifier({
        keys: await localKeys(key.publicJwk),
        revocation: server.view,
        clock,
      });
      await verifier.verifyAgentToken(token);
      server.answer(serveLog([await recordOf(1, { kind: 'session', issuer, value: 'run-1' })]));
      server.pass(501);
      await rejectsWithCode(verifier.verifyAgentToken(token), 'token_revoked');
      server.answer(brokenLog);
      server.pass(5001);
      await rejectsWithCode(verifier.verifyAgentToken(token), 'revocation_unavailable');
    },
  },
  {
    name: 'a fresh view whose clock is set back, or tells no time, counts as too old',
    run: async () => {
      let now = 1000;
      const server = logServer(nothing, { now: () => now });
      await server.view.refresh();
      for (const time of [900, Number.NaN]) {
        now = time;
        server.answer(brokenLog);
        equal(server.view.age(), Infinity, 'age');
        equal(await verdict(server.view, identityOf()), 'revocation_unavailable', 'verdict');
      }
    },
  },
  {
    name: 'a fresh view hands its refresh to waitUntil, which may refuse, as a promise that never rejects',
    run: async () => {
      const kept: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>): void => {
        kept.push(work);
        throw new Error('Outside of a request');
      };
      await logServer(nothing, { waitUntil }).view.refresh();
      await logServer(brokenLog, { waitUntil }).view.refresh();
      await Promise.all(kept);
      equal(kept.length, 2, 'kept alive');
    },
  },
  ...Object.entries(badOptions).map(([name, value]) => ({
    name: `createFreshView() refuses "${name}" that is ${String(value)}`,
    run: () =>
      refusesCaller(() => {
        const options = { ...gatewayFreshness, load: async () => pageOf([]), [name]: value };
        return createFreshView(options);
      }, `"${name}"`),
  })),
];
