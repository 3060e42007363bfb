// The rows of a ring's service keys: keys that sign one kind of thing only, and never an agent's token.

import type { PublicJwk } from '../../../src/issue/index.ts';
import type { Schema } from '../../storage/schema.ts';
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
  /** An operator says that others may have the private part. */
  readonly compromised: boolean;
}

/** A service key as operators see it. */
export interface ServiceKeyListing {
  readonly kid: string;
  readonly alg: string;
  readonly use: ServiceUse;
  /** `retired`: it signs no more. What it signed is checked with it still, unless it is compromised. */
  readonly state: 'active' | 'retired';
  /** Seconds since the epoch. */
  readonly madeAt: number;
  readonly compromised: boolean;
}

/** The statements of service keys. */
export interface ServiceKeyStore {
  /** The keys of a use that are not compromised, the newest first: the first one signs. */
  of(use: ServiceUse): readonly ServiceKey[];
  /** The keys of all uses, the compromised ones too. */
  list(): readonly ServiceKeyListing[];
  /** All keys that have a private part. */
  sealed(): readonly ServiceKey[];
  /** Takes a key in, and destroys the private parts of those before it. */
  add(use: ServiceUse, jwk: PublicJwk, sealed: Sealed, now: number): void;
  /** Takes a key out, and destroys its private part. `false` for a key that is not known. */
  compromise(kid: string): boolean;
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
/** What version 3 of a ring adds. */
export const serviceKeyCompromise: readonly string[] = [
  'ALTER TABLE service_keys ADD COLUMN compromised INTEGER NOT NULL DEFAULT 0',
];

type Row = {
  kid: string;
  use: ServiceUse;
  made_at: number;
  jwk: string;
  sealed: string | null;
  sealed_by: string | null;
  compromised: number;
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
  compromised: row.compromised === 1,
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
        .exec<Row>(`SELECT * FROM service_keys WHERE use = ? AND compromised = 0 ${order}`, use)
        .toArray()
        .map(toKey);
    },

    list() {
      if (!schema.exists()) return [];
      const rows = sql.exec<Row>('SELECT * FROM service_keys ORDER BY use, made_at DESC, kid');
      return rows
        .toArray()
        .map(toKey)
        .map(({ use, kid, jwk, sealed, madeAt, compromised }) => {
          const state = sealed === undefined ? 'retired' : 'active';
          return { kid, alg: jwk.alg, use, state, madeAt, compromised };
        });
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

    compromise(kid) {
      if (!schema.exists()) return false;
      const change = 'UPDATE service_keys SET sealed = NULL, sealed_by = NULL, compromised = 1';
      return sql.exec(`${change} WHERE kid = ? RETURNING kid`, kid).toArray().length > 0;
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
