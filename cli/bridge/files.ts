// What the bridge does with files: nothing is followed out of a mailbox, overwritten, or read beyond a limit

import { constants } from 'node:fs';
import { lstat, mkdir, open, opendir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { environment, systemCode } from '../output/failure.ts';

/** Why a file is not read. */
export type Unreadable = 'gone' | 'not_a_file' | 'not_readable' | 'message_too_large';

/** Looks at a name without following it; `undefined` where there is none. */
export async function look(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes sure of a folder that is one itself, not a link to another. */
export async function ensureFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(path);
  if (!found.isDirectory()) throw notAFolder(path);
}

/** Refuses a mailbox of which a part is a link, or no folder; parts may be absent. */
export async function checkMailbox(folder: string): Promise<void> {
  for (const part of ['', 'inbox', 'sending', 'processed', 'rejected']) {
    const path = join(folder, part);
    const found = await look(path);
    if (found !== undefined && !found.isDirectory()) throw notAFolder(path);
  }
}

const notAFolder = (path: string): Error =>
  environment(`"${path}" is not a folder, or a link to one`);

async function openQuietly(path: string): Promise<FileHandle | Unreadable> {
  // A pipe must not keep the bridge waiting for its other end
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    return await open(path, flags);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return 'gone';
    if (code === 'ELOOP' || code === 'ENXIO') return 'not_a_file';
    if (code === 'EACCES' || code === 'EPERM') return 'not_readable';
    throw error;
  }
}

/** Reads a file of at most so many bytes; links, folders and pipes are none. */
export async function readRegular(path: string, most: number): Promise<Buffer | Unreadable> {
  const handle = await openQuietly(path);
  if (typeof handle === 'string') return handle;
  try {
    const found = await handle.stat();
    if (!found.isFile()) return 'not_a_file';
    if (found.size > most) return 'message_too_large';
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (length > most) return 'message_too_large';
      if (bytesRead === 0) return buffer.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

/** Writes a new file, down to the disk. What a crash has left under the name is written anew. */
export async function writeDraft(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const handle = await open(path, 'wx', 0o666);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Brings the names in a folder to the disk. */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves a file into a folder, under a name that is free there; `undefined` where it is gone. */
export async function moveInto(
  from: string,
  folder: string,
  name: string,
): Promise<string | undefined> {
  for (let n = 0; ; n++) {
    const free = n === 0 ? name : name.replace(/(\.json)?$/, `.${n}$1`);
    if ((await look(join(folder, free))) !== undefined) continue;
    try {
      await rename(from, join(folder, free));
      return free;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

const isMessageFile = (name: string): boolean => name.endsWith('.json') && !name.startsWith('.');

/**
 * The first names of messages in a folder, in order. The folder is read in pages, and never more
 * than twice as many names are kept, however many there are.
 */
export async function firstMessages(folder: string, most: number): Promise<readonly string[]> {
  let names: string[] = [];
  const keep = (): void => {
    names = names.sort().slice(0, most);
  };
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
      if (!isMessageFile(name)) continue;
      names.push(name);
      if (names.length >= 2 * most) keep();
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  keep();
  return names;
}

/** Tells whether there is a message in a folder: reads no more of it than that takes. */
export async function hasMessages(folder: string): Promise<boolean> {
  try {
    for await (const { name } of await opendir(folder)) if (isMessageFile(name)) return true;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  return false;
}
