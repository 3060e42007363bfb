// One shard of the log while it is read: what came, what is awaited, what is missing.

import { genesis, hashOfEntry, type EntryLine } from './line.ts';
import type { AuditShard, Find } from './report.ts';
import type { Checkpoint, ListedShard } from './statement.ts';

/** The chain of one shard. */
export interface ShardChain {
  readonly state: AuditShard;
  /** Takes the line that says what the log begins after. */
  start(seq: number, hash: string): void;
  /** Takes an entry. */
  entry(entry: EntryLine, line: string): Promise<void>;
  /** Takes a signed checkpoint, or the row of a manifest. */
  seal(stated: Checkpoint, fault: 'checkpoint_mismatch' | 'manifest_mismatch'): void;
  /** Lets hashes go that no later statement can name. */
  forget(upTo: number): void;
  /** Says what never came. `listed` is the row of the newest manifest. */
  end(listed: ListedShard | undefined): void;
}

/** Hashes that are held for statements to come: those of a minute, unless there are no manifests at all. */
const maxHeld = 2_000_000;

type Range = { from: number; to: number };

/** Makes the chain of a shard. In a `partial` log it may begin anywhere. */
export function createShardChain(shard: number, partial: boolean, find: Find): ShardChain {
  let begun: Checkpoint | undefined;
  let last = { seq: 0, hash: genesis };
  let sealed = 0;
  const held = new Map<number, string>();
  const awaited = new Map<number, string>();
  let missing: Range[] = [];
  let isHeadless = false;

  function begin(seq: number, hash: string): void {
    begun = { shard, seq, hash };
    last = { seq, hash };
    sealed = seq;
    held.set(seq, hash);
  }

  /** Whether a number was missed before; it is not any more. */
  function isLate(seq: number): boolean {
    const at = missing.findIndex(({ from, to }) => from <= seq && seq <= to);
    const range = missing[at];
    if (range === undefined) return false;
    const rest = [
      { from: range.from, to: seq - 1 },
      { from: seq + 1, to: range.to },
    ].filter(({ from, to }) => from <= to);
    missing.splice(at, 1, ...rest);
    return true;
  }

  function hold(seq: number, hash: string): void {
    held.set(seq, hash);
    const [oldest] = held.size > maxHeld ? held.keys() : [];
    if (oldest !== undefined) held.delete(oldest);
    const stated = awaited.get(seq);
    if (stated === undefined) return;
    awaited.delete(seq);
    if (stated === hash) sealed = Math.max(sealed, seq);
    else find('checkpoint_mismatch', { shard, seq: Math.min(sealed + 1, seq), to: seq });
  }

  return {
    get state() {
      return { shard, start: begun?.seq ?? 0, seq: last.seq, sealed };
    },

    start(seq, hash) {
      if (begun !== undefined) find('record_order', { shard, seq });
      else begin(seq, hash);
    },

    async entry({ seq, prev, hash }, line) {
      if (begun === undefined) {
        isHeadless = !partial && (seq !== 1 || prev !== genesis);
        if (isHeadless) {
          find('head_missing', { shard, seq: 1, to: Math.max(1, seq - 1) });
        }
        begin(seq - 1, prev);
      }
      if ((await hashOfEntry(line)) !== hash) find('record_changed', { shard, seq });
      if (seq <= last.seq) {
        if (!isLate(seq)) return find('record_repeated', { shard, seq });
        find('record_order', { shard, seq });
        return hold(seq, hash);
      }
      if (seq > last.seq + 1) missing.push({ from: last.seq + 1, to: seq - 1 });
      else if (prev !== last.hash) find('chain_broken', { shard, seq });
      last = { seq, hash };
      hold(seq, hash);
    },

    seal({ seq, hash }, fault) {
      // A partial log knows of a shard that rests only what the first manifest says
      if (begun === undefined && partial) return begin(seq, hash);
      const known = held.get(seq);
      if (known === undefined) {
        if (seq > last.seq || missing.some(({ from, to }) => from <= seq && seq <= to)) {
          awaited.set(seq, hash);
        }
        return;
      }
      if (known === hash) sealed = Math.max(sealed, seq);
      else find(fault, { shard, seq: Math.min(sealed + 1, seq), to: seq });
    },

    forget(upTo) {
      for (const seq of held.keys()) {
        if (seq >= upTo) break;
        held.delete(seq);
      }
    },

    end(listed) {
      for (const { from, to } of missing) find('record_missing', { shard, seq: from, to });
      missing = [];
      const furthest = Math.max(0, ...awaited.keys());
      if (begun === undefined && furthest > 0) return find('shard_missing', { shard });
      if (furthest > last.seq) find('tail_missing', { shard, seq: last.seq + 1, to: furthest });
      if (listed === undefined || begun === undefined || partial || isHeadless) return;
      if (begun.seq > listed.start) {
        find('head_missing', { shard, seq: listed.start + 1, to: begun.seq });
      } else if (begun.seq === listed.start && begun.hash !== listed.startHash) {
        find('chain_broken', { shard, seq: begun.seq });
      }
    },
  };
}
