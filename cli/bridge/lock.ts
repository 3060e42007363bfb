// Locks that the bridge takes: that of an inbox, as the script of the bus does, and one of its own for the whole folder

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { look } from './files.ts';

/** Ends a lock. */
export type Release = () => Promise<void>;

const nothing: Release = async () => {};
/** How `flock` says that somebody else has the lock. */
const heldCode = 75;

/**
 * Takes a lock of flock(2), which Node has not, by the program of that name. The lock ends with the
 * program, and that with the bridge, however it ends.
 */
export function takeLock(file: string): Promise<Release | 'held' | 'unavailable'> {
  const options = ['--exclusive', '--nonblock', '--conflict-exit-code', String(heldCode)];
  // In a group of its own: Ctrl-C must not end it before what it protects is done
  const child = spawn('flock', [...options, file, 'cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const { stdin, stdout } = child;
  return new Promise((resolve) => {
    child.once('error', () => resolve('unavailable'));
    child.once('exit', () => resolve('held'));
    stdin.on('error', () => {});
    stdout.once('data', () =>
      resolve(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        stdin.end();
        await ended;
      }),
    );
    // What comes back says that `cat` runs, and so that the lock is taken
    stdin.write('\n');
  });
}

/**
 * Takes the lock of an inbox where it has one: `.lock`, a file that is locked by flock(2), as the
 * script of the bus does, or a folder, which others make for as long as they hold it. `undefined`:
 * somebody has it, or it is nothing that can be locked.
 */
export async function lockInbox(inbox: string): Promise<Release | undefined> {
  const file = join(inbox, '.lock');
  const found = await look(file);
  if (found === undefined) return nothing;
  if (!found.isFile()) return undefined;
  const taken = await takeLock(file);
  if (taken === 'held') return undefined;
  // Without the program no script can hold the lock either
  return taken === 'unavailable' ? nothing : taken;
}
