// memoryReplayGuard: once and only once, whatever the clock does, and never by forgetting what lives

import { memoryReplayGuard, type MemoryReplayOptions } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { throwsTypeError } from '../support/mutations.ts';
import { movableClock, now } from '../support/world.ts';

/** What the guard answers to one use: at a moment, an id, until when. */
type Step = readonly [at: number, id: string, expiresAt: number, answer: boolean];

const story = (name: string, steps: readonly Step[], options: MemoryReplayOptions = {}) => ({
  name: `memoryReplayGuard() ${name}`,
  run: async () => {
    const time = movableClock();
    const guard = memoryReplayGuard({ ...options, clock: time.read });
    for (const [turn, [at, id, expiresAt, answer]] of steps.entries()) {
      time.set(at);
      equal(await guard.use(id, expiresAt), answer, `answer ${turn}`);
    }
  },
});

const end = now + 60;

export const cases: readonly ContractCase[] = [
  story('lets an id through once', [
    [now, 'a', end, true],
    [now, 'a', end, false],
    [now, 'b', end, true],
    [now + 59, 'a', end, false],
    [now + 59, 'b', end, false],
  ]),
  story('refuses the same proof for ever, also after its time', [
    [now, 'a', end, true],
    [end, 'a', end, false],
    [end + 1000, 'a', end, false],
  ]),
  story('lets an id through again for a later use, when the first has ended', [
    [now, 'a', end, true],
    [end - 1, 'a', end + 60, false],
    [end, 'a', end + 60, true],
    [end, 'a', end + 60, false],
    [end, 'a', end, false],
  ]),
  story('lets nothing through twice when the clock was set back', [
    [now, 'a', end, true],
    [now - 3600, 'a', end, false],
    [now, 'a', end, false],
  ]),
  story('lets nothing through twice when the clock was set forward and back', [
    [now, 'a', end, true],
    [now + 3600, 'b', now + 3660, true],
    [now, 'a', end, false],
    [now, 'c', end, true],
    [now, 'c', end, false],
  ]),
  story(
    'lets nothing through twice that it forgot while the clock was wrong',
    [
      [now, 'a', end, true],
      [now, 'b', end, true],
      [now + 3600, 'c', now + 3660, true],
      [now, 'a', end, false],
      [now, 'b', end, false],
      [now, 'd', end, false],
      [now + 3600, 'e', now + 3660, true],
    ],
    { maxEntries: 2 },
  ),
  story(
    'remembers the latest of what it forgot, in whatever order it came',
    [
      [now, 'a', end + 30, true],
      [now, 'b', end, true],
      [now + 3600, 'c', now + 3660, true],
      [now, 'a', end + 30, false],
      [now, 'd', end + 20, false],
      [now, 'e', end + 31, true],
    ],
    { maxEntries: 2 },
  ),
  story(
    'refuses what is new while it is full, and forgets nothing that lives',
    [
      [now, 'a', end, true],
      [now, 'b', end + 30, true],
      [now, 'c', end, false],
      [now + 59, 'c', end + 59, false],
      [now + 59, 'a', end, false],
      [end, 'c', end + 60, true],
      [end, 'b', end + 30, false],
      [end, 'd', end + 60, false],
      [end + 30, 'd', end + 90, true],
    ],
    { maxEntries: 2 },
  ),
  story('takes an id for what it is, not for a pattern or a prototype', [
    [now, '__proto__', end, true],
    [now, '__proto__', end, false],
    [now, 'constructor', end, true],
    [now, '', end, true],
    [now, '*', end, true],
    [now, 'a:b', end, true],
    [now, 'a', end, true],
  ]),
  story('refuses what has no end', [
    [now, 'a', NaN, false],
    [now, 'a', NaN, false],
  ]),
  {
    name: 'memoryReplayGuard() lets one of many concurrent uses through',
    run: async () => {
      const guard = memoryReplayGuard({ clock: () => now });
      const uses = Array.from({ length: 200 }, async () => guard.use('a', end));
      equal((await Promise.all(uses)).filter(Boolean).length, 1, 'accepted uses');
    },
  },
  {
    name: 'memoryReplayGuard() stays bounded, and quick to refuse when it is full',
    run: async () => {
      const guard = memoryReplayGuard({ clock: () => now, maxEntries: 1000 });
      let accepted = 0;
      for (let id = 0; id < 100_000; id++) if (await guard.use(`${id}`, end)) accepted++;
      equal(accepted, 1000, 'accepted ids');
    },
  },
  {
    name: 'memoryReplayGuard() refuses mistakes in its options',
    run: async () => {
      for (const maxEntries of [0, -1, NaN, 1e9, '5']) {
        const options = { maxEntries } as MemoryReplayOptions;
        throwsTypeError(() => memoryReplayGuard(options), '"maxEntries"');
      }
      const typo: object = { maxEntrys: 5 };
      throwsTypeError(() => memoryReplayGuard(typo), '"maxEntrys"');
      const clock: object = { clock: 5 };
      throwsTypeError(() => memoryReplayGuard(clock), '"clock"');
    },
  },
];
