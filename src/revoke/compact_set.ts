// A set of 64-bit fingerprints with an expiry each: 12 bytes an entry at a load of 0.8 to 0.9, so at most 15.

import type { Fingerprint } from './fingerprint.ts';

/** A compact set. Times in seconds since the epoch, below 2^32. */
export interface CompactSet {
  /** Adds an entry, or changes its expiry. */
  add(fingerprint: Fingerprint, expiresAt: number, now: number): void;
  remove(fingerprint: Fingerprint): void;
  has(fingerprint: Fingerprint): boolean;
  /** Entries held, some of which may have expired. */
  readonly size: number;
  /** Bytes of memory that the entries take. */
  readonly bytes: number;
}

const maxLoad = 0.9;
const loadAfterGrowth = 0.8;
const minCapacity = 64;

/** Open addressing with linear probing: `high` picks the slot, an expiry of 0 marks a free one. */
interface Table {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly expiry: Uint32Array;
  /** Slots that are not free, removed entries included. */
  used: number;
}

// A removed entry keeps its slot until the next growth, so that probing goes on past it.
const removed = 1;

const makeTable = (capacity: number): Table => ({
  high: new Uint32Array(capacity),
  low: new Uint32Array(capacity),
  expiry: new Uint32Array(capacity),
  used: 0,
});

/** The slot of a fingerprint, or the free one where it would go. */
function slotOf({ high, low, expiry }: Table, wanted: Fingerprint): number {
  const capacity = high.length;
  let slot = wanted.high % capacity;
  while (expiry[slot] !== 0 && !(high[slot] === wanted.high && low[slot] === wanted.low)) {
    slot = slot + 1 === capacity ? 0 : slot + 1;
  }
  return slot;
}

function put(table: Table, fingerprint: Fingerprint, expiresAt: number): void {
  const slot = slotOf(table, fingerprint);
  if (table.expiry[slot] === 0) table.used++;
  table.high[slot] = fingerprint.high;
  table.low[slot] = fingerprint.low;
  table.expiry[slot] = expiresAt;
}

/** A new table with the entries that are still needed, and room for more. */
function regrow(old: Table, now: number): Table {
  const live: number[] = [];
  for (const [slot, expiresAt] of old.expiry.entries()) {
    if (expiresAt > Math.max(now, removed)) live.push(slot);
  }
  const table = makeTable(Math.max(minCapacity, Math.ceil(live.length / loadAfterGrowth)));
  for (const slot of live) {
    const [high = 0, low = 0, expiresAt = 0] = [old.high[slot], old.low[slot], old.expiry[slot]];
    put(table, { high, low }, expiresAt);
  }
  return table;
}

/** Makes an empty set. */
export function compactSet(): CompactSet {
  let table = makeTable(minCapacity);
  return {
    add(fingerprint, expiresAt, now) {
      if (table.used + 1 > table.high.length * maxLoad) table = regrow(table, now);
      put(table, fingerprint, Math.min(Math.max(Math.ceil(expiresAt), removed + 1), 0xffff_ffff));
    },
    remove(fingerprint) {
      const slot = slotOf(table, fingerprint);
      if (table.expiry[slot] !== 0) table.expiry[slot] = removed;
    },
    has(fingerprint) {
      return (table.expiry[slotOf(table, fingerprint)] ?? 0) > removed;
    },
    get size() {
      return table.used;
    },
    get bytes() {
      return table.high.byteLength + table.low.byteLength + table.expiry.byteLength;
    },
  };
}
