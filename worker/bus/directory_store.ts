// The rows of the directory: which mailboxes are known, in the order in which they became known.

import type { Directory } from '../directory.ts';
import type { Schema } from '../storage/schema.ts';

/** The directory of mailboxes: one in a deployment. */
export function directoryStub(
  namespace: DurableObjectNamespace<Directory>,
): DurableObjectStub<Directory> {
  return namespace.getByName('mailboxes');
}

/** One page of known mailboxes, by the order of their becoming known. */
export interface DirectoryPage {
  readonly owners: readonly string[];
  /** The last row's number: where the next page begins. */
  readonly cursor: number;
}

/** The statements of the directory. */
export interface DirectoryStore {
  add(owner: string): void;
  remove(owner: string): void;
  /** The newest row's number: what is known now is everything up to it. */
  head(): number;
  page(after: number, upTo: number, limit: number): DirectoryPage;
  /** Owners in alphabetical order. */
  list(after: string, limit: number): readonly string[];
}

export const directorySchema: readonly string[] = [
  'CREATE TABLE mailboxes (seq INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL UNIQUE)',
];

type Row = { seq: number; owner: string };

/** Makes the store of the directory. */
export function createDirectoryStore(sql: SqlStorage, schema: Schema): DirectoryStore {
  return {
    add(owner) {
      schema.ensure();
      sql.exec('INSERT INTO mailboxes (owner) VALUES (?) ON CONFLICT (owner) DO NOTHING', owner);
    },

    remove(owner) {
      if (schema.exists()) sql.exec('DELETE FROM mailboxes WHERE owner = ?', owner);
    },

    head() {
      if (!schema.exists()) return 0;
      const { seq } = sql
        .exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM mailboxes')
        .one();
      return seq ?? 0;
    },

    page(after, upTo, limit) {
      if (!schema.exists()) return { owners: [], cursor: upTo };
      const rows = sql
        .exec<Row>(
          'SELECT seq, owner FROM mailboxes WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
          after,
          upTo,
          limit,
        )
        .toArray();
      const cursor = rows.length < limit ? upTo : (rows.at(-1)?.seq ?? upTo);
      return { owners: rows.map(({ owner }) => owner), cursor };
    },

    list(after, limit) {
      if (!schema.exists()) return [];
      return sql
        .exec<Row>(
          'SELECT seq, owner FROM mailboxes WHERE owner > ? ORDER BY owner LIMIT ?',
          after,
          limit,
        )
        .toArray()
        .map(({ owner }) => owner);
    },
  };
}
