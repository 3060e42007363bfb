// A value kept fresh: one fetch for many, none in vain, its ceiling, and owners that are gone

import { describe, expect, test } from 'vitest';
import { createFreshValue, type FreshValue } from '../../worker/fresh_value.ts';

interface World {
  readonly value: FreshValue<{ readonly turn: number }>;
  readonly loads: () => number;
  advance(milliseconds: number): void;
  answer: (turn: number) => Promise<{ readonly turn: number }>;
}

function makeWorld(): World {
  let time = 1_000_000;
  let turns = 0;
  const world: World = {
    loads: () => turns,
    advance: (milliseconds) => {
      time += milliseconds;
    },
    answer: async (turn) => ({ turn }),
    value: createFreshValue({
      load: () => world.answer(++turns),
      now: () => time,
      waitUntil: () => undefined,
      refreshEvery: 1000,
      waitBeyond: 1500,
      patience: 20,
    }),
  };
  return world;
}

const never = (): Promise<never> => new Promise(() => undefined);

describe('createFreshValue()', () => {
  test('1,000 first questions make one fetch', async () => {
    const { value, loads } = makeWorld();
    await Promise.all(Array.from({ length: 1000 }, async () => value.get(60_000)));
    expect(loads()).toBe(1);
  });

  test('answers at once while it is fresh, and fetches at most once a second', async () => {
    const { value, loads, advance } = makeWorld();
    await value.get(60_000);
    advance(999);
    expect(value.get(60_000)).toEqual({ turn: 1 });
    expect(loads()).toBe(1);
    advance(1);
    expect(value.get(60_000)).toEqual({ turn: 1 });
    expect(value.get(60_000)).toEqual({ turn: 1 });
    await value.refresh();
    expect(loads()).toBe(2);
    expect(value.get(60_000)).toEqual({ turn: 2 });
  });

  test('while nobody answers it is used up to the ceiling, and not longer', async () => {
    const world = makeWorld();
    await world.value.get(60_000);
    world.answer = () => Promise.reject(new Error('down'));
    world.advance(5000);
    expect(await world.value.get(5000)).toEqual({ turn: 1 });
    world.advance(1);
    expect(await world.value.get(5000)).toBeUndefined();
    expect(await world.value.get(60_000)).toEqual({ turn: 1 });
  });

  test('a source that is down is asked once a second, not by everybody', async () => {
    const world = makeWorld();
    world.answer = () => Promise.reject(new Error('down'));
    await Promise.all(Array.from({ length: 100 }, async () => world.value.get(60_000)));
    await Promise.all(Array.from({ length: 100 }, async () => world.value.get(60_000)));
    expect(world.loads()).toBe(1);
  });

  test('a fetch whose owner is gone is given up by each who waits', async () => {
    const world = makeWorld();
    world.answer = never;
    const lost = world.value.get(60_000);
    world.answer = async (turn) => ({ turn });
    world.advance(20);
    expect(await world.value.get(60_000)).toEqual({ turn: 2 });
    expect(await lost).toEqual({ turn: 2 });
  });

  test('after the clock was set back it counts as too old', async () => {
    const world = makeWorld();
    await world.value.get(60_000);
    world.advance(-10_000);
    expect(await world.value.get(60_000)).toEqual({ turn: 2 });
  });

  test('invalidated, it is fetched again at once', async () => {
    const { value, loads } = makeWorld();
    await value.get(60_000);
    value.invalidate();
    expect(await value.get(60_000)).toEqual({ turn: 2 });
    expect(loads()).toBe(2);
  });
});
