// The row of one agent's registration, and what remains of it for a while after it is removed.

import type { PublicJwk } from '../../../src/issue/index.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Change, MaybeKey, Policy, Registration } from './registration.ts';

/** What a new registration says. */
export interface NewRegistration {
  readonly id: string;
  readonly policy: Policy;
  readonly key: MaybeKey;
  /** Seconds since the epoch. */
  readonly notBefore?: number;
}

/** The statements of a registration. Times are seconds since the epoch, and always passed in. */
export interface RegistrationStore {
  get(): Registration | undefined;
  /** Whether a removed registration has left something behind that must be lifted first. */
  isRemoved(): boolean;
  /** Writes a registration in place of none, or of a removed one. */
  create(registration: NewRegistration, now: number): Registration;
  /** Changes what is registered; nothing when the change changes nothing. */
  change(change: Change & { readonly notBefore?: number }): Registration | undefined;
  setKey(key: MaybeKey): Registration | undefined;
  /** Removes it; until a time its version is remembered. */
  remove(until: number): void;
  purge(now: number): void;
  /** When a removed one is forgotten; `Infinity` for one that is there, `undefined` for none. */
  keptUntil(): number | undefined;
}

export const registrationSchema: readonly string[] = [
  `CREATE TABLE registration (
    id TEXT NOT NULL,
    tier TEXT NOT NULL,
    scope TEXT NOT NULL,
    jwk TEXT,
    jkt TEXT,
    dpop TEXT NOT NULL,
    dlg_max INTEGER,
    disabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    not_before INTEGER,
    removed_until INTEGER
  )`,
];

/** Who may act for whom came later. */
export const actingSchema: readonly string[] = [
  'ALTER TABLE registration ADD COLUMN may_act_for TEXT',
];

type Row = {
  id: string;
  tier: string;
  scope: string;
  jwk: string | null;
  jkt: string | null;
  dpop: string;
  dlg_max: number | null;
  disabled: number;
  version: number;
  created_at: number;
  not_before: number | null;
  removed_until: number | null;
  may_act_for: string | null;
};

const read = (row: Row): Registration => ({
  id: row.id,
  tier: row.tier,
  scope: JSON.parse(row.scope) as string[],
  jwk: row.jwk === null ? undefined : (JSON.parse(row.jwk) as PublicJwk),
  jkt: row.jkt ?? undefined,
  dpop: row.dpop === 'optional' ? 'optional' : 'required',
  dlgMax: row.dlg_max ?? undefined,
  disabled: row.disabled !== 0,
  version: row.version,
  createdAt: row.created_at,
  notBefore: row.not_before ?? undefined,
  ...(row.may_act_for === null ? {} : { mayActFor: JSON.parse(row.may_act_for) as string[] }),
});

/** No rule is the same as no list of rules. */
const rulesOf = (mayActFor: readonly string[] = []): Pick<Registration, 'mayActFor'> =>
  mayActFor.length === 0 ? {} : { mayActFor };

/** Makes the store of a registration. */
export function createRegistrationStore(sql: SqlStorage, schema: Schema): RegistrationStore {
  const row = (): Row | undefined =>
    schema.exists() ? sql.exec<Row>('SELECT * FROM registration').toArray()[0] : undefined;

  const get = (): Registration | undefined => {
    const found = row();
    return found === undefined || found.removed_until !== null ? undefined : read(found);
  };

  function write(agent: Registration): Registration {
    schema.ensure();
    sql.exec('DELETE FROM registration');
    sql.exec(
      'INSERT INTO registration VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)',
      agent.id,
      agent.tier,
      JSON.stringify(agent.scope),
      agent.jwk === undefined ? null : JSON.stringify(agent.jwk),
      agent.jkt ?? null,
      agent.dpop,
      agent.dlgMax ?? null,
      agent.disabled ? 1 : 0,
      agent.version,
      agent.createdAt,
      agent.notBefore ?? null,
      agent.mayActFor === undefined ? null : JSON.stringify(agent.mayActFor),
    );
    return agent;
  }

  return {
    get,

    isRemoved: () => (row()?.removed_until ?? null) !== null,

    create({ id, policy, key, notBefore }, now) {
      const version = (row()?.version ?? 0) + 1;
      const { tier, scope, dpop, dlgMax, mayActFor } = policy;
      const fresh = { disabled: false, version, createdAt: now, notBefore };
      const rules = rulesOf(mayActFor);
      return write({ id, tier, scope, dpop, dlgMax, ...rules, ...key, ...fresh });
    },

    change({ tier, scope, dpop, dlgMax, mayActFor, disabled, notBefore }) {
      const found = get();
      if (found === undefined) return undefined;
      const { mayActFor: rules, ...others } = found;
      const next = {
        ...others,
        tier: tier ?? found.tier,
        scope: scope ?? found.scope,
        dpop: dpop ?? found.dpop,
        dlgMax: dlgMax === undefined ? found.dlgMax : (dlgMax ?? undefined),
        disabled: disabled ?? found.disabled,
        notBefore: notBefore ?? found.notBefore,
        ...rulesOf(mayActFor ?? rules),
      };
      if (JSON.stringify(next) === JSON.stringify(found)) return found;
      return write({ ...next, version: found.version + 1 });
    },

    setKey(key) {
      const found = get();
      if (found === undefined) return undefined;
      return write({ ...found, ...key, version: found.version + 1 });
    },

    remove(until) {
      if (schema.exists()) {
        sql.exec(
          `UPDATE registration SET removed_until = ?, jwk = NULL, jkt = NULL, version = version + 1
           WHERE removed_until IS NULL`,
          until,
        );
      }
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM registration WHERE removed_until <= ?', now);
    },

    keptUntil() {
      const found = row();
      return found === undefined ? undefined : (found.removed_until ?? Infinity);
    },
  };
}
