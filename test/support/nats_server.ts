// A real nats-server on loopback, at ports of its own, with a folder of its own; it can be killed and come back

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findServer, natsServer } from '../../scripts/server_table.ts';

/** A server that runs, or was killed. */
export interface NatsServer {
  /** The WebSocket listener. */
  readonly url: string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again at the same ports, with what it had stored. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** How the server is to be opened. */
export interface NatsSetup {
  /** A token that clients must have. */
  readonly token?: string;
}

const patience = 20_000;

/** Starts the server. Fails where there is none on this machine: nothing is skipped. */
export async function startNats({ token }: NatsSetup = {}): Promise<NatsServer> {
  const program = findServer(natsServer);
  if (program === undefined) throw new Error('Missing: nats-server. Run scripts/servers.ts');
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-nats-'));
  let ports = { client: -1, socket: -1 };
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    writeFileSync(join(folder, 'nats.conf'), configuration(folder, ports, token));
    const args = ['-c', join(folder, 'nats.conf'), '--ports_file_dir', folder];
    child = spawn(program ?? '', args, { stdio: 'ignore' });
    ports = await readPorts(folder, child);
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    for (const file of portsFiles(folder)) rmSync(file);
  }

  await start();
  return {
    url: `ws://127.0.0.1:${ports.socket}`,
    kill,
    restart: start,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(
  folder: string,
  { client, socket }: { readonly client: number; readonly socket: number },
  token: string | undefined,
): string {
  return [
    `host: "127.0.0.1"`,
    `port: ${client}`,
    `jetstream { store_dir: "${join(folder, 'store')}" }`,
    `websocket { host: "127.0.0.1", port: ${socket}, no_tls: true }`,
    ...(token === undefined ? [] : [`authorization { token: "${token}" }`]),
  ].join('\n');
}

const portsFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ports'))
    .map((name) => join(folder, name));

/** Waits for the file in which the server writes where it listens. */
async function readPorts(
  folder: string,
  child: ChildProcess,
): Promise<{ client: number; socket: number }> {
  const portOf = (url: string | undefined): number => Number(new URL(url ?? '').port);
  const end = Date.now() + patience;
  while (Date.now() < end && child.exitCode === null) {
    const [file] = portsFiles(folder);
    const text = file === undefined ? '' : readFileSync(file, 'utf8');
    if (text.endsWith('}')) {
      const { nats, websocket } = JSON.parse(text) as Readonly<Record<string, string[]>>;
      return { client: portOf(nats?.[0]), socket: portOf(websocket?.[0]) };
    }
    await pause(20);
  }
  throw new Error('nats-server did not start');
}
