// The folder of a gate: for its owner alone, or not used; files in it are written whole or not at all

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  fstatSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const others = 0o077;

/** The folder of gate and server; gate.sh finds it in the same way. */
export function gateFolder(given: string | undefined, environment: Environment): string {
  if (given !== undefined) return resolve(given);
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = environment;
  const base = isAbsolute(state) ? state : join(home === '' ? homedir() : home, '.local/state');
  return join(base, 'swarmgate/gate');
}

/** Makes a folder that only its owner can enter; throws an Error where it is not such a folder. */
export function openPrivateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const found = lstatSync(path);
  const isOwn = process.getuid === undefined || found.uid === process.getuid();
  const isPrivate = process.platform === 'win32' || (found.mode & others) === 0;
  if (!found.isDirectory() || !isOwn) throw new Error(`"${path}" is not a folder of yours`);
  if (!isPrivate) {
    throw new Error(`Other users can enter "${path}": do this first: chmod 700 on that folder`);
  }
  return path;
}

/** Reads a small file of the folder; `undefined` where there is none that can be used. */
export function readKept(folder: string, name: string, maxBytes: number): string | undefined {
  let file: number | undefined;
  try {
    openPrivateFolder(folder);
    file = openSync(join(folder, name), 'r');
    const found = fstatSync(file);
    const isOwn = process.getuid === undefined || found.uid === process.getuid();
    if (!found.isFile() || !isOwn || found.size > maxBytes) return undefined;
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Writes a file of the folder. A cache that cannot be written is no failure: it is asked for again. */
export function keep(folder: string, name: string, text: string): void {
  const draft = join(folder, `.${name}.${process.pid}.tmp`);
  try {
    openPrivateFolder(folder);
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, join(folder, name));
  } catch {
    try {
      unlinkSync(draft);
    } catch {
      // It was not written
    }
  }
}
