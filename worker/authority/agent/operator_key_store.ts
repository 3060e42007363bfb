// Which keys were ever registered for the operator from the configuration: each counts once.

import type { Schema } from '../../storage/schema.ts';

/** The statements of the operator's keys. */
export interface OperatorKeyStore {
  has(jkt: string): boolean;
  add(jkt: string): void;
  count(): number;
}

export const operatorKeySchema: readonly string[] = [
  'CREATE TABLE operator_keys (jkt TEXT PRIMARY KEY) WITHOUT ROWID',
];

/** Makes the store of the operator's keys. */
export function createOperatorKeyStore(sql: SqlStorage, schema: Schema): OperatorKeyStore {
  return {
    has: (jkt) =>
      schema.exists() &&
      sql.exec('SELECT 1 FROM operator_keys WHERE jkt = ?', jkt).toArray().length > 0,

    add(jkt) {
      schema.ensure();
      sql.exec('INSERT OR IGNORE INTO operator_keys VALUES (?)', jkt);
    },

    count() {
      if (!schema.exists()) return 0;
      return sql.exec<{ n: number }>('SELECT count(*) AS n FROM operator_keys').one().n;
    },
  };
}
