// The query of a list: where the page begins, how long it is, and what its ids begin with.

/** A page that was asked for. */
export interface ListPage {
  readonly after: string;
  readonly limit: number;
  readonly prefix: string;
}

const names = ['after', 'limit', 'q'];
const maxLimit = 200;
const defaultLimit = 50;

/** Reads `after`, `limit` and `q`, each at most once; `undefined` where one is malformed or unknown. */
export function readList(query: URLSearchParams, prefixForm: RegExp): ListPage | undefined {
  const keys = [...query.keys()];
  if (keys.some((name) => !names.includes(name)) || new Set(keys).size !== keys.length) {
    return undefined;
  }
  const after = query.get('after') ?? '';
  const prefix = query.get('q') ?? '';
  const size = query.get('limit') ?? String(defaultLimit);
  const limit = /^[1-9]\d{0,2}$/.test(size) ? Number(size) : 0;
  if (limit < 1 || limit > maxLimit || after.length > 128 || !prefixForm.test(prefix)) {
    return undefined;
  }
  return { after, limit, prefix };
}
