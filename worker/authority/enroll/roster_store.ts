// The roster in the directory: a summary of each agent for listing, and whose each key is.

import type { Schema } from '../../storage/schema.ts';

/** An agent in a list. Times are seconds since the epoch. */
export interface Summary {
  readonly id: string;
  readonly tier: string;
  readonly disabled: boolean;
  /** The hour in which it last got a token. */
  readonly seenAt: number | undefined;
  readonly createdAt: number;
}

/** What an agent's object says of it, to be taken over; `undefined`: it is not registered. */
export type Facts =
  | (Omit<Summary, 'id' | 'seenAt'> & {
      readonly version: number;
      readonly jkt: string | undefined;
    })
  | undefined;

/** Leave to change an agent; its number says which change is the last. */
export type Begun =
  | { readonly kind: 'begun'; readonly stamp: number }
  /** The key is, or was a short while ago, another's, or is one that this agent replaced. */
  | { readonly kind: 'key_taken' };

/** Which agents a page of the list begins with, and how long it is. */
export interface ListQuery {
  readonly after: string;
  /** What the ids begin with. */
  readonly prefix: string;
  readonly limit: number;
}

/**
 * The statements of the roster. A change is begun here, made in the agent's own object, and then
 * settled here; one that was never settled is found by its age. Times are seconds since the epoch.
 */
export interface RosterStore {
  begin(id: string, jkt: string | undefined, now: number): Begun;
  /** Takes over what the agent's object says; nothing is left open if no later change was begun. */
  settle(id: string, facts: Facts, stamp: number): void;
  /** Keeps a replaced key from everybody until a time. `false`: too many are kept already. */
  retire(id: string, jkt: string, until: number): boolean;
  seen(id: string, at: number): void;
  list(query: ListQuery): readonly Summary[];
  /** Changes begun up to a time and never settled. */
  unsettled(
    upTo: number,
    limit: number,
  ): readonly { readonly id: string; readonly stamp: number }[];
  purge(now: number): void;
  /** When there is something to settle or purge. */
  nextDue(settleAfter: number): number | undefined;
}

/** How many replaced keys of one agent are kept: so many changes an hour it has. */
const maxRetired = 16;

export const rosterSchema: readonly string[] = [
  `CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    known INTEGER NOT NULL DEFAULT 0,
    tier TEXT NOT NULL DEFAULT '',
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    seen_at INTEGER,
    version INTEGER NOT NULL DEFAULT 0,
    stamp INTEGER NOT NULL,
    begun_at INTEGER
  ) WITHOUT ROWID`,
  'CREATE INDEX agents_begun ON agents (begun_at) WHERE begun_at IS NOT NULL',
  'CREATE TABLE agent_keys (jkt TEXT PRIMARY KEY, id TEXT NOT NULL, retired_until INTEGER) WITHOUT ROWID',
  'CREATE INDEX agent_keys_owner ON agent_keys (id)',
  'CREATE INDEX agent_keys_retired ON agent_keys (retired_until) WHERE retired_until IS NOT NULL',
];

type Row = {
  id: string;
  tier: string;
  disabled: number;
  created_at: number;
  seen_at: number | null;
};
type KeyRow = { id: string; retired_until: number | null };

