// Private key files: read only when nobody else can read them, written 0600 and never over another

import { lstat, open, rename, unlink } from 'node:fs/promises';
import {
  generateSigningKey,
  importSigningKey,
  type SigningAlgorithm,
  type SigningKey,
} from '../../src/index.ts';
import { CommandFailure, environment, systemCode, systemReason } from '../output/failure.ts';
import { parseKeyText, privateKeyText } from '../output/key_text.ts';
import { openNamed, readHandle } from './read_capped.ts';

const maxKeyBytes = 65_536;
const ownerOnly = 0o600;
const others = 0o077;

/** Reads a private key (PKCS#8 PEM or JWK) from a file that only its owner can read. */
export async function readSigningKey(
  path: string,
  algorithm: SigningAlgorithm | undefined,
): Promise<SigningKey> {
  const handle = await openNamed('--key', path);
  try {
    // Of the open file, not of the name: what was checked is what is read
    const { mode } = await handle.stat();
    if (process.platform !== 'win32' && (mode & others) !== 0) {
      throw environment(
        `Other users can read or change the private key in "${path}"\nDo this first: chmod 600 ${shellWord(path)}`,
      );
    }
    const capped = await readHandle(handle, path, maxKeyBytes);
    if ('tooLarge' in capped) throw environment(`"${path}" is too large to be a key`);
    return await importSigningKey(parseKeyText(capped.text, path), algorithm);
  } catch (error) {
    // The library's words on keys name what is wrong and never what is in them
    if (error instanceof TypeError) {
      throw environment(`"${path}" is not a usable private key: ${error.message}`);
    }
    throw error;
  } finally {
    await handle.close();
  }
}

/** Reads a private key; if there is no such file, makes the key and the file, for its owner alone. */
export async function readOrMakeKey(
  path: string,
): Promise<{ readonly key: SigningKey; readonly made: boolean }> {
  if (path === '' || !(await isAbsent(path))) {
    return { key: await readSigningKey(path, undefined), made: false };
  }
  const key = await generateSigningKey();
  const content = await privateKeyText(key, 'jwk');
  await writeKeyFiles([{ path, content, isPrivate: true }], false);
  return { key, made: true };
}

async function isAbsent(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

/** A file to write: a private one is for its owner alone. */
export interface KeyFile {
  readonly path: string;
  readonly content: string;
  readonly isPrivate: boolean;
}

/** Writes key files, all or none; without `force` none may exist yet. */
export async function writeKeyFiles(files: readonly KeyFile[], force: boolean): Promise<void> {
  for (const { path } of files) await refuseTaken(path, force);
  const written: string[] = [];
  try {
    for (const file of files) {
      await (force ? replaceFile(file) : createFile(file));
      written.push(file.path);
    }
  } catch (error) {
    if (!force) await Promise.all(written.map((path) => unlink(path)));
    throw error;
  }
}

async function refuseTaken(path: string, force: boolean): Promise<void> {
  try {
    const found = await lstat(path);
    if (!force) throw alreadyThere(path);
    if (!found.isFile()) throw environment(`"${path}" is not a regular file: it is left alone`);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw asFailure(path, error);
  }
}

async function createFile({ path, content, isPrivate }: KeyFile): Promise<void> {
  try {
    // "wx" fails on whatever is there by now, a symbolic link too
    const handle = await open(path, 'wx', isPrivate ? ownerOnly : 0o644);
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asFailure(path, error);
  }
}

/** By way of a new file: an existing one may have looser permissions, and may be half read. */
async function replaceFile(file: KeyFile): Promise<void> {
  const draft = `${file.path}.${process.pid}.tmp`;
  await createFile({ ...file, path: draft });
  try {
    await rename(draft, file.path);
  } catch (error) {
    await unlink(draft);
    throw asFailure(file.path, error);
  }
}

function alreadyThere(path: string): Error {
  return environment(
    `"${path}" exists already and is not overwritten\nChoose another name, or replace the key for good with --force`,
  );
}

function asFailure(path: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof CommandFailure) return error;
  if (code === 'EEXIST') return alreadyThere(path);
  if (code === 'ENOENT') return environment(`Cannot write "${path}": there is no such folder`);
  return environment(`Cannot write "${path}": ${systemReason(error)}`);
}

function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) && !path.startsWith('-')
    ? path
    : `'${path.replaceAll("'", `'\\''`)}'`;
}
