// What is revoked, as of some record of the log: pure state, brought forward by pages of the feed.

import { compactSet } from './compact_set.ts';
import { fingerprintOf, type Fingerprint, type TokenFingerprints } from './fingerprint.ts';
import { untilLifted, type FeedPage, type FeedRecord } from './records.ts';
import { createScatter } from './scatter.ts';

/** The state of revocation, as of record `seq`. */
export interface RevocationView {
  /** Number of the last record taken into account; 0 at the beginning. */
  readonly seq: number;
  /** Records held. */
  readonly size: number;
  /** Bytes of memory that they take; `before` records, which are few, are not counted. */
  readonly bytes: number;
  /**
   * Takes a page into account, which was asked for as what follows `after`. Records that are known
   * already are passed over.
   *
   * Throws an Error, and changes nothing, for a page that is malformed, goes back, or leaves a gap.
   */
  apply(page: FeedPage, after: number): void;
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

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Checks all records before any is taken: a page is applied whole, or not at all. */
function readRecords({ records, seq, as_of }: FeedPage): readonly Parsed[] {
  // In milliseconds, `as_of` would end every record
  if (!isCount(seq) || !(as_of >= 0 && as_of < untilLifted)) {
    throw new Error('The revocation feed has a malformed page');
  }
  let last = 0;
  return records.map((record) => {
    const fingerprint = fingerprintOf(record.h);
    const { before } = record;
    const timed = record.kind === 'before' ? Number.isFinite(before) : before === undefined;
    const inOrder = isCount(record.seq) && record.seq > last && record.seq <= seq;
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
  let issuer: string | undefined;
  const set = compactSet();
  const scatter = createScatter();
  const befores = new Map<number, Before>();

  function takeBefore({ record, fingerprint }: Parsed): void {
    const key = keyOf(fingerprint);
    const known = befores.get(key);
    // Neither an earlier time nor an earlier end undoes a later one
    befores.set(key, {
      time: Math.max(record.before ?? 0, known?.time ?? 0),
      expiresAt: Math.max(record.exp, known?.expiresAt ?? 0),
    });
  }

  function take(entry: Parsed, now: number): void {
    const { record, fingerprint } = entry;
    const lifted = record.exp <= now;
    if (record.kind === 'before') {
      if (lifted) befores.delete(keyOf(fingerprint));
      else takeBefore(entry);
    } else if (lifted) set.remove(scatter(fingerprint));
    else set.add(scatter(fingerprint), record.exp, now);
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
    apply(page, after) {
      if (after > seq) throw new Error('The revocation feed leaves a gap');
      if (page.seq < seq) throw new Error('The revocation feed went back');
      if (issuer !== undefined && page.issuer !== issuer) {
        throw new Error('The revocation feed is of another issuer');
      }
      const parsed = readRecords(page);
      for (const entry of parsed) if (entry.record.seq > seq) take(entry, page.as_of);
      for (const [key, { expiresAt }] of befores) if (expiresAt <= page.as_of) befores.delete(key);
      seq = page.seq;
      ({ issuer } = page);
    },
    covers({ exact, before, issuedAt }) {
      if (set.size > 0 && exact.some((fingerprint) => set.has(scatter(fingerprint)))) return true;
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
