// wrk: load over HTTP with a fixed number of connections, each request with the next of many headers.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findServer, type Server } from '../../scripts/server_table.ts';

const wrkProgram: Server = {
  name: 'wrk',
  variable: 'WRK_PATH',
  folders: ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'],
  packages: ['wrk'],
  elsewhere: 'brew install wrk',
};

/** Where wrk is; says what is missing where it is not. */
export function findWrk(): string {
  const path = findServer(wrkProgram);
  if (path !== undefined) return path;
  throw new Error('wrk is missing: sudo apt-get install -y --no-install-recommends wrk');
}

/** What one run of wrk has seen. */
export interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  readonly requests: number;
}

/** How to load. */
export interface LoadOptions {
  readonly wrk: string;
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** A file with one bearer token on each line. */
  readonly tokens: string;
  /** How many of them are used. */
  readonly first: number;
  /** The one to begin after. */
  readonly skip?: number;
  /** The core for wrk itself. */
  readonly core?: number | undefined;
}

const script = new URL('wrk.lua', import.meta.url).pathname;

/** Loads an address, and counts every answer that is not 2xx as failed. */
export async function load(options: LoadOptions): Promise<Load> {
  const { wrk, url, connections, seconds, tokens, core, first, skip = 0 } = options;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url, '--', tokens];
  const command = [wrk, ...args, String(first), String(skip)];
  const [program = '', ...rest] =
    core === undefined ? command : ['taskset', '-c', String(core), ...command];
  const { stdout } = await promisify(execFile)(program, rest);
  const line = stdout.split('\n').find((text) => text.startsWith('RESULT '));
  if (line === undefined) throw new Error(`wrk said nothing of use: ${stdout}`);
  const [requests = 0, micros = 1, p50 = 0, p99 = 0, failed = 0] = line
    .split(' ')
    .slice(1)
    .map(Number);
  return { rate: requests / (micros / 1e6), p50: p50 / 1000, p99: p99 / 1000, failed, requests };
}
