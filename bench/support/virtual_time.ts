// Virtual time: the timers of the code under simulation, run in order as fast as the machine can.

import { setImmediate as turn } from 'node:timers/promises';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only from one timer to the next. */
export interface VirtualTime {
  /** Milliseconds since the start. */
  readonly now: () => number;
  /** Resolves when that much time has passed. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Runs all timers up to a moment. */
  readonly runUntil: (end: number) => Promise<void>;
  /** Gives the runtime its own timers back. */
  readonly restore: () => void;
}

/** Puts virtual timers in place of the runtime's. What waits for real I/O does not belong here. */
export function virtualTime(): VirtualTime {
  const heap: Timer[] = [];
  const dropped = new Set<number>();
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  let time = 0;
  let orders = 0;

  const before = (a: Timer, b: Timer): boolean =>
    a.at < b.at || (a.at === b.at && a.order < b.order);

  function push(timer: Timer): void {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(timer, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  function pop(): Timer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && before(right, left)) child++;
      const lower = heap[child];
      if (lower === undefined || !before(lower, last)) break;
      heap[at] = lower;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  function set(fire: () => void, milliseconds = 0): number {
    const order = ++orders;
    push({ at: time + Math.max(0, milliseconds), order, fire });
    return order;
  }

  Object.assign(globalThis, {
    setTimeout: set,
    clearTimeout: (order: number | undefined) => {
      if (order !== undefined) dropped.add(order);
    },
  });

  return {
    now: () => time,
    wait: (milliseconds) => new Promise((resolve) => set(resolve, milliseconds)),
    async runUntil(end) {
      for (let next = heap[0]; next !== undefined && next.at <= end; next = heap[0]) {
        pop();
        if (dropped.delete(next.order)) continue;
        time = next.at;
        next.fire();
        // Everything that it set off without waiting happens at the same moment
        await turn();
      }
      time = end;
    },
    restore: () => Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear }),
  };
}

/** A reproducible source of numbers from 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
