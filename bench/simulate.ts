// What one revocation log and one JWKS carry when many edge isolates ask: our own code in virtual time.

import {
  createFreshView,
  generateSigningKey,
  remoteKeys,
  type FeedPage,
  type FreshView,
} from '../src/index.ts';
import { seeded, virtualTime, type VirtualTime } from './support/virtual_time.ts';

const quick = process.argv.includes('--quick');
/** Milliseconds, as the gateway has them. */
const freshness = { refreshEvery: 250, waitBeyond: 500, patience: 400, ceiling: 5000 } as const;
const seconds = quick ? 8 : 20;
/** One Durable Object answers about this many requests a second; what waits longer is refused. */
const capacity = 1000;
const longestQueue = 1000;
const siteCount = 300;
const regionCount = 9;
/** Requests a second for each simulated isolate: more of them change nothing but the run's length. */
const asked = 20;
const random = seeded(20_261_124);

const between = (low: number, high: number): number => low + (high - low) * random();
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

/** Whoever answers the question for the records after a number. */
interface Log {
  readonly since: (after: number) => Promise<FeedPage>;
  readonly load: { asked: number; refused: number };
}

interface Source extends Log {
  readonly revoke: () => number;
}

/** One queue, one server: what a Durable Object is to those who ask it. */
function queueOf(time: VirtualTime, load: Log['load']): () => Promise<void> {
  let freeAt = 0;
  return async () => {
    load.asked++;
    const begin = Math.max(time.now(), freeAt);
    if (begin - time.now() > longestQueue) {
      load.refused++;
      throw new Error('overloaded');
    }
    freeAt = begin + 1000 / capacity;
    await time.wait(freeAt - time.now());
  };
}

const page = (seq: number, after: number): FeedPage => ({
  issuer: 'a',
  seq,
  as_of: 0,
  full: after === 0,
  records: Array.from({ length: seq - after }, (_, index) => {
    const number = String(after + index + 1).padStart(21, '0');
    return { seq: after + index + 1, kind: 'token', h: `${number}A`, exp: 4e9 };
  }),
});

function sourceLog(time: VirtualTime): Source {
  const load = { asked: 0, refused: 0 };
  const queue = queueOf(time, load);
  let seq = 0;
  return {
    load,
    revoke: () => ++seq,
    async since(after) {
      await queue();
      return page(seq, after);
    },
  };
}

/** Somebody at a distance from a log, with a view of it. */
function viewer(time: VirtualTime, log: Log, distance: number): FreshView {
  return createFreshView({
    ...freshness,
    now: time.now,
    async load(after) {
      await time.wait(distance);
      const answer = await log.since(after);
      await time.wait(distance);
      return answer;
    },
  });
}

/** A relay asks the log as isolates do, and answers those near it from what it knows. */
function relay(time: VirtualTime, log: Log, distance: number): Log {
  const load = { asked: 0, refused: 0 };
  const queue = queueOf(time, load);
  const view = viewer(time, log, distance);
  return {
    load,
    async since(after) {
      await queue();
      await view.isRevoked([]);
      return page(view.seq, after);
    },
  };
}

interface Outcome {
  readonly 'log asked/s': number;
  readonly 'relay asked/s': number | undefined;
  readonly 'p50 ms': number;
  readonly 'p99 ms': number;
  readonly 'max ms': number;
  readonly 'not refused': number;
  readonly 'refused: no view %': number;
}

/** Follows one isolate: its requests, and when it first refuses each of the revoked tokens. */
async function isolateLife(
  time: VirtualTime,
  view: FreshView,
  records: ReadonlyMap<number, number>,
  seen: { delays: number[]; requests: number; unavailable: number },
): Promise<void> {
  let known = 0;
  for (;;) {
    await time.wait(-Math.log(1 - random()) * (1000 / asked));
    seen.requests++;
    try {
      await view.isRevoked([]);
    } catch {
      // A request that is refused for want of a view is refused all the same
      seen.unavailable++;
      continue;
    }
    for (; known < view.seq; known++) {
      const at = records.get(known + 1);
      if (at !== undefined) seen.delays.push(time.now() - at);
    }
  }
}

