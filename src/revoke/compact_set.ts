// A set of 64-bit fingerprints with an expiry each: 12 bytes an entry at a load of 0.8 to 0.9, so at most 16.

import type { Fingerprint } from './fingerprint.ts';

/** A compact set. Times in seconds since the epoch, below 2^32. */
export interface CompactSet {
  /** Adds an entry, or prolongs it. */
  add(fingerprint: Fingerprint, expiresAt: number, now: number): void;
  remove(fingerprint: Fingerprint): void;
  has(fingerprint: Fingerprint): boolean;
  /** Entries held; those that were removed or have expired count until the next growth. */
  readonly size: number;
  /** Bytes of memory that the entries take. */
  readonly bytes: number;
}

const maxLoad = 0.9;
const loadAfterGrowth = 0.8;
const minCapacity = 64;
const lastTime = 0xffff_ffff;

/**
 * A sorted array with gaps: an entry stands at its home, which grows with its hash, or behind it
 * where that is taken. A look-up ends at the first entry that is greater, so one that finds nothing
 * is as quick as one that does. An expiry of 0 marks a free slot; the last slot is always free.
 */
interface Table {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly expiry: Uint32Array;
  /** Homes: the slots beyond are room for what is pushed past the last one. */
  readonly capacity: number;
  /** Slots that are not free, removed entries included. */
  used: number;
}

// A removed entry keeps its slot until the next growth: a gap would hide what stands behind it.
const removed = 1;

const homeOf = (high: number, capacity: number): number =>
  Math.floor((high * capacity) / 0x1_0000_0000);

function makeTable(capacity: number, slots: number): Table {
  return {
    high: new Uint32Array(slots),
    low: new Uint32Array(slots),
    expiry: new Uint32Array(slots),
    capacity,
    used: 0,
  };
}

/** The slot of a fingerprint, or the one where it would go. */
function slotOf({ high, low, expiry, capacity }: Table, wanted: Fingerprint): number {
  let slot = homeOf(wanted.high, capacity);
  for (; expiry[slot] !== 0; slot++) {
    const found = high[slot] ?? 0;
    if (found > wanted.high) break;
    if (found === wanted.high && (low[slot] ?? 0) >= wanted.low) break;
  }
  return slot;
}

const holds = ({ high, low, expiry }: Table, slot: number, wanted: Fingerprint): boolean =>
  expiry[slot] !== 0 && high[slot] === wanted.high && low[slot] === wanted.low;

/** Makes room at a slot by moving its whole run up; `false` where the table has no room for that. */
function open({ high, low, expiry }: Table, slot: number): boolean {
  const free = expiry.indexOf(0, slot);
  if (free + 1 >= expiry.length) return false;
  for (const column of [high, low, expiry]) column.copyWithin(slot + 1, slot, free);
  return true;
}

function put(table: Table, slot: number, { high, low }: Fingerprint, expiresAt: number): void {
  table.high[slot] = high;
  table.low[slot] = low;
  table.expiry[slot] = expiresAt;
}

/** A new table with the entries that are still needed, and room for more. */
function regrow(old: Table, now: number): Table {
  const isLive = (expiresAt: number): boolean => expiresAt > Math.max(now, removed);
  let live = 0;
  for (const expiresAt of old.expiry) if (isLive(expiresAt)) live++;
  const capacity = Math.max(minCapacity, Math.ceil(live / loadAfterGrowth));
  // How far the entries reach is counted before the table is made: hashes may crowd
  let end = 0;
  for (const [slot, high] of old.high.entries()) {
    if (isLive(old.expiry[slot] ?? 0)) end = Math.max(end, homeOf(high, capacity)) + 1;
  }
  const table = makeTable(capacity, Math.max(capacity, end) + minCapacity + (capacity >>> 7));
  table.used = live;
  let next = 0;
  for (const [slot, high] of old.high.entries()) {
    const expiresAt = old.expiry[slot] ?? 0;
    if (!isLive(expiresAt)) continue;
    const to = Math.max(next, homeOf(high, capacity));
    put(table, to, { high, low: old.low[slot] ?? 0 }, expiresAt);
    next = to + 1;
  }
  return table;
}

/** Makes an empty set. */
export function compactSet(): CompactSet {
  let table = makeTable(minCapacity, 2 * minCapacity);

  function insert(fingerprint: Fingerprint, expiresAt: number): boolean {
    const slot = slotOf(table, fingerprint);
    if (!open(table, slot)) return false;
    put(table, slot, fingerprint, expiresAt);
    table.used++;
    return true;
  }

  return {
    add(fingerprint, expiresAt, now) {
      const until = Math.min(Math.max(Math.ceil(expiresAt), removed + 1), lastTime);
      const slot = slotOf(table, fingerprint);
      if (holds(table, slot, fingerprint)) {
        table.expiry[slot] = Math.max(until, table.expiry[slot] ?? 0);
        return;
      }
      if (table.used + 1 > table.capacity * maxLoad) table = regrow(table, now);
      while (!insert(fingerprint, until)) table = regrow(table, now);
    },
    remove(fingerprint) {
      const slot = slotOf(table, fingerprint);
      if (holds(table, slot, fingerprint)) table.expiry[slot] = removed;
    },
    has(fingerprint) {
      const slot = slotOf(table, fingerprint);
      return holds(table, slot, fingerprint) && table.expiry[slot] !== removed;
    },
    get size() {
      return table.used;
    },
    get bytes() {
      return table.high.byteLength + table.low.byteLength + table.expiry.byteLength;
    },
  };
}
