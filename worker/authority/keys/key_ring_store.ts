// The rows of a key ring: keys with their states, sealed private parts, and the secrets of nonces.

import {
  planRotation,
  type KeyState,
  type PublicJwk,
  type RotationPlan,
  type RotationPolicy,
} from '../../../src/issue/index.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Sealed } from './key_sealing.ts';

/** A key of the ring. Times in seconds since the epoch. */
export interface RingKey {
  readonly kid: string;
  readonly state: KeyState;
  readonly since: number;
  readonly madeAt: number;
  readonly compromised: boolean;
  readonly jwk: PublicJwk;
  /** The private part; `undefined` from retirement on. */
  readonly sealed: Sealed | undefined;
}

/** A key that was made and is not in the ring yet. */
export interface MadeKey {
  readonly jwk: PublicJwk;
  readonly sealed: Sealed;
}

/** A secret under which nonces are made; the newest makes them, all check them. */
export interface NonceSecret {
  readonly name: string;
  readonly madeAt: number;
  readonly sealed: Sealed;
}

/** The statements of a ring. `now` is in seconds since the epoch, and always passed in. */
export interface KeyRingStore {
  /** Grows with every change; 0 while there is nothing. */
  version(): number;
  /** When the plan has to be looked at again; 0 when it never was. */
  wakeAt(): number;
  keys(): readonly RingKey[];
  nonceSecrets(): readonly NonceSecret[];
  plan(policy: RotationPolicy, now: number): RotationPlan;
  /**
   * Plans and takes all steps, with `made` for the keys that are to be made, in one transaction;
   * `false`, and nothing is changed, when those are too few.
   */
  rotate(policy: RotationPolicy, made: readonly MadeKey[], now: number): boolean;
  /** The successor signs as soon as it was published long enough. */
  requestRotation(): void;
  /** Takes a key out at once, and its private part away; `false` for one that is not known. */
  compromise(kid: string, now: number): boolean;
  addNonceSecret(secret: NonceSecret, keepAfter: number): void;
  /** Replaces a sealed text, unless it was replaced or destroyed meanwhile. */
  reseal(before: Sealed, after: Sealed): void;
}

export const keyRingSchema: readonly string[] = [
  `CREATE TABLE keys (
    kid TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'retired')),
    since INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    compromised INTEGER NOT NULL DEFAULT 0,
    jwk TEXT NOT NULL,
    sealed TEXT,
    sealed_by TEXT,
    CHECK (state <> 'retired' OR sealed IS NULL)
  )`,
  "CREATE UNIQUE INDEX one_active ON keys (state) WHERE state = 'active'",
  `CREATE TABLE nonce_secrets (
    name TEXT PRIMARY KEY,
    made_at INTEGER NOT NULL,
    sealed TEXT NOT NULL,
    sealed_by TEXT NOT NULL
  )`,
  `CREATE TABLE ring (
    version INTEGER NOT NULL,
    wake_at INTEGER NOT NULL,
    rotate INTEGER NOT NULL
  )`,
  'INSERT INTO ring (version, wake_at, rotate) VALUES (0, 0, 0)',
];

type KeyRow = {
  kid: string;
  state: KeyState;
  since: number;
  made_at: number;
  compromised: number;
  jwk: string;
  sealed: string | null;
  sealed_by: string | null;
};
type RingRow = { version: number; wake_at: number; rotate: number };
type SecretRow = { name: string; made_at: number; sealed: string; sealed_by: string };

const toKey = (row: KeyRow): RingKey => ({
  kid: row.kid,
  state: row.state,
  since: row.since,
  madeAt: row.made_at,
  compromised: row.compromised === 1,
  // Written by this store alone, from a key that was checked
  jwk: JSON.parse(row.jwk) as PublicJwk,
  sealed:
    row.sealed === null || row.sealed_by === null
      ? undefined
      : { text: row.sealed, by: row.sealed_by },
});

