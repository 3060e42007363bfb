// The status indices of one agent: those that it has leased, and those of its tokens until they expire.

import type { Schema } from '../../storage/schema.ts';
import { isCovered, type StatusIdentity, type StatusRecord } from './status_match.ts';

/** One place in the lists. */
export type StatusIndex = { readonly list: number; readonly idx: number };

/** Indices that nobody else will ever get. What is not used by `until` must not be used at all. */
export interface Lease {
  readonly list: number;
  readonly indices: readonly number[];
  /** Seconds since the epoch. */
  readonly until: number;
}

/** A token that gets an index. */
export interface ListedToken {
  /** Its own identity first, then its ancestors'. */
  readonly identities: readonly StatusIdentity[];
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** The statements of an agent's indices. Times are seconds since the epoch, and always passed in. */
export interface StatusLeaseStore {
  hasFree(now: number): boolean;
  add(lease: Lease): void;
  /** Gives a token the next free index, which is free no more; `undefined`: there is none. */
  take(token: ListedToken, now: number): StatusIndex | undefined;
  /** The indices of the live tokens that a record covers. */
  covered(record: StatusRecord, now: number): readonly StatusIndex[];
  purge(now: number): void;
  nextExpiry(): number | undefined;
}

// Verifiers tolerate some difference of clocks: until then somebody may still ask
const slack = 120;

export const statusLeaseSchema: readonly string[] = [
  `CREATE TABLE status_free (
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (list, idx)
  ) WITHOUT ROWID`,
  `CREATE TABLE status_tokens (
    list INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    identities TEXT NOT NULL,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (list, idx)
  ) WITHOUT ROWID`,
  'CREATE INDEX status_tokens_end ON status_tokens (keep_until)',
];

type TokenRow = { list: number; idx: number; identities: string };

/** Makes the store of an agent's indices. */
export function createStatusLeaseStore(sql: SqlStorage, schema: Schema): StatusLeaseStore {
  const free = (now: number): StatusIndex | undefined =>
    schema.exists()
      ? sql
          .exec<StatusIndex>('SELECT list, idx FROM status_free WHERE until > ? LIMIT 1', now)
          .toArray()[0]
      : undefined;

  return {
    hasFree: (now) => free(now) !== undefined,

    add({ list, indices, until }) {
      schema.ensure();
      for (const idx of indices)
        sql.exec('INSERT INTO status_free VALUES (?, ?, ?)', list, idx, until);
    },

    take({ identities, expiresAt }, now) {
      const index = free(now);
      if (index === undefined) return undefined;
      const { list, idx } = index;
      sql.exec('DELETE FROM status_free WHERE list = ? AND idx = ?', list, idx);
      sql.exec(
        'INSERT INTO status_tokens VALUES (?, ?, ?, ?)',
        list,
        idx,
        JSON.stringify(identities),
        Math.ceil(expiresAt) + slack,
      );
      return index;
    },

    covered(record, now) {
      if (!schema.exists()) return [];
      return sql
        .exec<TokenRow>('SELECT list, idx, identities FROM status_tokens WHERE keep_until > ?', now)
        .toArray()
        .filter(({ identities }) => isCovered(JSON.parse(identities) as StatusIdentity[], record))
        .map(({ list, idx }) => ({ list, idx }));
    },

    purge(now) {
      if (!schema.exists()) return;
      sql.exec('DELETE FROM status_free WHERE until <= ?', now);
      sql.exec('DELETE FROM status_tokens WHERE keep_until <= ?', now);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { unused, used } = sql
        .exec<{ unused: number | null; used: number | null }>(
          `SELECT (SELECT min(until) FROM status_free) AS unused,
             (SELECT min(keep_until) FROM status_tokens) AS used`,
        )
        .one();
      const ends = [unused, used].filter((end) => end !== null);
      return ends.length === 0 ? undefined : Math.min(...ends);
    },
  };
}
