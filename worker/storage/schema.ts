// The schema of a Durable Object, written at its first write: an object that is only asked stays empty.

/** Whether an object's tables exist, and how they come into being. */
export interface Schema {
  exists(): boolean;
  /** Creates the tables unless they exist. To call in the same turn as the first write. */
  ensure(): void;
  /** To call after `deleteAll`. */
  forget(): void;
}

const versionTable = 'CREATE TABLE schema_version (version INTEGER NOT NULL)';

/**
 * Makes the schema of an object. `version` is what the statements make; a later version brings its
 * own steps from the one before.
 */
export function createSchema(
  sql: SqlStorage,
  version: number,
  statements: readonly string[],
): Schema {
  let known: boolean | undefined;
  const look = (): boolean =>
    sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").toArray().length > 0;
  return {
    exists: () => (known ??= look()),
    ensure() {
      if ((known ??= look())) return;
      for (const statement of [versionTable, ...statements]) sql.exec(statement);
      sql.exec('INSERT INTO schema_version (version) VALUES (?)', version);
      known = true;
    },
    forget() {
      known = undefined;
    },
  };
}
