// Sockets of clients that do what no honest one does, and frames that come faster than they are done

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { openRaw, type RawSocket } from '../support/raw_sockets.ts';
import { openBearer, openBound, socketProof, type TestSocket } from '../support/sockets.ts';
import { createSwarm, type Swarm } from '../support/swarm.ts';
import { boundTo, makeKey } from '../support/tokens.ts';

let gateway: RunningGateway;
let swarm: Swarm;
beforeAll(async () => {
  gateway = await startGateway();
  swarm = await createSwarm(gateway);
});
afterAll(() => gateway.stop());

let made = 0;
const freshId = (): string => `abuser-${++made}`;

async function publish(socket: TestSocket, to: string, subject: string): Promise<string> {
  const { id, text } = await makeEnvelope({ to, subject });
  socket.send(`{"type":"publish","ref":"${id}","message":${text}}`);
  return id;
}

/** The next frames: which messages were accepted and which came, in the order of their ids. */
async function frames(socket: TestSocket, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const { type, id, message } = await socket.next();
    const named = type === 'message' ? (message as { id: string }).id : id;
    found.push(`${String(type)} ${String(named)}`);
  }
  return found.toSorted();
}

describe('frames of one socket', () => {
  test('take effect in the order in which they came, however long each takes', async () => {
    const id = freshId();
    const socket = await openBearer(gateway.url, await swarm.mint(id, 'bus:publish bus:receive'));
    for (let round = 0; round < 10; round++) {
      const subjects = Array.from({ length: 32 }, (_, at) => `round${round}-${at}`);
      socket.send({ type: 'subscribe', subjects });
      socket.send({ type: 'subscribe', subjects: ['other'] });
      const unwanted = await publish(socket, id, `round${round}-3`);
      expect(await frames(socket, 1)).toEqual([`accepted ${unwanted}`]);
      const wanted = await publish(socket, id, 'other');
      expect(await frames(socket, 2)).toEqual([`accepted ${wanted}`, `message ${wanted}`]);
      socket.send({ type: 'ack', ids: [wanted] });
    }
    await expect.poll(() => swarm.depthOf(id)).toBe(10);
    socket.close();
  });

  test('after a renewal are frames of the new token', async () => {
    const [id, key] = [freshId(), await makeKey()];
    const mint = (scope: string): Promise<string> =>
      swarm.mint(id, scope, { claims: boundTo(key) });
    const socket = await openBound(gateway.url, key, await mint('bus:receive'));
    const narrower = await mint('bus:receive:news');
    socket.send({ type: 'reauth', token: narrower, proof: await socketProof(key, narrower) });
    socket.send({ type: 'subscribe', subjects: ['other'] });
    expect(await socket.next()).toMatchObject({ type: 'reauthed' });
    expect(await socket.next()).toEqual({ type: 'error', code: 'scope_insufficient' });
    socket.close();
  });
});

describe('a client that does not let go of closed sockets', () => {
  test('has 64 connections to its mailbox at most, and others have theirs', async () => {
    const token = await swarm.mint(freshId(), 'bus:receive');
    const opened: RawSocket[] = [];
    const statuses: number[] = [];
    for (let at = 0; at < 80; at++) {
      const socket = await openRaw(gateway.url, token);
      opened.push(socket);
      statuses.push(socket.status);
      // Binary: the gateway closes it, and the client does not answer
      if (socket.status === 101) socket.write('x', 2);
    }
    const refusedAt = statuses.indexOf(429);
    expect(refusedAt).toBeGreaterThanOrEqual(32);
    expect(refusedAt).toBeLessThanOrEqual(64);
    expect(statuses.slice(64).every((status) => status === 429)).toBe(true);
    (await openBearer(gateway.url, await swarm.mint(freshId(), 'bus:receive'))).close();
    for (const { tcp } of opened) tcp.destroy();
    await expect
      .poll(async () => {
        const { status, tcp } = await openRaw(gateway.url, token);
        tcp.destroy();
        return status;
      })
      .toBe(101);
  });
});

describe('refused frames', () => {
  test('cost more than others: whoever goes on with them is closed', async () => {
    const token = await swarm.mint(freshId(), 'bus:receive');
    const socket = await openBearer(gateway.url, token);
    // A third of what frames may be at once, and each one refused
    for (let at = 0; at < 300; at++) socket.send('{"type":"subscribe","subjects":["a"]}');
    for (let at = 0; at < 300; at++) {
      socket.send(`{"type":"publish","ref":"${at}","message":{}}`);
    }
    expect(await socket.closed).toMatchObject({ code: 4429, reason: 'rate_limited' });
  });
});
