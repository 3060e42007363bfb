// `swarmgate audit export`: the audit log as JSON Lines on standard output, from the beginning or a cursor

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { parseJson } from '../src/index.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { environment, usage } from './output/failure.ts';
import { examples } from './input/options.ts';
import { printNote } from './output/output.ts';

interface ExportOptions extends ConnectionOptions {
  readonly after?: string;
  readonly follow?: true;
}

const pageLines = 500;
const followEvery = 2000;
const cursorForm = /^[\w.-]{1,2048}$/;

/** Adds the command. */
export function addAuditExport(parent: Command): void {
  const command = parent
    .command('export')
    .description('write the audit log as JSON Lines')
    .option('--after <cursor>', 'only what follows: where an earlier export ended')
    .option('--follow', 'go on with what comes, until interrupted');
  addOperator(command)
    .addHelpText(
      'after',
      examples(
        'swarmgate audit export --key operator.key.json > audit.jsonl',
        'swarmgate audit export --follow --key operator.key.json | jq .decision',
      ),
    )
    .action(exportLog);
}

interface Page {
  readonly lines: readonly string[];
  readonly after: string;
  readonly more: boolean;
}

/** The last line of an answer says where the next page begins. */
function readPage(text: string): Page {
  const lines = text.trimEnd().split('\n');
  const cursor = lines.pop() ?? '';
  try {
    const { kind, after, more } = parseJson(cursor) as Readonly<Record<string, unknown>>;
    if (kind === 'cursor' && typeof after === 'string' && cursorForm.test(after)) {
      return { lines, after, more: more === true };
    }
  } catch {
    // Reported below
  }
  throw environment('What answers there is no audit log');
}

/** Writes, and waits where the reader is slower. */
async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

async function exportLog({ follow, json, ...options }: ExportOptions): Promise<void> {
  let { after } = options;
  if (after !== undefined && !cursorForm.test(after)) {
    throw usage('--after must be a cursor that an export ended with');
  }
  const { read } = await connect(options);
  const stop = new AbortController();
  // Who follows learns at the end where to go on; a line is never cut in the middle
  const end = (): void => stop.abort();
  if (follow === true) for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  const { signal } = stop;
  const progress = progressOn(process.stderr);
  let count = 0;
  for (;;) {
    const query = after === undefined ? '' : `&after=${after}`;
    const page = readPage(await read(`/admin/audit?limit=${pageLines}${query}`));
    ({ after } = page);
    count += page.lines.length;
    if (page.lines.length > 0) await write(`${page.lines.join('\n')}\n`);
    progress(`${count} lines`);
    if (signal.aborted) break;
    if (page.more) continue;
    if (follow !== true) break;
    await sleep(followEvery, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
  }
  progress('');
  if (json === true) await write(`${JSON.stringify({ kind: 'cursor', after, more: false })}\n`);
  else printNote(`${count} lines; what comes later: --after ${after}`);
}

/** One line that is written over and over, on terminals only; nothing clears it. */
export function progressOn(stream: NodeJS.WriteStream): (text: string) => void {
  return (text) => {
    if (stream.isTTY) stream.write(`\r\u001B[K${text}`);
  };
}
