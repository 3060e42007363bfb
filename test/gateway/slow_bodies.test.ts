// Clients that hold a body back: they are cut, wherever a body is read

import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerAgent, startAuthority, type RunningAuthority } from '../support/authority.ts';
import { bearerToken } from '../support/revocation.ts';

let world: RunningAuthority;
let token: string;

beforeAll(async () => {
  world = await startAuthority();
  token = await bearerToken(world.url, await registerAgent(world, 'planner'), 'planner');
});
afterAll(() => world.stop());

/** Sends half of a body, and then nothing; answers the status line and how long it took. */
function holdBack(path: string, type: string): Promise<{ status: string; seconds: number }> {
  const { hostname, port } = new URL(world.url);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const head = [
        `POST ${path} HTTP/1.1`,
        'Host: x',
        `Authorization: Bearer ${token}`,
        `Content-Type: ${type}`,
        'Content-Length: 1000',
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n{"a":`);
    });
    socket.setTimeout(30_000, () => socket.destroy(new Error('Nobody cut it')));
    socket.on('error', reject);
    socket.once('data', (data) => {
      const [status = ''] = data.toString('latin1').split('\r\n');
      socket.destroy();
      resolve({ status, seconds: (performance.now() - began) / 1000 });
    });
  });
}

test('a body that stops in the middle is cut, on every route that reads one', async () => {
  const outcomes = await Promise.all([
    holdBack('/bus/messages', 'application/json'),
    holdBack('/enroll', 'application/json'),
    holdBack('/token', 'application/x-www-form-urlencoded'),
  ]);
  for (const { status, seconds } of outcomes) {
    expect(status).toMatch(/^HTTP\/1\.1 400 /);
    expect(seconds).toBeLessThan(20);
  }
});
