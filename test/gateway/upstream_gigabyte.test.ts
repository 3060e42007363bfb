// Half a gigabyte or a whole one from a service, and the most that a request may carry: they arrive whole, and are never held in memory

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startGateway } from '../support/gateway.ts';
import { times } from '../support/long_form.ts';
import { mintToken } from '../support/tokens.ts';

const mebibyte = 1024 ** 2;
const gigabyte = 1024 * mebibyte;
const largest = 100 * mebibyte;
/** More than the allowance below, in either form. */
const mebibytes = times({ short: 512, long: 1024 });
/**
 * What workerd may grow by meanwhile, in bytes. It lets garbage of some hundred mebibytes lie before it
 * collects it, the same for a quarter of a gigabyte as for a whole one.
 */
const allowance = 384 * mebibyte;
const piece = Buffer.alloc(262_144, 'x');

let received = 0;
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'PUT') {
    received = 0;
    request.on('data', (chunk: Buffer) => (received += chunk.length));
    request.on('end', () => response.end());
    return;
  }
  const length = Number(request.url?.split('/').at(-1)) * mebibyte;
  let sent = 0;
  const more = (): void => {
    while (sent < length && !response.destroyed) {
      sent += piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

const server = createServer(serve);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const limits = { max_request_bytes: largest, max_response_bytes: 2 * gigabyte };
const route = { prefix: '/big', upstream: `http://127.0.0.1:${port}`, methods: ['GET', 'PUT'] };
const gateway = await startGateway({
  variables: { ROUTES: JSON.stringify([{ ...route, scopes: [], timeout: 120, ...limits }]) },
});
afterAll(async () => {
  await gateway.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The memory of this test's workerd, in bytes. */
function memoryOfRuntime(): number {
  const parents = new Map<number, number>();
  const names = new Map<number, string>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const [, name = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/.exec(stat) ?? [];
      parents.set(Number(entry), Number(parent));
      names.set(Number(entry), name);
    } catch {
      // It has ended meanwhile
    }
  }
  const isOwn = (pid: number): boolean => pid === process.pid || isChild(pid);
  const isChild = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent > 1 && isOwn(parent);
  };
  const own = [...names].filter(([pid, name]) => name.startsWith('workerd') && isChild(pid));
  if (own.length === 0) throw new Error('There is no runtime');
  const sizes = own.map(([pid]) => {
    const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    return Number(pages) * 4096;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The most that it had while something went on. */
async function peakDuring(work: Promise<unknown>): Promise<number> {
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, memoryOfRuntime())), 100);
  try {
    await work;
  } finally {
    clearInterval(sampling);
  }
  return peak;
}

const token = await mintToken(gateway.key, gateway.issuer, 'planner', 'tool:exec');
const headers = { authorization: `Bearer ${token}` };

async function download(mebibytes: number): Promise<number> {
  const response = await fetch(`${gateway.url}/big/${mebibytes}`, { headers });
  expect(response.status).toBe(200);
  let length = 0;
  for await (const chunk of response.body ?? []) length += (chunk as Uint8Array).length;
  return length;
}

test(`${mebibytes} MiB come back whole, piece by piece`, { timeout: 240_000 }, async () => {
  const before = memoryOfRuntime();
  const work = download(mebibytes);
  const peak = await peakDuring(work);
  expect(await work).toBe(mebibytes * mebibyte);
  expect(peak - before).toBeLessThan(allowance);
});

test('the largest request is taken whole, piece by piece', { timeout: 180_000 }, async () => {
  const before = memoryOfRuntime();
  let left = largest;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left === 0) return controller.close();
        left -= piece.length;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
  const upload = async (): Promise<void> => {
    const request = { method: 'PUT', headers, body, duplex: 'half' } as RequestInit;
    expect((await fetch(`${gateway.url}/big/x`, request)).status).toBe(200);
  };
  const peak = await peakDuring(upload());
  expect(received).toBe(largest);
  expect(peak - before).toBeLessThan(largest / 2);
});
