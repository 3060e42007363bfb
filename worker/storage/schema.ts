// The schema of a Durable Object, written at its first write: an object that is only asked stays empty.

/** Whether an object's tables exist, and how they come into being. */
export interface Schema {
  exists(): boolean;
  /** Creates the tables unless they exist. To call in the same turn as the first write. */
  ensure(): void;
  /** To call after `deleteAll`. */
  forget(): void;
}

/** By version: the statements that lead to it from the one before. */
export type Upgrades = Readonly<Record<number, readonly string[]>>;

const versionTable = 'CREATE TABLE schema_version (version INTEGER NOT NULL)';

/**
 * Makes the schema of an object. `version` is what the statements make; `upgrades` bring an object
 * that an earlier version wrote up to it, at the first look.
 *
 * @throws Error at the first look when an upgrade is missing, or the object was written by a later version
 */
export function createSchema(
  sql: SqlStorage,
  version: number,
  statements: readonly string[],
  upgrades: Upgrades = {},
): Schema {
  let known: boolean | undefined;

  function upgrade(from: number): void {
    if (from > version) throw new Error('The object was written by a later version');
    for (let next = from + 1; next <= version; next++) {
      const steps = upgrades[next];
      if (steps === undefined) throw new Error('There is no way from the stored schema');
      for (const statement of steps) sql.exec(statement);
    }
    sql.exec('UPDATE schema_version SET version = ?', version);
  }

  const look = (): boolean => {
    const table = "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'";
    if (sql.exec(table).toArray().length === 0) return false;
    const stored = sql.exec<{ version: number }>('SELECT version FROM schema_version').one();
    if (stored.version !== version) upgrade(stored.version);
    return true;
  };

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
