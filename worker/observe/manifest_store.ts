// The rows of the manifests: one a minute, each with all shards' heads and the hash of the one before.

import type { Schema } from '../storage/schema.ts';
import type { Place } from './audit_store.ts';

/** A shard as a manifest lists it. */
export interface ListedShard extends Place {
  readonly shard: number;
  readonly start: Place;
}

/** A manifest as it is stored. */
export interface StoredManifest extends Place {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly prev: string;
  /** The oldest manifest that is kept from this one on. */
  readonly from: number;
  readonly line: string;
  readonly shards: readonly ListedShard[];
}

/** The statements of the manifests. */
export interface ManifestStore {
  newest(): StoredManifest | undefined;
  /** The oldest one that the newest one says is kept. */
  oldest(): StoredManifest | undefined;
  after(seq: number, limit: number): readonly StoredManifest[];
  /** The oldest one that is younger than a time. */
  since(at: number): number | undefined;
  /** Adds a manifest, and removes those that it says are not kept. */
  add(manifest: StoredManifest): void;
}

export const manifestSchema: readonly string[] = [
  `CREATE TABLE manifests (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    oldest INTEGER NOT NULL,
    line TEXT NOT NULL,
    shards TEXT NOT NULL
  )`,
  'CREATE INDEX manifests_at ON manifests (at)',
];

type Row = {
  seq: number;
  at: number;
  prev: string;
  hash: string;
  oldest: number;
  line: string;
  shards: string;
};

const toManifest = ({ oldest, shards, ...row }: Row): StoredManifest => ({
  ...row,
  from: oldest,
  // Written by this store alone
  shards: JSON.parse(shards) as ListedShard[],
});

/** Makes the store of the manifests. */
export function createManifestStore(storage: DurableObjectStorage, schema: Schema): ManifestStore {
  const { sql } = storage;
  const some = (query: string, ...values: number[]): readonly StoredManifest[] =>
    schema.exists()
      ? sql
          .exec<Row>(query, ...values)
          .toArray()
          .map(toManifest)
      : [];
  const newest = (): StoredManifest | undefined =>
    some('SELECT * FROM manifests ORDER BY seq DESC LIMIT 1')[0];

  return {
    newest,
    oldest: () => some('SELECT * FROM manifests WHERE seq = ?', newest()?.from ?? 0)[0],
    after: (seq, limit) =>
      some('SELECT * FROM manifests WHERE seq > ? ORDER BY seq LIMIT ?', seq, limit),
    since: (at) =>
      some('SELECT * FROM manifests WHERE at >= ? ORDER BY at, seq LIMIT 1', at)[0]?.seq,

    add({ seq, at, prev, hash, from, line, shards }) {
      schema.ensure();
      storage.transactionSync(() => {
        const row = [seq, at, prev, hash, from, line, JSON.stringify(shards)];
        sql.exec('INSERT INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?)', ...row);
        sql.exec('DELETE FROM manifests WHERE seq < ?', from);
      });
    },
  };
}