async function simulateRevocation(
  isolates: number,
  relays: 0 | typeof regionCount,
): Promise<Outcome> {
  const time = virtualTime();
  try {
    const log = sourceLog(time);
    const regions = Array.from({ length: relays }, () => relay(time, log, between(10, 120)));
    const records = new Map<number, number>();
    const seen = { delays: [] as number[], requests: 0, unavailable: 0 };
    for (let index = 0; index < isolates; index++) {
      const region = regions[index % Math.max(1, regions.length)];
      const view = viewer(time, region ?? log, region ? between(2, 20) : between(2, 120));
      void isolateLife(time, view, records, seen);
    }
    const warm = 3000;
    await time.runUntil(warm);
    Object.assign(log.load, { asked: 0 });
    for (const { load } of regions) load.asked = 0;
    Object.assign(seen, { requests: 0, unavailable: 0 });
    // Revoked at any moment between two refreshes; the last seconds are for what is still on its way
    const last = warm + (seconds - 6) * 1000;
    while (time.now() < last) {
      await time.runUntil(time.now() + between(100, 900));
      records.set(log.revoke(), time.now());
    }
    await time.runUntil(warm + seconds * 1000);
    const delays = seen.delays.toSorted((a, b) => a - b);
    const busiest = Math.max(...regions.map(({ load }) => load.asked));
    return {
      'log asked/s': Math.round(log.load.asked / seconds),
      'relay asked/s': relays === 0 ? undefined : Math.round(busiest / seconds),
      'p50 ms': Math.round(quantile(delays, 0.5)),
      'p99 ms': Math.round(quantile(delays, 0.99)),
      'max ms': Math.round(delays.at(-1) ?? Number.NaN),
      'not refused': isolates * records.size - delays.length,
      'refused: no view %': Number(((100 * seen.unavailable) / seen.requests).toFixed(2)),
    };
  } finally {
    time.restore();
  }
}

/** All isolates start at once without a key set, and then live through one rotation. */
async function simulateJwks(isolates: number): Promise<Readonly<Record<string, number>>> {
  const [first, second] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  const real = globalThis.setTimeout;
  let fetches = 0;
  let now = 0;
  let keys = [first.publicJwk];
  const sources = Array.from({ length: isolates }, () =>
    remoteKeys('https://authority.example/.well-known/jwks.json', {
      clock: () => now,
      fetch: async () => {
        fetches++;
        await new Promise((resolve) => real(resolve, 1));
        return Response.json({ keys }, { headers: { 'cache-control': 'public, max-age=300' } });
      },
    }),
  );
  const ask = (kid: string): Promise<unknown> =>
    Promise.all(
      sources.flatMap((source) =>
        Array.from({ length: 10 }, async () => source.find({ alg: 'ES256', kid })),
      ),
    );
  await ask(first.kid);
  const cold = fetches;
  // Published a while before it signs: who asks again meanwhile has it when the first token comes
  keys = [first.publicJwk, second.publicJwk];
  const hour = 3600;
  for (now = 60; now < hour; now += 60) await ask(now < hour / 2 ? first.kid : second.kid);
  return {
    isolates,
    'cold fetches': cold,
    'fetches each in the hour after': (fetches - cold) / isolates,
  };
}

process.stdout.write(
  `${siteCount} sites, ${seconds} s of virtual time; one object answers ${capacity} a second\n` +
    '\nFrom the record in the log to the first refusal in each isolate\n',
);
const counts = quick ? [100, 400] : [100, 200, 300, 500, 1000, 3000];
const rows: object[] = [];
for (const isolates of counts) {
  for (const relays of [0, regionCount] as const) {
    const shape = relays === 0 ? 'one log' : `${relays} regional relays`;
    rows.push({ isolates, shape, ...(await simulateRevocation(isolates, relays)) });
  }
}
console.table(rows);
process.stdout.write(
  '\nKey set: ten requests at once in each isolate, then a rotation within an hour\n',
);
console.table([await simulateJwks(10), await simulateJwks(quick ? 50 : 300)]);
