// The rows of an issuer's status lists: how far each is given out, its bits, who holds indices, how far the log is read.

import type { Schema } from '../../storage/schema.ts';
import type { Lease, StatusIndex } from './status_lease_store.ts';
import { listSize, makeListSecret, type Permutation } from './status_permutation.ts';

/** The list that indices come from now. */
export interface CurrentList {
  readonly list: number;
  readonly secret: Uint8Array;
}

/** The bits of a list, least significant first, and a number that grows with each change. */
export interface ListBits {
  readonly version: number;
  readonly bits: Uint8Array;
}

/** The statements of status lists. Times are seconds since the epoch, and always passed in. */
export interface StatusStore {
  /** Whose log is followed; `undefined` before the first lease. */
  issuer(): string | undefined;
  current(issuer: string): CurrentList;
  /** Gives out indices of a list, never the same again; `undefined` when it is not the current one. */
  lease(list: number, holder: string, permute: Permutation, now: number): Lease | undefined;
  set(indices: readonly StatusIndex[]): void;
  bits(list: number): ListBits | undefined;
  lists(): readonly number[];
  cursor(): Cursor;
  advance(cursor: Cursor): void;
  /** Agents with live indices after one of them, in order. */
  holders(after: string, limit: number, now: number): readonly string[];
  purge(now: number): void;
}

/** Every holder was asked about the records up to `seq`, those up to `holder` about the next one too. */
export interface Cursor {
  readonly seq: number;
  readonly holder: string;
}

const leaseSize = 64;
/** How long a leased index may wait for its token, and how long a token may live after that. */
const leaseSeconds = 3600;
const tokenSeconds = 3600 + 120;
const pageBits = 32_768;
const pageBytes = pageBits / 8;

export const statusSchema: readonly string[] = [
  `CREATE TABLE lists (
    list INTEGER PRIMARY KEY,
    secret BLOB NOT NULL,
    given INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    last_exp INTEGER NOT NULL DEFAULT 0
  )`,
  'CREATE TABLE pages (list INTEGER, page INTEGER, bits BLOB NOT NULL, PRIMARY KEY (list, page)) WITHOUT ROWID',
  'CREATE TABLE holders (holder TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID',
  'CREATE TABLE followed (issuer TEXT NOT NULL, seq INTEGER NOT NULL, holder TEXT NOT NULL)',
];

/** Makes the store of an issuer's lists. */
export function createStatusStore(sql: SqlStorage, schema: Schema): StatusStore {
  const page = (list: number, number: number): Uint8Array => {
    const [found] = sql
      .exec<{ bits: ArrayBuffer }>(
        'SELECT bits FROM pages WHERE list = ? AND page = ?',
        list,
        number,
      )
      .toArray();
    return found === undefined ? new Uint8Array(pageBytes) : new Uint8Array(found.bits);
  };

  /** The last list, as long as it has room for a lease. */
  function open(): CurrentList | undefined {
    const [found] = sql
      .exec<{ list: number; secret: ArrayBuffer; given: number }>(
        'SELECT list, secret, given FROM lists ORDER BY list DESC LIMIT 1',
      )
      .toArray();
    if (found === undefined || found.given + leaseSize > listSize) return undefined;
    return { list: found.list, secret: new Uint8Array(found.secret) };
  }

  return {
    issuer() {
      if (!schema.exists()) return undefined;
      return sql.exec<{ issuer: string }>('SELECT issuer FROM followed').toArray()[0]?.issuer;
    },

    current(issuer) {
      const isNew = !schema.exists();
      schema.ensure();
      if (isNew) sql.exec("INSERT INTO followed VALUES (?, 0, '')", issuer);
      const found = open();
      if (found !== undefined) return found;
      const secret = makeListSecret();
      const { list } = sql
        .exec<{ list: number }>(
          // The number of a list that is gone is not given again: its addresses may still be known
          `INSERT INTO lists (list, secret)
           VALUES ((SELECT coalesce(max(list), 0) + 1 FROM lists), ?) RETURNING list`,
          secret.buffer,
        )
        .one();
      return { list, secret };
    },

    lease(list, holder, permute, now) {
      if (open()?.list !== list) return undefined;
      const until = now + leaseSeconds;
      const lastExp = until + tokenSeconds;
      const { given } = sql
        .exec<{ given: number }>(
          'UPDATE lists SET given = given + ?, last_exp = max(last_exp, ?) WHERE list = ? RETURNING given',
          leaseSize,
          lastExp,
          list,
        )
        .one();
      sql.exec(
        `INSERT INTO holders VALUES (?, ?)
         ON CONFLICT (holder) DO UPDATE SET until = max(until, excluded.until)`,
        holder,
        lastExp,
      );
      const first = given - leaseSize;
      const indices = Array.from({ length: leaseSize }, (_, at) => permute(first + at));
      return { list, indices, until };
    },

    set(indices) {
      for (const { list, idx } of indices) {
        const number = Math.floor(idx / pageBits);
        const bits = page(list, number);
        const at = (idx % pageBits) >> 3;
        const bit = 1 << (idx & 7);
        if (((bits[at] ?? 0) & bit) !== 0) continue;
        bits[at] = (bits[at] ?? 0) | bit;
        sql.exec('INSERT OR REPLACE INTO pages VALUES (?, ?, ?)', list, number, bits.buffer);
        sql.exec('UPDATE lists SET version = version + 1 WHERE list = ?', list);
      }
    },

    bits(list) {
      if (!schema.exists()) return undefined;
      const [found] = sql
        .exec<{ version: number }>('SELECT version FROM lists WHERE list = ?', list)
        .toArray();
      if (found === undefined) return undefined;
      const bits = new Uint8Array(listSize / 8);
      const pages = sql.exec<{ page: number; bits: ArrayBuffer }>(
        'SELECT page, bits FROM pages WHERE list = ?',
        list,
      );
      for (const row of pages) bits.set(new Uint8Array(row.bits), row.page * pageBytes);
      return { version: found.version, bits };
    },

    lists: () =>
      schema.exists()
        ? sql
            .exec<{ list: number }>('SELECT list FROM lists ORDER BY list')
            .toArray()
            .map(({ list }) => list)
        : [],

    cursor: () =>
      sql.exec<{ seq: number; holder: string }>('SELECT seq, holder FROM followed').one(),

    advance({ seq, holder }) {
      sql.exec('UPDATE followed SET seq = ?, holder = ?', seq, holder);
    },

    holders: (after, limit, now) =>
      sql
        .exec<{ holder: string }>(
          'SELECT holder FROM holders WHERE holder > ? AND until > ? ORDER BY holder LIMIT ?',
          after,
          now,
          limit,
        )
        .toArray()
        .map(({ holder }) => holder),

    purge(now) {
      if (!schema.exists()) return;
      sql.exec('DELETE FROM holders WHERE until <= ?', now);
      // The last list stays: its number is where the next one begins
      const over =
        'SELECT list FROM lists WHERE last_exp <= ? AND list < (SELECT max(list) FROM lists)';
      sql.exec(`DELETE FROM pages WHERE list IN (${over})`, now);
      sql.exec(
        'DELETE FROM lists WHERE last_exp <= ? AND list < (SELECT max(list) FROM lists)',
        now,
      );
    },
  };
}
