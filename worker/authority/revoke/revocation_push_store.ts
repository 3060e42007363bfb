// Who is told of a log's records as they come, up to which each has heard, and what the log says right now.

import type { RevocationKind } from '../../../src/verify/index.ts';
import type { Schema } from '../../storage/schema.ts';

/** A name of a token as the log knows it, and when the token was issued (seconds since the epoch). */
export interface NamedHash {
  readonly kind: RevocationKind;
  readonly hash: string;
  readonly issuedAt: number;
}

/** What of a record says which sockets it ends. */
export type PushedRecord = {
  readonly seq: number;
  readonly kind: RevocationKind;
  readonly issuer: string;
  readonly value: string;
  readonly before: number | null;
};

/** A shard that is told. */
export type Follower = {
  readonly shard: string;
  /** Grows each time the shard asks to be told: what it said before counts no more. */
  readonly generation: number;
  /** It has heard of every record up to this one. */
  readonly acked: number;
};

/** The statements of the pushing side of a log. */
export interface RevocationPushStore {
  /** Tells a shard of everything that is recorded from now on. */
  follow(shard: string, generation: number): void;
  /** Ends it, unless the shard has asked again since. */
  unfollow(shard: string, generation: number): void;
  /** Those who have not heard of the last record. */
  behind(): readonly Follower[];
  /** Revocations after a number, without those that lift one. */
  records(after: number, limit: number): readonly PushedRecord[];
  head(): number;
  ack(shard: string, seq: number): void;
  /** Whether one of the names is revoked now. */
  covers(names: readonly NamedHash[], now: number): boolean;
}

/** Of version 2 of the log. */
export const pushSchema: readonly string[] = [
  'CREATE TABLE followers (shard TEXT PRIMARY KEY, generation INTEGER NOT NULL, acked INTEGER NOT NULL)',
];

/** Makes the pushing side of a log. */
export function createRevocationPushStore(sql: SqlStorage, schema: Schema): RevocationPushStore {
  const head = (): number => sql.exec<{ seq: number }>('SELECT seq FROM head').one().seq;

  return {
    follow(shard, generation) {
      schema.ensure();
      // One that follows already may not have heard of everything yet
      sql.exec(
        `INSERT INTO followers (shard, generation, acked) VALUES (?, ?, ?)
         ON CONFLICT (shard) DO UPDATE SET generation = max(generation, excluded.generation)`,
        shard,
        generation,
        head(),
      );
    },

    unfollow(shard, generation) {
      if (!schema.exists()) return;
      sql.exec('DELETE FROM followers WHERE shard = ? AND generation <= ?', shard, generation);
    },

    behind() {
      if (!schema.exists()) return [];
      return sql.exec<Follower>('SELECT * FROM followers WHERE acked < ?', head()).toArray();
    },

    records(after, limit) {
      return sql
        .exec<PushedRecord>(
          `SELECT seq, kind, issuer, value, before FROM records
           WHERE seq > ? AND exp > recorded_at ORDER BY seq LIMIT ?`,
          after,
          limit,
        )
        .toArray();
    },

    head,

    ack(shard, seq) {
      sql.exec('UPDATE followers SET acked = max(acked, ?) WHERE shard = ?', seq, shard);
    },

    covers(names, now) {
      if (!schema.exists()) return false;
      return names.some(({ kind, hash, issuedAt }) => {
        const found = sql
          .exec<{ before: number | null }>(
            'SELECT before FROM records WHERE hash = ? AND kind = ? AND current = 1 AND exp > ?',
            hash,
            kind,
            now,
          )
          .toArray()[0];
        if (found === undefined) return false;
        return kind !== 'before' || (found.before !== null && issuedAt <= found.before);
      });
    },
  };
}