/** Makes the store of one ring. */
export function createKeyRingStore(storage: DurableObjectStorage, schema: Schema): KeyRingStore {
  const { sql } = storage;
  const ring = (): RingRow =>
    schema.exists()
      ? sql.exec<RingRow>('SELECT version, wake_at, rotate FROM ring').one()
      : { version: 0, wake_at: 0, rotate: 0 };
  const keys = (): readonly RingKey[] =>
    schema.exists()
      ? sql.exec<KeyRow>('SELECT * FROM keys ORDER BY made_at, kid').toArray().map(toKey)
      : [];
  const plan = (policy: RotationPolicy, now: number): RotationPlan =>
    planRotation(keys(), policy, now, { rotate: ring().rotate === 1 });
  const change = (statement: () => void): void => {
    schema.ensure();
    storage.transactionSync(() => {
      statement();
      sql.exec('UPDATE ring SET version = version + 1');
    });
  };

  const add = ({ jwk, sealed }: MadeKey, state: KeyState, now: number): void => {
    sql.exec(
      `INSERT INTO keys (kid, state, since, made_at, jwk, sealed, sealed_by)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      jwk.kid,
      state,
      now,
      now,
      JSON.stringify(jwk),
      sealed.text,
      sealed.by,
    );
  };

  const take = ({ steps }: RotationPlan, made: readonly MadeKey[], now: number): void => {
    const spare = [...made];
    // The old key goes before its successor comes: there is never more than one that signs
    const comes = (step: RotationPlan['steps'][number]): number =>
      step.kind === 'move' && step.to === 'active' ? 1 : 0;
    const ordered = steps.toSorted((a, b) => comes(a) - comes(b));
    for (const step of ordered) {
      if (step.kind === 'forget') sql.exec('DELETE FROM keys WHERE kid = ?', step.kid);
      else if (step.kind === 'move') {
        sql.exec(
          `UPDATE keys SET state = ?1, since = ?2,
             sealed = CASE ?1 WHEN 'retired' THEN NULL ELSE sealed END WHERE kid = ?3`,
          step.to,
          now,
          step.kid,
        );
        if (step.to === 'active') sql.exec('UPDATE ring SET rotate = 0');
      } else {
        const key = spare.shift();
        if (key !== undefined) add(key, step.as, now);
      }
    }
  };

  return {
    version: () => ring().version,
    wakeAt: () => ring().wake_at,
    keys,
    plan,

    nonceSecrets() {
      if (!schema.exists()) return [];
      return sql
        .exec<SecretRow>('SELECT * FROM nonce_secrets ORDER BY made_at DESC, name')
        .toArray()
        .map(({ name, made_at, sealed, sealed_by }) => ({
          name,
          madeAt: made_at,
          sealed: { text: sealed, by: sealed_by },
        }));
    },

    rotate(policy, made, now) {
      const planned = plan(policy, now);
      if (planned.steps.filter(({ kind }) => kind === 'make').length > made.length) return false;
      // Nothing to do, and known to be: isolates need not look at it again
      if (planned.steps.length === 0 && planned.wakeAt === ring().wake_at) return true;
      change(() => {
        take(planned, made, now);
        sql.exec('UPDATE ring SET wake_at = ?', planned.wakeAt);
      });
      return true;
    },

    requestRotation() {
      change(() => sql.exec('UPDATE ring SET rotate = 1, wake_at = 0'));
    },

    compromise(kid, now) {
      if (!keys().some((key) => key.kid === kid)) return false;
      change(() => {
        sql.exec(
          `UPDATE keys SET compromised = 1, sealed = NULL,
             since = CASE state WHEN 'retired' THEN since ELSE ? END, state = 'retired'
           WHERE kid = ?`,
          now,
          kid,
        );
        sql.exec('UPDATE ring SET wake_at = 0');
      });
      return true;
    },

    addNonceSecret({ name, madeAt, sealed }, keepAfter) {
      change(() => {
        sql.exec('DELETE FROM nonce_secrets WHERE made_at < ?', keepAfter);
        sql.exec(
          'INSERT INTO nonce_secrets (name, made_at, sealed, sealed_by) VALUES (?, ?, ?, ?)',
          name,
          madeAt,
          sealed.text,
          sealed.by,
        );
      });
    },

    reseal(before, after) {
      change(() => {
        for (const table of ['keys', 'nonce_secrets']) {
          sql.exec(
            `UPDATE ${table} SET sealed = ?, sealed_by = ? WHERE sealed = ?`,
            after.text,
            after.by,
            before.text,
          );
        }
      });
    },
  };
}
