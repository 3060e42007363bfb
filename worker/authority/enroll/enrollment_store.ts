// The enrolments of the directory: one-time codes as hashes, what they grant, and what became of them.

import type { Schema } from '../../storage/schema.ts';
import type { Policy } from '../agent/registration.ts';

/** An enrolment under way. Times are seconds since the epoch. */
export interface Enrollment {
  readonly id: string;
  readonly agentId: string;
  readonly policy: Policy;
  readonly createdBy: string;
  readonly expiresAt: number;
  /** How often it was tried with a wrong code. */
  readonly tries: number;
  /** Thumbprint of the key that used it. */
  readonly usedBy: string | undefined;
}

/** A new enrolment: `codeHash` is the SHA-256 of the whole code, base64url. */
export type NewEnrollment = Omit<Enrollment, 'tries' | 'usedBy'> & { readonly codeHash: string };

/** What came of presenting a code. */
export type Redemption =
  | { readonly kind: 'open'; readonly enrollment: Enrollment }
  /** No such enrolment, a wrong code, used by another key, expired or killed: all the same. */
  | { readonly kind: 'refused' };

/** The statements of enrolments. Times are seconds since the epoch, and always passed in. */
export interface EnrollmentStore {
  insert(enrollment: NewEnrollment): void;
  /** Looks a code up for a key; a wrong code counts. Writes nothing else. */
  present(id: string, codeHash: string, jkt: string, now: number): Redemption;
  use(id: string, jkt: string): void;
  list(after: string, limit: number, now: number): readonly Enrollment[];
  /** `false`: there is none. */
  remove(id: string): boolean;
  purge(now: number): void;
  nextExpiry(): number | undefined;
}

/** So many wrong codes kill an enrolment. */
export const maxTries = 5;

export const enrollmentSchema: readonly string[] = [
  `CREATE TABLE enrollments (
    id TEXT PRIMARY KEY,
    code_hash TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    tier TEXT NOT NULL,
    scope TEXT NOT NULL,
    dpop TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    used_by TEXT
  ) WITHOUT ROWID`,
  'CREATE INDEX enrollments_end ON enrollments (expires_at)',
];

type Row = {
  id: string;
  code_hash: string;
  agent_id: string;
  tier: string;
  scope: string;
  dpop: string;
  created_by: string;
  expires_at: number;
  tries: number;
  used_by: string | null;
};

const read = (row: Row): Enrollment => ({
  id: row.id,
  agentId: row.agent_id,
  policy: {
    tier: row.tier,
    scope: JSON.parse(row.scope) as string[],
    dpop: row.dpop === 'optional' ? 'optional' : 'required',
    dlgMax: undefined,
  },
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  tries: row.tries,
  usedBy: row.used_by ?? undefined,
});

/** Compares two hashes in a time that does not tell where they differ. */
function isSameHash(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at % Math.max(other.length, 1));
  }
  return difference === 0;
}

/** Makes the store of enrolments. */
export function createEnrollmentStore(sql: SqlStorage, schema: Schema): EnrollmentStore {
  return {
    insert({ id, codeHash, agentId, policy, createdBy, expiresAt }) {
      schema.ensure();
      sql.exec(
        `INSERT INTO enrollments (id, code_hash, agent_id, tier, scope, dpop, created_by, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        codeHash,
        agentId,
        policy.tier,
        JSON.stringify(policy.scope),
        policy.dpop,
        createdBy,
        expiresAt,
      );
    },

    present(id, codeHash, jkt, now) {
      const refused = { kind: 'refused' } as const;
      if (!schema.exists()) return refused;
      const row = sql
        .exec<Row>('SELECT * FROM enrollments WHERE id = ? AND expires_at > ?', id, now)
        .toArray()[0];
      if (row === undefined || row.tries >= maxTries) return refused;
      if (!isSameHash(row.code_hash, codeHash)) {
        sql.exec('UPDATE enrollments SET tries = tries + 1 WHERE id = ?', id);
        return refused;
      }
      if (row.used_by !== null && row.used_by !== jkt) return refused;
      return { kind: 'open', enrollment: read(row) };
    },

    use(id, jkt) {
      sql.exec('UPDATE enrollments SET used_by = ? WHERE id = ?', jkt, id);
    },

    list(after, limit, now) {
      if (!schema.exists()) return [];
      return sql
        .exec<Row>(
          'SELECT * FROM enrollments WHERE id > ? AND expires_at > ? ORDER BY id LIMIT ?',
          after,
          now,
          limit,
        )
        .toArray()
        .map(read);
    },

    remove(id) {
      if (!schema.exists()) return false;
      return sql.exec('DELETE FROM enrollments WHERE id = ? RETURNING id', id).toArray().length > 0;
    },

    purge(now) {
      if (schema.exists()) sql.exec('DELETE FROM enrollments WHERE expires_at <= ?', now);
    },

    nextExpiry() {
      if (!schema.exists()) return undefined;
      const { at } = sql
        .exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM enrollments')
        .one();
      return at ?? undefined;
    },
  };
}
