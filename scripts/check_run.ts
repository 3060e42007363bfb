// Runs one command of the check to its end, keeping all that it printed

import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './tools.ts';

/** How a command ended. */
export interface Ended {
  readonly succeeded: boolean;
  /** Standard output and error in the order in which they came. */
  readonly output: string;
}

const minutes = 15;
const running = new Set<ChildProcess>();

/** Runs a script or a tool's JavaScript file on this Node, with more variables where there are any. */
export async function runNode(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { ...environment(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timer = setTimeout(() => {
    output += `\nStopped after ${minutes} minutes\n`;
    end(child);
  }, minutes * 60_000);
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += String(error);
      resolve(null);
    });
    child.on('close', resolve);
  });
  clearTimeout(timer);
  running.delete(child);
  return { succeeded: status === 0, output };
}

/** Ends every command that still runs, with all that it has started. */
export function endAll(): void {
  for (const child of running) end(child);
}

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGTERM');
  } catch {
    // It has ended by itself
  }
}

function environment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const commands = join(root, 'node_modules', '.bin');
  const path = [commands, process.env['PATH'] ?? ''].join(delimiter);
  return { ...inherited, NO_COLOR: '1', PATH: path, WRANGLER_SEND_METRICS: 'false' };
}
