// The rows of a ring's service keys: keys that sign one kind of thing only, and never an agent's token.

import type { PublicJwk } from '../../src/issue/index.ts';
import type { Schema } from '../storage/schema.ts';
import type { Sealed } from './key_sealing.ts';

/** What a service key signs. */
export type ServiceUse = 'audit' | 'txn';

/** A service key. */
export interface ServiceKey {
  readonly use: ServiceUse;
  readonly kid: string;
  /** Seconds since the epoch. */
  readonly madeAt: number;
  readonly jwk: PublicJwk;
  /** The private part; `undefined` once there is a successor. */
  readonly sealed: Sealed | undefined;
}

/** The statements of service keys. */
export interface ServiceKeyStore {
  /** All keys of a use, the newest first: the first one signs. */
  of(use: ServiceUse): readonly ServiceKey[];
  /** All keys that have a private part. */
  sealed(): readonly ServiceKey[];
  /** Takes a key in, and destroys the private parts of those before it. */
  add(use: ServiceUse, jwk: PublicJwk, sealed: Sealed, now: number): void;
  /** Replaces a sealed text, unless it was replaced or destroyed meanwhile. */
  reseal(before: Sealed, after: Sealed): void;
}

export const serviceKeySchema: readonly string[] = [
  `CREATE TABLE service_keys (
    kid TEXT PRIMARY KEY,
    use TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    jwk TEXT NOT NULL,
    sealed TEXT,
    sealed_by TEXT
  )`,
  'CREATE UNIQUE INDEX one_service_signer ON service_keys (use) WHERE sealed IS NOT NULL',
];

type Row = {
  kid: string;
  use: ServiceUse;
  made_at: number;
  jwk: string;
  sealed: string | null;
  sealed_by: string | null;
};

const toKey = (row: Row): ServiceKey => ({
  use: row.use,
  kid: row.kid,
  madeAt: row.made_at,
  // Written by this store alone
  jwk: JSON.parse(row.jwk) as PublicJwk,
  sealed:
    row.sealed === null || row.sealed_by === null
      ? undefined
      : { text: row.sealed, by: row.sealed_by },
});

/** Makes the store of one ring. */
export function createServiceKeyStore(
  storage: DurableObjectStorage,
  schema: Schema,
): ServiceKeyStore {
  const { sql } = storage;
  return {
    of(use) {
      if (!schema.exists()) return [];
      const order = 'ORDER BY sealed IS NULL, made_at DESC, kid';
      return sql
        .exec<Row>(`SELECT * FROM service_keys WHERE use = ? ${order}`, use)
        .toArray()
        .map(toKey);
    },

    sealed() {
      if (!schema.exists()) return [];
      const rows = sql.exec<Row>('SELECT * FROM service_keys WHERE sealed IS NOT NULL');
      return rows.toArray().map(toKey);
    },

    add(use, jwk, sealed, now) {
      schema.ensure();
      storage.transactionSync(() => {
        sql.exec('UPDATE service_keys SET sealed = NULL, sealed_by = NULL WHERE use = ?', use);
        sql.exec(
          `INSERT INTO service_keys (kid, use, made_at, jwk, sealed, sealed_by)
           VALUES (?, ?, ?, ?, ?, ?)`,
          jwk.kid,
          use,
          now,
          JSON.stringify(jwk),
          sealed.text,
          sealed.by,
        );
      });
    },

    reseal(before, after) {
      if (!schema.exists()) return;
      sql.exec(
        'UPDATE service_keys SET sealed = ?, sealed_by = ? WHERE sealed = ?',
        after.text,
        after.by,
        before.text,
      );
    },
  };
}
