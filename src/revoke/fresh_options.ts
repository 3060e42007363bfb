// The options of a fresh view: how old it may be, how often it is refreshed, who waits how long.

import { checkOptionNames, numberOption } from '../errors/caller.ts';
import type { FeedPage } from './records.ts';

/** How fresh a view is kept. All times in milliseconds. */
export interface Freshness {
  /** A refresh is sent no sooner than this after the last one. */
  readonly refreshEvery: number;
  /** Who finds the view older than this waits for a refresh. */
  readonly waitBeyond: number;
  /** The longest wait; afterwards a view up to `ceiling` is used. */
  readonly patience: number;
  /** A view older than this refuses everybody. */
  readonly ceiling: number;
}

/** What a fresh view needs. */
export interface FreshViewOptions extends Freshness {
  /**
   * Asks for the records after a number. The signal tells it when nobody waits for it any more;
   * an answer that comes later is dropped.
   */
  readonly load: (after: number, signal: AbortSignal) => Promise<FeedPage>;
  /** A clock that is never set back, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
  /** Keeps a refresh alive beyond the request that began it. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

const optionNames = [
  'refreshEvery',
  'waitBeyond',
  'patience',
  'ceiling',
  'load',
  'now',
  'waitUntil',
];

/** Refuses mistakes in the options, by name. */
export function checkFreshOptions(options: FreshViewOptions): void {
  checkOptionNames('createFreshView', options, optionNames);
  const range = { min: 1, max: 3_600_000, fallback: Number.NaN };
  for (const name of ['refreshEvery', 'waitBeyond', 'patience', 'ceiling'] as const) {
    if (Number.isNaN(numberOption(name, options[name], range))) {
      throw new TypeError(`"${name}" is required`);
    }
  }
  if (typeof options.load !== 'function') throw new TypeError('"load" must be a function');
}
