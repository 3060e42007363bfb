// A fresh view under concurrency: requests that hang, land late, or belong to nobody any more; snapshots in pages

import type { FeedRecord } from '../../../src/index.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import {
  asCancelled,
  heldAnswer,
  identityOf,
  logServer,
  pageOf,
  recordOf,
  serveLog,
  silentLog,
  verdict,
  type LogAnswer,
} from '../support/revocations.ts';

const nothing = serveLog([]);
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Short times by a real clock, for what timers decide. */
const short = {
  refreshEvery: 25,
  waitBeyond: 50,
  patience: 200,
  ceiling: 5000,
  now: () => performance.now(),
} as const;

/** Answers page by page, two records each. */
function servePages(records: readonly FeedRecord[]): LogAnswer {
  return (after) => {
    const following = records.filter((record) => record.seq > after);
    const more = following.length > 2;
    return pageOf(following.slice(0, 2), {
      full: after === 0,
      more,
      ...(following.length === 0 ? { seq: records.length } : {}),
    });
  };
}

const fiveRecords = (): Promise<FeedRecord[]> =>
  Promise.all([1, 2, 3, 4, 5].map((seq) => recordOf(seq, { value: `token-${seq}` })));

export const cases: readonly ContractCase[] = [
  {
    name: 'a fresh view lets nobody wait longer than its patience for a log that hangs',
    run: async () => {
      const server = logServer(silentLog, short);
      const began = performance.now();
      equal(await verdict(server.view, identityOf()), 'revocation_unavailable', 'verdict');
      const waited = performance.now() - began;
      equal(waited >= 190 && waited < 1000, true, `a wait of ${waited} ms`);
    },
  },
  {
    name: 'a fresh view is used, after the wait, while its log hangs',
    run: async () => {
      const server = logServer(serveLog([await recordOf(1)]), short);
      await server.view.refresh();
      server.answer(silentLog);
      await new Promise((resolve) => setTimeout(resolve, 60));
      equal(await verdict(server.view, identityOf()), 'revoked', 'verdict');
      equal(await verdict(server.view, identityOf({ tokenId: 'b' })), 'not revoked', 'verdict');
    },
  },
  {
    name: 'a fresh view sends another request when the owner of the first is gone',
    run: async () => {
      const patient = { refreshEvery: 300, waitBeyond: 2000, patience: 4000 };
      const server = logServer(silentLog, { ...short, ...patient });
      void asCancelled(() => verdict(server.view, identityOf()));
      server.answer(serveLog([await recordOf(1)]));
      const all = await Promise.all(
        Array.from({ length: 100 }, () => verdict(server.view, identityOf())),
      );
      deepEqual([...new Set(all)], ['revoked'], 'verdicts');
      equal(server.asked.length, 2, 'requests');
    },
  },
  {
    name: 'a fresh view renews itself although an earlier renewal hangs',
    run: async () => {
      const server = logServer(nothing);
      const identity = identityOf();
      await verdict(server.view, identity);
      server.answer(silentLog);
      server.pass(250);
      equal(server.view.isRevoked([identity]), false, 'answer');
      server.answer(serveLog([await recordOf(1)]));
      server.pass(250);
      equal(server.view.isRevoked([identity]), false, 'answer while it is renewed');
      await settle();
      equal(server.view.isRevoked([identity]), true, 'answer afterwards');
    },
  },
  {
    name: 'a fresh view lets an older answer replace nothing and not count as younger',
    run: async () => {
      const late = heldAnswer(serveLog([await recordOf(1, { kind: 'agent', value: 'planner' })]));
      const server = logServer(late.answer);
      const identity = identityOf();
      const first = verdict(server.view, identity);
      server.answer(nothing);
      server.pass(250);
      await server.view.refresh();
      equal(server.view.age(), 0, 'age');
      late.release();
      equal(await first, 'not revoked', 'verdict of the first');
      equal(server.view.age(), 0, 'age after the late answer');
    },
  },
  {
    name: 'a fresh view takes two overlapping answers with the same records',
    run: async () => {
      const records = [await recordOf(1, { value: 'a' })];
      const server = logServer(serveLog(records));
      await server.view.refresh();
      records.push(await recordOf(2));
      const slow = heldAnswer(serveLog(records));
      server.answer(slow.answer);
      server.pass(501);
      const first = verdict(server.view, identityOf());
      server.pass(250);
      const second = verdict(server.view, identityOf());
      await settle();
      slow.release();
      deepEqual([await first, await second], ['revoked', 'revoked'], 'verdicts');
      await settle();
      equal(server.view.age(), 0, 'age');
    },
  },
  {
    name: 'a fresh view reads a snapshot page by page before it answers',
    run: async () => {
      const server = logServer(servePages(await fiveRecords()));
      equal(await verdict(server.view, identityOf({ tokenId: 'token-5' })), 'revoked', 'verdict');
      deepEqual(server.asked, [0, 2, 4], 'asked');
      equal(server.view.size, 5, 'size');
    },
  },
  {
    name: 'a fresh view asks for no page twice while pages come, however long that takes',
    run: async () => {
      const pages = servePages(await fiveRecords());
      const server = logServer(
        async (after, signal) => {
          await new Promise((resolve) => setTimeout(resolve, 600));
          return pages(after, signal);
        },
        { ...short, refreshEvery: 1500, waitBeyond: 4000, patience: 4500 },
      );
      const identity = identityOf({ tokenId: 'token-5' });
      const all = await Promise.all(
        Array.from({ length: 10 }, () => verdict(server.view, identity)),
      );
      deepEqual([...new Set(all)], ['revoked'], 'verdicts');
      deepEqual(server.asked, [0, 2, 4], 'asked');
      equal(server.view.age() >= 1790, true, 'age counted from the first page');
    },
  },
  {
    name: 'a fresh view lets timers fire between the pages of a log that answers at once',
    run: async () => {
      let hasFired = false;
      let firedAt = 0;
      const record = await recordOf(1);
      const server = logServer((after) => {
        const seq = after + 1;
        if (hasFired && firedAt === 0) firedAt = seq;
        return pageOf([{ ...record, seq }], { full: after === 0, more: seq < 500 });
      });
      setTimeout(() => {
        hasFired = true;
      }, 0);
      await server.view.refresh();
      equal(firedAt > 0 && firedAt < 100, true, `fired before page ${firedAt}`);
    },
  },
  {
    name: 'a fresh view keeps what it knew while a new snapshot has not come whole',
    run: async () => {
      const records = await fiveRecords();
      const server = logServer(serveLog(records));
      await server.view.refresh();
      // A log that answers with a snapshot again, and breaks off after its first page
      server.answer((after) => {
        if (after !== 5) throw new Error('The log is down');
        return pageOf(records.slice(0, 2), { full: true, more: true });
      });
      server.pass(501);
      equal(await verdict(server.view, identityOf({ tokenId: 'token-5' })), 'revoked', 'verdict');
      equal(server.view.age(), 501, 'age');
    },
  },
  {
    name: 'a fresh view reads a snapshot that broke off on from where it was',
    run: async () => {
      const records = await fiveRecords();
      const pages = servePages(records);
      let left = 2;
      const server = logServer((after, signal) => {
        if (left-- === 0) throw new Error('The log is down');
        return pages(after, signal);
      });
      const last = identityOf({ tokenId: 'token-5' });
      equal(await verdict(server.view, last), 'revocation_unavailable', 'broken off');
      server.pass(250);
      equal(await verdict(server.view, last), 'revoked', 'verdict');
      deepEqual(server.asked, [0, 2, 4, 4], 'asked');
    },
  },
  {
    name: 'a fresh view that reads two snapshots at once misses nothing of them',
    run: async () => {
      const records = await fiveRecords();
      const slow = heldAnswer(servePages(records));
      const server = logServer(slow.answer);
      const first = verdict(server.view, identityOf({ tokenId: 'token-3' }));
      server.pass(250);
      server.answer(servePages(records));
      const second = verdict(server.view, identityOf({ tokenId: 'token-3' }));
      slow.release();
      deepEqual([await first, await second], ['revoked', 'revoked'], 'verdicts');
      await settle();
      for (const { seq } of records) {
        const identity = identityOf({ tokenId: `token-${seq}` });
        equal(await verdict(server.view, identity), 'revoked', `record ${seq}`);
      }
    },
  },
];
