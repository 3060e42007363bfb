// Lists of the admin routes, read page by page up to a limit

import { objectsOf, type Members } from './answer.ts';
import type { Connection } from '../connection.ts';

/** How much is wanted. */
export interface ListOptions {
  readonly limit: number;
}

/** What was found, and whether there is more. */
export interface Listed {
  readonly entries: readonly Members[];
  readonly more: boolean;
}

const pageSize = 200;

/** Reads a list; `member` names it in the answers. */
export async function readList(
  call: Connection['call'],
  path: string,
  member: string,
  { limit, query = '' }: ListOptions & { readonly query?: string | undefined },
): Promise<Listed> {
  const entries: Members[] = [];
  let after: unknown = '';
  for (;;) {
    const wanted = Math.min(pageSize, limit - entries.length);
    const page = new URLSearchParams({ limit: String(wanted) });
    if (after !== '') page.set('after', String(after));
    if (query !== '') page.set('q', query);
    const answer = await call('GET', `${path}?${page}`);
    const found = objectsOf(answer[member]);
    entries.push(...found);
    after = answer['next'];
    const isLast = after === undefined || found.length === 0;
    if (isLast || entries.length >= limit) return { entries, more: !isLast };
  }
}
