// HAProxy as a peer of the gateway: jwt_verify on every request, started and stopped by the bench.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServer, type Server } from '../../scripts/server_table.ts';
import { freePort } from './workers.ts';

const program: Server = {
  name: 'haproxy',
  variable: 'HAPROXY_PATH',
  folders: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
  packages: ['haproxy'],
  elsewhere: 'brew install haproxy',
};

/** HAProxy that runs. */
export interface Peer {
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

/** The checks of the gateway that it has words for: algorithm, signature, issuer, expiry. */
const configuration = (port: number, key: string, issuer: string): string => `
global
  nbthread 1
  maxconn 1000
defaults
  mode http
  timeout client 10s
  timeout connect 1s
  timeout server 10s
frontend gate
  bind 127.0.0.1:${port}
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request deny deny_status 401 unless { var(txn.alg) -m str ES256 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"${key}") 1 }
  http-request deny deny_status 401 unless { var(txn.iss) -m str ${issuer} }
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
  http-request return status 200 content-type application/json string '{"status":"ok"}'
`;

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Starts it; `undefined` where it is not installed. */
export async function startHaproxy(publicPem: string, issuer: string): Promise<Peer | undefined> {
  const path = findServer(program);
  if (path === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'swarmgate-haproxy-'));
  const key = join(folder, 'key.pem');
  const file = join(folder, 'haproxy.cfg');
  const port = await freePort();
  writeFileSync(key, publicPem);
  writeFileSync(file, configuration(port, key, issuer));
  const child = spawn(path, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const end = performance.now() + 5000; !(await isOpen(port));) {
    if (child.exitCode !== null || performance.now() > end) {
      await stop();
      throw new Error(`haproxy does not start: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url: `http://127.0.0.1:${port}/whoami`, pid: child.pid ?? 0, stop };
}