/** Makes the store of the roster. */
export function createRosterStore(sql: SqlStorage, schema: Schema): RosterStore {
  const keyRow = (jkt: string): KeyRow | undefined =>
    sql.exec<KeyRow>('SELECT id, retired_until FROM agent_keys WHERE jkt = ?', jkt).toArray()[0];

  return {
    begin(id, jkt, now) {
      schema.ensure();
      if (jkt !== undefined) {
        const key = keyRow(jkt);
        if (key !== undefined && (key.id !== id || key.retired_until !== null)) {
          return { kind: 'key_taken' };
        }
        sql.exec('INSERT OR IGNORE INTO agent_keys (jkt, id) VALUES (?, ?)', jkt, id);
      }
      const { stamp } = sql
        .exec<{ stamp: number }>(
          `INSERT INTO agents (id, stamp, begun_at) VALUES (?, 1, ?)
           ON CONFLICT (id) DO UPDATE SET stamp = stamp + 1, begun_at = excluded.begun_at
           RETURNING stamp`,
          id,
          now,
        )
        .one();
      return { kind: 'begun', stamp };
    },

    settle(id, facts, stamp) {
      if (!schema.exists()) return;
      const last =
        sql.exec('SELECT 1 FROM agents WHERE id = ? AND stamp = ?', id, stamp).toArray().length > 0;
      if (facts === undefined) {
        // Somebody who began later may be about to register it again
        if (!last) return;
        sql.exec('DELETE FROM agents WHERE id = ?', id);
        sql.exec('DELETE FROM agent_keys WHERE id = ? AND retired_until IS NULL', id);
        return;
      }
      sql.exec(
        `UPDATE agents SET known = 1, tier = ?, disabled = ?, created_at = ?, version = ?
         WHERE id = ? AND version <= ?`,
        facts.tier,
        facts.disabled ? 1 : 0,
        facts.createdAt,
        facts.version,
        id,
        facts.version,
      );
      if (!last) return;
      sql.exec('UPDATE agents SET begun_at = NULL WHERE id = ?', id);
      if (facts.jkt !== undefined) {
        // Retired by a change of keys that did not come to its end
        sql.exec(
          'UPDATE agent_keys SET retired_until = NULL WHERE jkt = ? AND id = ?',
          facts.jkt,
          id,
        );
      }
      sql.exec(
        'DELETE FROM agent_keys WHERE id = ? AND retired_until IS NULL AND jkt IS NOT ?',
        id,
        facts.jkt ?? null,
      );
    },

    retire(id, jkt, until) {
      schema.ensure();
      const { n } = sql
        .exec<{ n: number }>(
          'SELECT count(*) AS n FROM agent_keys WHERE id = ? AND retired_until IS NOT NULL',
          id,
        )
        .one();
      if (n >= maxRetired) return false;
      sql.exec(
        `INSERT INTO agent_keys VALUES (?, ?, ?)
         ON CONFLICT (jkt) DO UPDATE SET retired_until = excluded.retired_until`,
        jkt,
        id,
        until,
      );
      return true;
    },

    seen(id, at) {
      if (schema.exists()) sql.exec('UPDATE agents SET seen_at = ? WHERE id = ?', at, id);
    },

    list({ after, prefix, limit }) {
      if (!schema.exists()) return [];
      // No id has a character beyond "z", so that this is where the prefix's range ends
      return sql
        .exec<Row>(
          `SELECT id, tier, disabled, created_at, seen_at FROM agents
           WHERE id > ? AND id >= ? AND id < ? AND known = 1 ORDER BY id LIMIT ?`,
          after,
          prefix,
          `${prefix}\u{7f}`,
          limit,
        )
        .toArray()
        .map((row) => ({
          id: row.id,
          tier: row.tier,
          disabled: row.disabled !== 0,
          seenAt: row.seen_at ?? undefined,
          createdAt: row.created_at,
        }));
    },

    unsettled(upTo, limit) {
      if (!schema.exists()) return [];
      return sql
        .exec<{ id: string; stamp: number }>(
          'SELECT id, stamp FROM agents WHERE begun_at <= ? ORDER BY begun_at LIMIT ?',
          upTo,
          limit,
        )
        .toArray();
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM agent_keys WHERE retired_until <= ?', now);
    },

    nextDue(settleAfter) {
      if (!schema.exists()) return undefined;
      const { begun, retired } = sql
        .exec<{ begun: number | null; retired: number | null }>(
          `SELECT (SELECT min(begun_at) FROM agents) AS begun,
             (SELECT min(retired_until) FROM agent_keys) AS retired`,
        )
        .one();
      const due = [begun === null ? null : begun + settleAfter, retired].filter(
        (time) => time !== null,
      );
      return due.length === 0 ? undefined : Math.min(...due);
    },
  };
}
