// The audit log, page by page, as the lines that were sent.

import { ask } from '../api/admin.ts';

const pageSize = 1000;

/** A page of the log. */
export interface LogPage {
  readonly lines: readonly string[];
  /** The cursor of the next page, and whether that has anything now. */
  readonly after: string | undefined;
  readonly more: boolean;
}

async function page(
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LogPage> {
  const asked = new URLSearchParams({ limit: String(pageSize), ...query });
  const response = await ask(`/admin/audit?${asked.toString()}`, { signal });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  const { kind, after, more } = JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;
  return kind === 'cursor' && typeof after === 'string'
    ? { lines: lines.slice(0, -1), after, more: more === true }
    : { lines, after: undefined, more: false };
}

/** The newest lines, as many as one page has. */
export function newestLines(signal: AbortSignal): Promise<LogPage> {
  return page({ last: String(pageSize) }, signal);
}

/** Yields the lines of the log from its oldest kept entry on. */
export async function* logLines(signal: AbortSignal): AsyncGenerator<string, void> {
  let after: string | undefined;
  for (;;) {
    const read = await page(after === undefined ? {} : { after }, signal);
    yield* read.lines;
    if (!read.more) return;
    ({ after } = read);
  }
}
