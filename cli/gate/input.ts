// The token of a gate: from a file, the environment or standard input, read at once and up to a limit

import { closeSync, openSync, readSync } from 'node:fs';
import { environment, systemCode, systemReason, usage } from '../output/failure.ts';

/** Longer than every token that a verifier here accepts, with room for a line ending. */
const maxBytes = 8192;

/** Reads it: the file (`-` is standard input) before SWARMGATE_TOKEN before standard input. */
export async function readGateToken(file: string | undefined): Promise<string> {
  if (file !== undefined && file !== '-') return readFile(file);
  const { SWARMGATE_TOKEN: value = '' } = process.env;
  if (file === undefined && value !== '') return value;
  return trimmed(await readStandardInput());
}

function readFile(path: string): string {
  if (path.length > 1024 || /[\n\r\0]|^eyJ/.test(path)) {
    throw usage('--token-file takes the name of a file, not its content');
  }
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    return trimmed(readHandle(handle));
  } catch (error) {
    throw environment(`Cannot read "${path}" (--token-file): ${systemReason(error)}`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Everything up to one byte more than the limit, so that too much is seen as such. */
function readHandle(handle: number): Buffer {
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(handle, buffer, length, buffer.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

async function readStandardInput(): Promise<Buffer> {
  try {
    return readHandle(0);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EOF' || code === 'EBADF') return Buffer.alloc(0);
    if (code !== 'EAGAIN') throw environment(`Cannot read standard input: ${systemReason(error)}`);
  }
  // A pipe that somebody made non-blocking: rare, and then it is read as a stream
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(chunks);
}

const trimmed = (bytes: Buffer): string => bytes.toString('utf8').replace(/\r?\n$/, '');
