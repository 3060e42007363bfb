// A gateway without an authority: nobody tells it of revocations, and its idle sockets end all the same

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { revocationHash, type FeedRecord } from '../../src/index.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { openBearer } from '../support/sockets.ts';
import { makeKey, mintToken, type TestKey } from '../support/tokens.ts';

const [followed, other] = ['https://followed.example', 'https://other.example'];
const records: FeedRecord[] = [];
let isDown = false;
let keys: Readonly<Record<string, TestKey>>;
let server: Server;
let gateway: RunningGateway;

beforeAll(async () => {
  keys = { [followed]: await makeKey(), [other]: await makeKey() };
  server = createServer((_request, response) => {
    response.statusCode = isDown ? 500 : 200;
    response.setHeader('content-type', 'application/json');
    const as_of = Math.floor(Date.now() / 1000);
    const page = { issuer: followed, seq: records.length, as_of, full: true, records };
    response.end(JSON.stringify(page));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const trusted = Object.entries(keys).map(([issuer, { publicJwk }]) => ({
    issuer,
    jwks: { keys: [publicJwk] },
    ...(issuer === followed ? { revocations_uri: `http://127.0.0.1:${port}/revocations` } : {}),
  }));
  gateway = await startGateway({ variables: { TRUSTED_ISSUERS: JSON.stringify(trusted) } });
});
afterAll(async () => {
  await gateway.stop();
  server.close();
});

async function open(issuer: string, id: string) {
  const key = keys[issuer] ?? (await makeKey());
  const claims = { sid: id };
  const token = await mintToken(key, issuer, id, 'bus:publish bus:receive', { claims });
  return openBearer(gateway.url, token);
}

async function record(issuer: string, value: string): Promise<void> {
  const h = await revocationHash({ kind: 'session', issuer, value });
  const exp = Math.floor(Date.now() / 1000) + 3600;
  records.push({ seq: records.length + 1, kind: 'session', h, exp });
}

test('a sleeping socket of a followed issuer ends soon after its feed says so, no other one', async () => {
  const [mine, neighbour, stranger] = [
    await open(followed, 'mine'),
    await open(followed, 'neighbour'),
    await open(other, 'stranger'),
  ];
  for (const id of ['mine', 'neighbour', 'stranger']) await gateway.evict('Mailbox', id);
  // Long before the sockets' own look at their tokens, which comes every 30 s
  const began = performance.now();
  await record(followed, 'mine');
  await record(other, 'stranger');
  const { code, at } = await mine.closed;
  expect(code).toBe(4403);
  process.stdout.write(`a socket by a feed: closed after ${Math.round(at - began)} ms\n`);
  expect(at - began).toBeLessThan(5000);
  for (const socket of [neighbour, stranger]) {
    socket.send({ type: 'publish', ref: 'r', message: {} });
    expect(await socket.next()).toMatchObject({ code: 'message_malformed' });
    socket.close();
  }
});

test('while the feed is down nothing passes, and nothing is closed; afterwards it goes on', async () => {
  const socket = await open(followed, 'patient');
  isDown = true;
  const ask = async (): Promise<unknown> => {
    socket.send({ type: 'publish', ref: 'r', message: {} });
    return (await socket.next())['code'];
  };
  await expect.poll(ask, { timeout: 10_000, interval: 200 }).toBe('revocation_unavailable');
  isDown = false;
  await expect.poll(ask, { timeout: 10_000, interval: 200 }).toBe('message_malformed');
  socket.close();
});
