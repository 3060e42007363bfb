// What is revoked, as of some record of the log: pure state, brought forward by pages of the feed.

import { compactSet, type CompactSet } from './compact_set.ts';
import { fingerprintOf, type Fingerprint, type TokenFingerprints } from './fingerprint.ts';
import type { FeedPage, FeedRecord } from './records.ts';

/** The state of revocation, as of record `seq`. */
export interface RevocationView {
  /** Number of the last record taken into account; 0 at the beginning. */
  readonly seq: number;
  /** Records held. */
  readonly size: number;
  /** Bytes of memory that they take. */
  readonly bytes: number;
  /** Takes a page into account. Throws an Error, and changes nothing, for one that does not follow. */
  apply(page: FeedPage): void;
  /** Tells whether a token with these fingerprints is revoked. */
  covers(token: TokenFingerprints): boolean;
}

interface Before {
  /** Tokens with `iat` up to this are covered. */
  readonly time: number;
  readonly expiresAt: number;
}

const keyOf = ({ high, low }: Fingerprint): number => high * 0x20_0000 + (low >>> 11);

interface Parsed {
  readonly record: FeedRecord;
  readonly fingerprint: Fingerprint;
}

/** Checks all records before any is taken: a page is applied whole, or not at all. */
function readRecords({ records, seq, full }: FeedPage, after: number): readonly Parsed[] {
  let last = full ? 0 : after;
  return records.map((record) => {
    const fingerprint = fingerprintOf(record.h);
    const { before } = record;
    const timed = record.kind === 'before' ? Number.isFinite(before) : before === undefined;
    const inOrder = record.seq > last && record.seq <= seq;
    if (fingerprint === undefined || !timed || !inOrder || !Number.isFinite(record.exp)) {
      throw new Error('The revocation feed has a malformed record');
    }
    last = record.seq;
    return { record, fingerprint };
  });
}

/** Makes an empty view. */
export function createRevocationView(): RevocationView {
  let seq = 0;
  let set: CompactSet = compactSet();
  let befores = new Map<number, Before>();

  function take({ record, fingerprint }: Parsed, now: number): void {
    const lifted = record.exp <= now;
    if (record.kind === 'before') {
      const key = keyOf(fingerprint);
      const known = befores.get(key);
      if (lifted) befores.delete(key);
      // An earlier time never undoes a later one.
      else if (known === undefined || known.time <= (record.before ?? 0)) {
        befores.set(key, { time: record.before ?? 0, expiresAt: record.exp });
      }
    } else if (lifted) set.remove(fingerprint);
    else set.add(fingerprint, record.exp, now);
  }

  return {
    get seq() {
      return seq;
    },
    get size() {
      return set.size + befores.size;
    },
    get bytes() {
      return set.bytes;
    },
    apply(page) {
      if (!page.full && page.seq < seq) throw new Error('The revocation feed went back');
      const parsed = readRecords(page, seq);
      if (page.full) {
        set = compactSet();
        befores = new Map();
      }
      for (const entry of parsed) take(entry, page.as_of);
      for (const [key, { expiresAt }] of befores) if (expiresAt <= page.as_of) befores.delete(key);
      seq = page.seq;
    },
    covers({ exact, before, issuedAt }) {
      if (exact.some((fingerprint) => set.has(fingerprint))) return true;
      return (
        befores.size > 0 &&
        before.some((fingerprint) => {
          const cut = befores.get(keyOf(fingerprint));
          return cut !== undefined && issuedAt <= cut.time;
        })
      );
    },
  };
}
