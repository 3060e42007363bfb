// Batch: what an isolate hands to its shard, and how the shard makes a chain of it.

import { writeAuditEntry } from '../../src/audit/index.ts';
import type { Entry, Place, WriterPlace } from './audit_store.ts';
import type { Counts } from './counts.ts';
import { draftStart, type Draft } from './record.ts';

/** What an isolate decided since the batch before. Times in milliseconds since the epoch. */
export interface Batch {
  /** The isolate's random name. */
  readonly writer: string;
  /** 1, 2, 3, …; the same again is the same batch. */
  readonly batch: number;
  /** The isolate's number of the first draft; the others follow without gaps. */
  readonly first: number;
  /** The number up to which the isolate knows its records to be stored. */
  readonly stored: number;
  readonly drafts: readonly Draft[];
  readonly counts: Counts;
  /** Agents that were let through. */
  readonly agents: readonly string[];
}

/** A batch as the chain goes on. */
export interface Chained {
  readonly entries: readonly Entry[];
  readonly place: WriterPlace;
  readonly lost: number;
}

/**
 * Chains a batch onto a head. Numbers that are missing since the writer's last batch become an entry
 * of their own, which names them.
 */
export async function chainBatch(
  { writer, batch, first, stored, drafts }: Batch,
  { shard, head, known, now }: { shard: number; head: Place; known: WriterPlace; now: number },
): Promise<Chained> {
  const entries: Entry[] = [];
  let place = head;
  const add = async (draft: Draft): Promise<void> => {
    const seq = place.seq + 1;
    const chained = `"writer":"${writer}","shard":${shard},"seq":${seq},"prev":"${place.hash}"`;
    const { line, hash } = await writeAuditEntry(`{${draft},${chained}}`);
    place = { seq, hash };
    entries.push({ seq, hash, line });
  };
  const expected = Math.max(known.n, stored) + 1;
  const lost = Math.max(0, first - expected);
  if (lost > 0) await add(`${draftStart('gap', now)},"from":${expected},"to":${first - 1}`);
  let n = first;
  for (const draft of drafts) {
    if (n > known.n) await add(`${draft},"n":${n}`);
    n += 1;
  }
  return { entries, place: { batch, n: Math.max(n - 1, known.n) }, lost };
}
