// The bus client over a socket against the real gateway: renewed, broken, revoked, and over HTTP instead

import { afterAll, describe, expect, test } from 'vitest';
import type { AccessTokenSource, ReceivedMessage } from '../../src/index.ts';
import { minter, newAgent, busClient, socketWire, wire } from '../support/bus_clients.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { startTcpProxy } from '../support/tcp_proxy.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const asked = { type: 'REQUEST', subject: 'review-code' } as const;

describe.each([
  ['a bound token', true],
  ['a bearer token', false],
])('with %s', (_what, bound) => {
  test('a client over a socket sends, receives byte for byte, and acknowledges', async () => {
    const [from, to] = [newAgent('planner'), newAgent('reviewer')];
    const sender = await busClient(gateway, from, { bound });
    const receiver = await busClient(gateway, to, { bound });
    const payload = { text: 'Grüße \u2028 "quoted"', n: 1e21, deep: [[{}], null] };
    const part = { ...asked, to, payload, ttl: 60 };
    const id = await sender.send(part);
    const [message, ...others] = await receiver.receive({ wait: 5 });
    expect(others).toEqual([]);
    expect(message).toMatchObject({ ...part, id, sender: from, via: [] });
    expect(message?.leaseUntil).toBeGreaterThan(Date.now() / 1000 + 20);
    await receiver.acknowledge(message?.id ?? '');
    await receiver.close();
    const later = await busClient(gateway, to, { bound, transport: 'http' });
    expect(await later.receive()).toEqual([]);
    await sender.close();
  });

  test('request() gets its response over sockets of two isolates', async () => {
    const [from, to] = [newAgent('planner'), newAgent('reviewer')];
    const asker = await busClient(gateway, from, { bound, transport: 'auto' });
    const WebSocket = socketWire(gateway.otherUrl);
    const answerer = await busClient(gateway, to, { bound, WebSocket, transport: 'auto' });
    const answering = (async () => {
      for await (const { id, sender, subject, payload } of answerer.messages()) {
        const answer = { request_id: id, length: String(payload['text']).length };
        await answerer.send({ to: sender, type: 'RESPONSE', subject, payload: answer });
      }
    })().catch((error: unknown) => error);
    for (const text of ['one', 'three']) {
      const response = await asker.request({ to, subject: 'count', payload: { text } });
      expect(response.payload['length']).toBe(text.length);
      expect(response.sender).toBe(to);
    }
    await answerer.close();
    expect(String(await answering)).toContain('AbortError');
    expect(WebSocket.opened).toHaveLength(1);
    await asker.close();
  });
});

test('messages() yields each message once while connections are cut again and again', async () => {
  const [from, to] = [newAgent('planner'), newAgent('worker')];
  const [here, there] = [await startTcpProxy(gateway.url), await startTcpProxy(gateway.otherUrl)];
  const receiver = await busClient(gateway, to, { WebSocket: socketWire(here.url) });
  const WebSocket = socketWire(there.url);
  const sender = await busClient(gateway, from, { WebSocket, attempts: 20 });
  const seen: number[] = [];
  const listening = (async () => {
    for await (const { payload } of receiver.messages()) {
      if (seen.push(Number(payload['n'])) % 20 === 0) here.cut();
      if (seen.length === 100) return;
    }
  })();
  for (let n = 0; n < 100; n++) {
    const sent = sender.send({ ...asked, to, payload: { n } });
    if (n % 30 === 29) there.cut();
    await sent;
  }
  await listening;
  expect(seen.toSorted((a, b) => a - b)).toEqual([...Array(100).keys()]);
  expect(here.taken()).toBeGreaterThan(4);
  expect(there.taken()).toBeGreaterThan(3);
  await receiver.close();
  await sender.close();
  const later = await busClient(gateway, to, { transport: 'http' });
  // The last one broke off before it was acknowledged
  const left = await later.receive({ max: 100 });
  expect(left.map(({ payload }) => payload['n'])).toEqual(seen.slice(-1));
  for (const proxy of [here, there]) await proxy.stop();
});

test('a socket is renewed in place as its tokens end', async () => {
  const [from, to] = [newAgent('planner'), newAgent('worker')];
  const mint = await minter(gateway, to, { lifetime: 3 });
  let issued = 0;
  let current = await mint();
  const source: AccessTokenSource = {
    token: async () => {
      if (current.expiresAt - Date.now() / 1000 < 2) {
        current = await mint();
        issued++;
      }
      return current;
    },
  };
  const WebSocket = socketWire(gateway.url);
  const receiver = await busClient(gateway, to, { source, WebSocket });
  const received: ReceivedMessage[] = [];
  const listening = (async () => {
    for await (const message of receiver.messages()) {
      received.push(message);
      return;
    }
  })();
  // The first token and its tolerance of 5 s are over long before the fifth
  await expect.poll(() => issued, { timeout: 30_000 }).toBeGreaterThan(4);
  const sender = await busClient(gateway, from, { transport: 'http' });
  await sender.send({ ...asked, to, payload: {} });
  await listening;
  expect(received).toHaveLength(1);
  expect(WebSocket.opened).toHaveLength(1);
  await receiver.close();
});

