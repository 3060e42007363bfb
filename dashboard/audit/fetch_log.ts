// The whole audit log, page by page, as the lines that were sent.

import { ask } from '../api/admin.ts';

const pageSize = 1000;

/** Yields the lines of the log from its oldest kept entry on; the cursor of each page is left out. */
export async function* logLines(signal: AbortSignal): AsyncGenerator<string, void> {
  let after: string | undefined;
  for (;;) {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(after === undefined ? {} : { after }),
    });
    const response = await ask(`/admin/audit?${query.toString()}`, { signal });
    const page = (await response.text()).split('\n').filter((line) => line !== '');
    const last = cursorOf(page.at(-1));
    yield* last === undefined ? page : page.slice(0, -1);
    if (last === undefined || !last.more) return;
    ({ after } = last);
  }
}

function cursorOf(
  line: string | undefined,
): { readonly after: string; readonly more: boolean } | undefined {
  if (line === undefined) return undefined;
  const { kind, after, more } = JSON.parse(line) as Record<string, unknown>;
  return kind === 'cursor' && typeof after === 'string'
    ? { after, more: more === true }
    : undefined;
}
