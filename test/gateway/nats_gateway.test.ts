// A gateway whose bus is NATS: what agents see is the same, also when the server is killed in the middle

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { bundleEntry } from '../support/gateway_build.ts';
import { call, codeOf } from '../support/http.ts';
import { startNats, type NatsServer } from '../support/nats_server.ts';
import { createSwarm, idsOf, type Swarm } from '../support/swarm.ts';

const token = 'a-token-of-nats-0123456789';

let nats: NatsServer;
let gateway: RunningGateway;
let swarm: Swarm;

beforeAll(async () => {
  const [script, server] = await Promise.all([bundleEntry('worker/nats.ts'), startNats({ token })]);
  nats = server;
  const variables = { BUS: 'nats', BUS_URL: nats.url, BUS_SECRET: token };
  gateway = await startGateway({ script, variables });
  swarm = await createSwarm(gateway);
});

afterAll(async () => {
  await gateway.stop();
  await nats.stop();
});

describe('BUS=nats', () => {
  test('delivers byte for byte, with the authenticated sender, through both isolates', async () => {
    const { id: to, token: reader } = await swarm.agent();
    const { id, text } = await makeEnvelope({ to, payload: '{ "ä": 1.0 }' });
    expect(codeOf(await swarm.post(text))).toBe('202');
    expect(codeOf(await swarm.post(text, swarm.planner, gateway.otherUrl))).toBe('202');
    const answer = await swarm.get(reader, '?wait=5', gateway.otherUrl);
    expect(answer.text).toContain(`"message":${text}`);
    expect(JSON.parse(answer.text)).toMatchObject({ messages: [{ sender: 'planner', via: [] }] });
    expect(codeOf(await swarm.acknowledge(reader, id))).toBe('204');
    expect(await swarm.receive(reader)).toEqual([]);
  });

  test('has no sockets, and says so', async () => {
    const answer = await call(`${gateway.url}/bus/connect`, { token: swarm.planner });
    expect(codeOf(answer)).toBe('404 route_unknown');
  });

  test('who waits hears of a message', async () => {
    const { id: to, token: reader } = await swarm.agent();
    const receiving = swarm.receive(reader, '?wait=20');
    const id = await swarm.sent({ to });
    expect(idsOf(await receiving)).toEqual([id]);
  });

  test('a broadcast reaches the others', async () => {
    const { token: reader } = await swarm.agent();
    expect(await swarm.receive(reader)).toEqual([]);
    const id = await swarm.sent({ to: '*', type: 'BROADCAST' });
    expect(idsOf(await swarm.receive(reader, '?wait=20'))).toEqual([id]);
  });

  test('killed: 503 at once, to who waits too; back: nothing accepted is lost', async () => {
    const { id: to, token: reader } = await swarm.agent();
    const { id: idle, token: waiter } = await swarm.agent();
    const leased = await swarm.sent({ to });
    const done = await swarm.sent({ to });
    expect(idsOf(await swarm.receive(reader, '?max=2')).toSorted()).toEqual(
      [leased, done].toSorted(),
    );
    expect(codeOf(await swarm.acknowledge(reader, done))).toBe('204');
    const queued = await swarm.sent({ to });
    const waiting = swarm.get(waiter, '?wait=30');
    await swarm.depthOf(idle);

    await nats.kill();
    expect(codeOf(await waiting)).toBe('503 bus_unavailable');
    const unsent = await makeEnvelope({ to });
    for (const ask of [
      () => swarm.post(unsent.text),
      () => swarm.get(reader),
      () => swarm.acknowledge(reader, leased),
    ]) {
      const began = performance.now();
      const answer = await ask();
      expect(codeOf(answer)).toBe('503 bus_unavailable');
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(performance.now() - began).toBeLessThan(3000);
    }

    await nats.restart();
    // The same message, as a client sends it again: once, although nobody knows what became of it
    expect(codeOf(await swarm.post(unsent.text))).toBe('202');
    expect(codeOf(await swarm.post(unsent.text))).toBe('202');
    const found = await collect(reader, 3);
    expect(found.toSorted()).toEqual([leased, queued, unsent.id].toSorted());
    for (const id of found) expect(codeOf(await swarm.acknowledge(reader, id))).toBe('204');
    expect(await swarm.receive(reader)).toEqual([]);
  });
});

/** Receives until so many messages have come, those whose lease must end first too. */
async function collect(reader: string, count: number): Promise<string[]> {
  const found = new Set<string>();
  const end = Date.now() + 50_000;
  while (found.size < count && Date.now() < end) {
    for (const id of idsOf(await swarm.receive(reader, '?wait=10'))) found.add(id);
  }
  return [...found];
}

describe('a Worker without NATS', () => {
  test('refuses BUS=nats, and says which Worker has it', async () => {
    const variables = { BUS: 'nats', BUS_URL: nats.url, BUS_SECRET: token };
    const plain = await startGateway({ variables });
    try {
      expect((await fetch(`${plain.url}/health`)).status).toBe(503);
      // Its log comes after its answer
      await expect.poll(() => plain.logs()).toContain('BUS is \\"nats\\": deploy worker/nats.ts');
    } finally {
      await plain.stop();
    }
  });
});
