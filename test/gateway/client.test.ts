// The bus client against the real gateway, over real HTTP, with tokens of an issuer that it trusts

import { afterAll, describe, expect, test } from 'vitest';
import type { BusClient, BusClientOptions, ClientFetch } from '../../src/index.ts';
import { newAgent, busClient, sourceOf, wire, type TokenSetup } from '../support/bus_clients.ts';
import { startGateway } from '../support/gateway.ts';
import { makeKey, mintToken } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

async function clientOf(
  agent: string,
  options: Partial<BusClientOptions> & TokenSetup = {},
): Promise<BusClient> {
  return busClient(gateway, agent, { transport: 'http', ...options });
}

describe.each([
  ['a bound token', true],
  ['a bearer token', false],
])('with %s', (_what, bound) => {
  test('createBusClient() sends, receives byte for byte, and acknowledges', async () => {
    const [from, to] = [newAgent('planner'), newAgent('reviewer')];
    const sender = await clientOf(from, { bound });
    const receiver = await clientOf(to, { bound });
    const payload = { text: 'Grüße \u2028 "quoted"', n: 1e21, deep: [[{}], null] };
    const part = { to, type: 'REQUEST', subject: 'review-code', payload, ttl: 60 } as const;
    const id = await sender.send(part);
    const [message, ...others] = await receiver.receive({ wait: 5 });
    expect(others).toEqual([]);
    expect(message).toMatchObject({ ...part, id, sender: from, via: [] });
    expect(message?.leaseUntil).toBeGreaterThan(Date.now() / 1000 + 20);
    if (message === undefined) return;
    await receiver.acknowledge(message);
    expect(await receiver.receive()).toEqual([]);
  });

  test('request() gets its response while both sides poll', async () => {
    const [from, to] = [newAgent('planner'), newAgent('reviewer')];
    const asker = await clientOf(from, { bound });
    const answerer = await clientOf(to, { bound, fetch: wire(gateway.otherUrl) });
    const end = new AbortController();
    const answering = (async () => {
      for await (const { id, sender, subject, payload } of answerer.messages(end)) {
        const answer = { request_id: id, length: String(payload['text']).length };
        await answerer.send({ to: sender, type: 'RESPONSE', subject, payload: answer });
      }
    })().catch((error: unknown) => error);
    for (const text of ['one', 'three']) {
      const response = await asker.request({ to, subject: 'count', payload: { text } });
      expect(response.payload['length']).toBe(text.length);
      expect(response.sender).toBe(to);
    }
    end.abort(new Error('Enough'));
    expect(String(await answering)).toBe('Error: Enough');
  });
});

test('send() is safe to repeat: an answer that is lost does not make a second message', async () => {
  const [from, to] = [newAgent('planner'), newAgent('reviewer')];
  const real = wire(gateway.url);
  const attempts = new Map<unknown, number>();
  /** Each message is stored at once; its sender hears of it at the third attempt. */
  const lossy: ClientFetch = async (input, init) => {
    const response = await real(input, init);
    const attempt = (attempts.get(init?.body) ?? 0) + 1;
    attempts.set(init?.body, attempt);
    if (attempt === 3) return response;
    await response.body?.cancel();
    throw new TypeError('The connection was reset');
  };
  const sender = await clientOf(from, { fetch: lossy });
  const sent = [1, 2, 3, 4].map((n) =>
    sender.send({ to, type: 'HEARTBEAT', subject: 'alive', payload: { n } }),
  );
  const ids = await Promise.all(sent);
  expect([...attempts.values()]).toEqual([3, 3, 3, 3]);
  const receiver = await clientOf(to);
  const received = await receiver.receive({ max: 100 });
  expect(received.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
});

test('messages() yields all that is sent while it polls, in order', async () => {
  const [from, to] = [newAgent('planner'), newAgent('worker')];
  const receiver = await clientOf(to);
  const sender = await clientOf(from, { fetch: wire(gateway.otherUrl) });
  const seen: unknown[] = [];
  const listening = (async () => {
    for await (const { payload } of receiver.messages()) {
      seen.push(payload['n']);
      if (seen.length === 25) return;
    }
  })();
  for (let n = 0; n < 25; n++) {
    await sender.send({ to, type: 'REQUEST', subject: 'work', payload: { n } });
  }
  await listening;
  expect(seen).toEqual(Array.from({ length: 25 }, (_each, n) => n));
});

test('the bus client passes on the gateway’s codes', async () => {
  const [from, to] = [newAgent('planner'), newAgent('reviewer')];
  const part = { to, type: 'REQUEST', subject: 'a', payload: {} } as const;
  const poor = await clientOf(from, {
    source: await sourceOf(gateway, from, { scope: 'bus:receive' }),
  });
  await expect(poor.send(part)).rejects.toMatchObject({ code: 'scope_insufficient', status: 403 });
  const client = await clientOf(from);
  await expect(client.send({ ...part, from: 'mallory' })).rejects.toMatchObject({
    code: 'sender_mismatch',
  });
  await expect(client.send({ ...part, type: 'VETO' })).rejects.toMatchObject({
    code: 'scope_insufficient',
  });
  const stranger = await makeKey();
  const forged = await mintToken(stranger, gateway.issuer, from, 'bus:receive');
  const source = {
    token: async () => ({ token: forged, scheme: 'Bearer', expiresAt: Infinity }) as const,
  };
  const forger = await clientOf(from, { source });
  await expect(forger.receive()).rejects.toMatchObject({ code: 'key_unknown', status: 401 });
  await expect(forger.messages().next()).rejects.toMatchObject({ code: 'key_unknown' });
});

test('the bus client of a gateway that is not there says so', async () => {
  const client = await clientOf(newAgent('planner'), {
    fetch: wire('http://127.0.0.1:1'),
    attempts: 2,
  });
  await expect(client.receive()).rejects.toMatchObject({ code: 'bus_unavailable' });
});