test('a socket that ended with its token is opened again with another one', async () => {
  const to = newAgent('worker');
  const mint = await minter(gateway, to, { lifetime: 2 });
  let current = await mint();
  const WebSocket = socketWire(gateway.url);
  const codes: number[] = [];
  // A source that has nothing new until the socket has ended
  const source: AccessTokenSource = {
    token: async () => {
      if (codes.length > 0) current = await mint();
      return current;
    },
  };
  const receiver = await busClient(gateway, to, { source, WebSocket });
  const waiting = receiver.messages().next();
  await expect.poll(() => WebSocket.opened.length).toBe(1);
  WebSocket.opened[0]?.addEventListener('close', ({ code }) => codes.push(code));
  await expect.poll(() => WebSocket.opened.length, { timeout: 20_000 }).toBeGreaterThan(1);
  expect(codes).toEqual([4401]);
  const sender = await busClient(gateway, newAgent('planner'), { transport: 'http' });
  await sender.send({ ...asked, to, payload: { n: 1 } });
  expect((await waiting).value?.payload).toEqual({ n: 1 });
  await receiver.close();
});

test('a client takes the subjects that it wants, and leaves the others in the mailbox', async () => {
  const [from, to] = [newAgent('planner'), newAgent('worker')];
  const receiver = await busClient(gateway, to, { subjects: ['review-*', 'urgent'] });
  const sender = await busClient(gateway, from);
  for (const subject of ['review-code', 'other', 'urgent', 'urgent-too']) {
    await sender.send({ type: 'REQUEST', subject, to, payload: {} });
  }
  const seen: string[] = [];
  for await (const { subject } of receiver.messages()) if (seen.push(subject) === 2) break;
  expect(seen).toEqual(['review-code', 'urgent']);
  await receiver.close();
  await sender.close();
  const rest = await busClient(gateway, to, { transport: 'http' });
  const left = await rest.receive();
  // The second broke off before it was acknowledged
  expect(left.map(({ subject }) => subject)).toEqual(['other', 'urgent', 'urgent-too']);
});

test('a client over a socket passes on the gateway’s codes', async () => {
  const [from, to] = [newAgent('planner'), newAgent('reviewer')];
  const part = { ...asked, to, payload: {} };
  const poor = await busClient(gateway, from, { scope: 'bus:receive' });
  await expect(poor.send(part)).rejects.toMatchObject({ code: 'scope_insufficient', status: 403 });
  const mute = await busClient(gateway, from, { scope: 'bus:publish' });
  await expect(mute.messages().next()).rejects.toMatchObject({ code: 'scope_insufficient' });
  const client = await busClient(gateway, from);
  await expect(client.send({ ...part, from: 'mallory' })).rejects.toMatchObject({
    code: 'sender_mismatch',
  });
  await expect(client.send({ ...part, type: 'VETO' })).rejects.toMatchObject({
    code: 'scope_insufficient',
  });
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
  const source = { token: async () => ({ token, scheme: 'Bearer', expiresAt: Infinity }) as const };
  const forger = await busClient(gateway, from, { source });
  const refused: unknown = await forger
    .messages()
    .next()
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ status: 401 });
  expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain('eyJ');
  for (const each of [poor, mute, client, forger]) await each.close();
});

test('without a gateway that opens sockets, auto waits over HTTP, and says so', async () => {
  const [from, to] = [newAgent('planner'), newAgent('reviewer')];
  const ways: string[] = [];
  const receiver = await busClient(gateway, to, {
    transport: 'auto',
    WebSocket: socketWire('http://127.0.0.1:1'),
    onTransport: (way) => ways.push(way),
  });
  const waiting = receiver.messages().next();
  const sender = await busClient(gateway, from, { transport: 'auto', fetch: wire(gateway.url) });
  await sender.send({ ...asked, to, payload: { n: 1 } });
  expect((await waiting).value?.payload).toEqual({ n: 1 });
  expect(ways).toEqual(['http']);
  await receiver.close();
});

test('a client’s proof names the public address, whatever the socket connects to', async () => {
  expect(publicUrl.startsWith('https:')).toBe(true);
  const client = await busClient(gateway, newAgent('planner'));
  expect(await client.receive()).toEqual([]);
  await client.close();
});
