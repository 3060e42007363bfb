// Reads a file or standard input up to a limit, since a token or a key is never long

import { open, type FileHandle } from 'node:fs/promises';
import { environment, systemReason, usage } from '../output/failure.ts';

/** What was read: the text, or that there is more of it than the limit. */
export type Capped = { readonly text: string } | { readonly tooLarge: true };

const utf8 = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');

/** Reads standard input to its end, or to the limit. */
export async function readStandardInput(maxBytes: number): Promise<Capped> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) return { tooLarge: true };
    }
  } catch (error) {
    throw environment(`Cannot read standard input: ${systemReason(error)}`);
  }
  return { text: utf8(chunks) };
}

/** Opens a file that an option names; the name is shown only when it can be one. */
export async function openNamed(option: string, path: string): Promise<FileHandle> {
  // Someone who pasted the key or the token itself must not find it again in a log
  if (path === '' || path.length > 1024 || /[{}\n\r\0]|BEGIN |^eyJ/.test(path)) {
    throw usage(`${option} takes the name of a file, not its content`);
  }
  try {
    return await open(path, 'r');
  } catch (error) {
    throw environment(`Cannot read "${path}" (${option}): ${systemReason(error)}`);
  }
}

/** Reads an open file to its end, or to the limit. */
export async function readHandle(
  handle: FileHandle,
  name: string,
  maxBytes: number,
): Promise<Capped> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(8192), 0, 8192, null);
      if (bytesRead === 0) return { text: utf8(chunks) };
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
      if (length > maxBytes) return { tooLarge: true };
    }
  } catch (error) {
    throw environment(`Cannot read "${name}": ${systemReason(error)}`);
  }
}
