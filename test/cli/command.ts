// Runs the built command as a process, in a folder of its own

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../dist/cli/main.js');

/** How a run ended, and what it printed. */
export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a run gets besides its arguments. */
export interface RunOptions {
  /** Standard input; left out: it is empty. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder with the command in it. */
export interface Place {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  readonly remove: () => void;
}

/** Makes an empty folder to run the command in. */
export function makePlace(): Place {
  if (!existsSync(main)) throw new Error('The command is not built: npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-cli-'));
  return {
    folder,
    path: (name) => join(folder, name),
    run: (args, options = {}) => run(folder, args, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function run(cwd: string, args: readonly string[], options: RunOptions): Promise<Run> {
  const own = /^(?:SWARMGATE_\w+|NO_COLOR|FORCE_COLOR)$/;
  const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
  const env = { ...Object.fromEntries(inherited), ...options.env };
  const child = spawn(process.execPath, [main, ...args], { cwd, env });
  const chunks = { out: [] as Buffer[], err: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
  // A command that refuses before it reads closes the pipe
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8');
  return { code, out: text(chunks.out), err: text(chunks.err) };
}
