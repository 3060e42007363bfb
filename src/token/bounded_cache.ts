// A bounded cache in two generations: a hit costs one look-up and no reordering.

/** A bounded map that forgets what has not been asked for lately. */
export interface BoundedCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
}

/** Makes a cache that holds the last `maxEntries` used at least, twice as many at most. `0`: nothing. */
export function boundedCache<V>(maxEntries: number): BoundedCache<V> {
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  const set = (key: string, value: V): void => {
    if (maxEntries === 0) return;
    if (young.size >= maxEntries) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      if (maxEntries === 0) return undefined;
      const value = young.get(key);
      if (value !== undefined) return value;
      const earlier = old.get(key);
      if (earlier === undefined) return undefined;
      old.delete(key);
      set(key, earlier);
      return earlier;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
  };
}
