// A gateway whose bus is elsewhere, over real HTTP: what agents see is the same

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBusService, type RunningBusService } from '../support/bus_service.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import { createSwarm, idsOf, type Swarm } from '../support/swarm.ts';

const [older, newer] = [
  'an-older-secret-of-gateways-0123456789',
  'a-newer-secret-of-gateways-0123456',
];

let bus: RunningBusService;
let gateway: RunningGateway;
let swarm: Swarm;

beforeAll(async () => {
  bus = await startBusService(`${newer},${older}`);
  const variables = { BUS: 'http', BUS_URL: bus.url, BUS_SECRET: older };
  gateway = await startGateway({ variables });
  swarm = await createSwarm(gateway);
});

afterAll(async () => {
  await gateway.stop();
  await bus.stop();
});

describe('BUS=http', () => {
  test('delivers byte for byte, with the authenticated sender, through both isolates', async () => {
    const { id: to, token } = await swarm.agent();
    const { id, text } = await makeEnvelope({ to, payload: '{ "ä": 1.0 }' });
    expect(codeOf(await swarm.post(text))).toBe('202');
    expect(codeOf(await swarm.post(text, swarm.planner, gateway.otherUrl))).toBe('202');
    const answer = await swarm.get(token, '?wait=5', gateway.otherUrl);
    expect(answer.text).toContain(`"message":${text}`);
    expect(JSON.parse(answer.text)).toMatchObject({ messages: [{ sender: 'planner', via: [] }] });
    expect(codeOf(await swarm.acknowledge(token, id))).toBe('204');
    expect(await swarm.receive(token)).toEqual([]);
    expect(await swarm.depthOf(to)).toBe(0);
  });

  test('a used nonce is refused before the bus is asked', async () => {
    const { id: to, token } = await swarm.agent();
    const first = await makeEnvelope({ to });
    expect(codeOf(await swarm.post(first.text))).toBe('202');
    const again = await makeEnvelope({ to, nonce: first.nonce });
    expect(codeOf(await swarm.post(again.text))).toBe('409 message_replayed');
    expect(idsOf(await swarm.receive(token))).toEqual([first.id]);
  });

  test('has no sockets, and says so', async () => {
    const answer = await call(`${gateway.url}/bus/connect`, { token: swarm.planner });
    expect(codeOf(answer)).toBe('404 route_unknown');
  });

  test('who waits hears of a message', async () => {
    const { id: to, token } = await swarm.agent();
    const receiving = swarm.receive(token, '?wait=20');
    const id = await swarm.sent({ to });
    expect(idsOf(await receiving)).toEqual([id]);
  });

  test('a broadcast reaches the others', async () => {
    const { token } = await swarm.agent();
    expect(await swarm.receive(token)).toEqual([]);
    const id = await swarm.sent({ to: '*', type: 'BROADCAST' });
    expect(idsOf(await swarm.receive(token, '?wait=20'))).toEqual([id]);
  });

  test('answers 503 as long as the bus is not there, or does not know the secret', async () => {
    const refused = { BUS: 'http', BUS_URL: bus.url, BUS_SECRET: 'x'.repeat(40) };
    const nowhere = { BUS: 'http', BUS_URL: 'http://127.0.0.1:9', BUS_SECRET: older };
    for (const variables of [refused, nowhere]) {
      const other = await startGateway({ variables });
      try {
        const there = await createSwarm(other);
        expect(codeOf(await there.send({}))).toBe('503 bus_unavailable');
        expect(codeOf(await there.get(there.planner))).toBe('503 bus_unavailable');
        expect(other.logs()).not.toContain(variables.BUS_SECRET);
      } finally {
        await other.stop();
      }
    }
  });
});

interface AskOptions {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('the bus service', () => {
  const ask = (path: string, init: AskOptions = {}, secret = newer): Promise<Response> =>
    fetch(bus.url + path, {
      ...init,
      headers: { authorization: `Bearer ${secret}`, ...init.headers },
    });

  test.each([
    ['no secret', ''],
    ['another secret', 'b'.repeat(38)],
    ['a part of one', newer.slice(0, -1)],
    ['both', `${newer},${older}`],
  ])('is closed to %s', async (_name, secret) => {
    expect((await ask('/v1/status?mailbox=a', {}, secret)).status).toBe(401);
  });

  test.each([
    ['/v1/status', 'GET', 400],
    ['/v1/status?mailbox=..', 'GET', 400],
    ['/v1/status?mailbox=a&mailbox=b', 'GET', 400],
    ['/v1/leases?mailbox=a&max=101', 'POST', 400],
    ['/v1/messages?mailbox=a&id=1', 'DELETE', 400],
    ['/v1/messages', 'POST', 400],
    ['/v1/ready?mailbox=a&wait_ms=-1', 'GET', 400],
    ['/v2/status?mailbox=a', 'GET', 404],
    ['/status?mailbox=a', 'GET', 404],
    ['/v1/constructor', 'GET', 404],
  ])('refuses %s', async (path, method, status) => {
    expect((await ask(path, { method })).status).toBe(status);
  });

  test('stores no message whose digest is of another one', async () => {
    const id = crypto.randomUUID();
    const headers = {
      'bus-sender': 'planner',
      'bus-via': '',
      'bus-to': 'worker',
      'bus-id': id,
      'bus-digest': '0'.repeat(64),
      'bus-sent-at': String(Date.now()),
      'bus-expires-at': String(Date.now() + 60_000),
      'bus-store-before': String(Date.now() + 10_000),
    };
    expect((await ask('/v1/messages', { method: 'POST', body: '{}', headers })).status).toBe(400);
    const status = await ask('/v1/status?mailbox=worker');
    expect(await status.json()).toEqual({ mailbox: 'worker', queued: 0, leased: 0 });
  });
});
