// Waiting for a message: what ends a wait, and what becomes of those who hung up

import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { codeOf } from '../support/http.ts';
import { createSwarm, idsOf } from '../support/swarm.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, otherUrl } = gateway;
const { mint, agent, sent, get, receive, oneSecond } = await createSwarm(gateway);

/** Opens a connection that waits for a message, without reading the answer. */
function openWait(token: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = ['GET /bus/messages?wait=30 HTTP/1.1', 'Host: x', `Authorization: Bearer ${token}`];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

describe('waiting', () => {
  test('ends when a message arrives, through whichever isolate', async () => {
    const { id: to, token } = await agent();
    const waiting = receive(token, '?wait=30');
    await oneSecond();
    const began = performance.now();
    const id = await sent({ to }, otherUrl);
    expect(idsOf(await waiting)).toEqual([id]);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test('ends by itself, with nothing', async () => {
    const { token } = await agent();
    const began = performance.now();
    expect(await receive(token, '?wait=1')).toEqual([]);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test('wakes all who wait, and each message goes to one of them', async () => {
    const { id: to, token } = await agent();
    const waiting = Array.from({ length: 5 }, () => receive(token, '?wait=3&max=1'));
    await oneSecond();
    const all = await Promise.all([sent({ to }), sent({ to }, otherUrl), sent({ to })]);
    const received = (await Promise.all(waiting)).flatMap((messages) => idsOf(messages));
    expect(received.toSorted()).toEqual(all.toSorted());
  });

  test('ends with the token, however long it was to last', async () => {
    const { id: to, token } = await agent();
    const now = Math.floor(Date.now() / 1000);
    const expiring = await mint(to, 'bus:receive', { claims: { iat: now - 60, exp: now + 2 } });
    const began = performance.now();
    expect(await receive(expiring, '?wait=30')).toEqual([]);
    expect(performance.now() - began).toBeLessThan(4_000);
    const id = await sent({ to });
    expect(idsOf(await receive(token))).toEqual([id]);
  });

  test('leases nothing to a client that hung up', async () => {
    const { id: to, token } = await agent();
    const socket = openWait(token);
    await oneSecond();
    socket.resetAndDestroy();
    await oneSecond();
    const id = await sent({ to });
    expect(idsOf(await receive(token, '?wait=5'))).toEqual([id]);
  });

  test(
    'a hundred clients that hung up are not in the way for long',
    { timeout: 20_000 },
    async () => {
      const { token } = await agent();
      const sockets = Array.from({ length: 100 }, () => openWait(token));
      await oneSecond();
      expect(codeOf(await get(token, '?wait=1'))).toBe('429 rate_limited');
      for (const socket of sockets) socket.resetAndDestroy();
      const { token: nobody } = await agent();
      expect(await receive(nobody, '?wait=6')).toEqual([]);
      expect(codeOf(await get(token, '?wait=1'))).toBe('200');
    },
  );
});
