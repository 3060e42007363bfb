// The Unix socket of a gate's server: for its owner alone, one at a time, bounded

import { chmodSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { environment, systemCode, systemReason } from '../output/failure.ts';
import { lineReader } from './line.ts';

const maxConnections = 64;
/** Milliseconds for a question to arrive. */
const patience = 10_000;

/** Listens at a path. A socket that a dead server left is replaced, one that answers is not. */
export async function listen(
  path: string,
  answer: (line: string) => Promise<string>,
): Promise<Server> {
  if (Buffer.byteLength(path) > 100) {
    throw environment('The path of the socket is too long: name a shorter folder with --dir');
  }
  if (await answers(path)) throw environment('A server runs already for this folder');
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, answer));
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(environment(`Cannot listen at "${path}": ${systemReason(error)}`));
    });
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

/** What a path is, to notice that another server has taken it over. */
export function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev}:${found.ino}`;
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', (error) => {
        const code = systemCode(error);
        if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
        else reject(environment(`Cannot use "${path}": ${systemReason(error)}`));
      });
    });
  } finally {
    socket.destroy();
  }
}

function serve(socket: Socket, answer: (line: string) => Promise<string>): void {
  const read = lineReader();
  let answering = false;
  socket.setTimeout(patience, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => {
    if (answering) return;
    const line = read(bytes);
    if (line === false) socket.destroy();
    if (typeof line !== 'string') return;
    answering = true;
    answer(line)
      .then((text) => socket.end(`${text}\n`))
      .catch(() => socket.destroy());
  });
}
