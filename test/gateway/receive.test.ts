// Receiving: leases, acknowledgement, waiting without polling, broadcasts and depths, over real HTTP

import { connect, type Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { makeEnvelope, type EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import { mintToken, type TokenOverrides } from '../support/tokens.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, otherUrl, issuer, key } = gateway;
const mint = (id: string, scope: string, overrides?: TokenOverrides): Promise<string> =>
  mintToken(key, issuer, id, scope, overrides);
const sender = await mint('planner', 'bus:publish bus:broadcast');
const operator = await mint('watcher', 'bus:status');

interface Delivered {
  readonly lease_until: number;
  readonly sender: string;
  readonly message: { readonly id: string; readonly subject: string };
}

let agents = 0;
async function agent(): Promise<{ readonly id: string; readonly token: string }> {
  const id = `agent-${++agents}`;
  return { id, token: await mint(id, 'bus:receive') };
}

async function send(options: EnvelopeOptions, origin = url): Promise<string> {
  const { id, text } = await makeEnvelope(options);
  const answer = await call(`${origin}/bus/messages`, {
    method: 'POST',
    token: sender,
    body: text,
  });
  expect(codeOf(answer)).toBe('202');
  return id;
}

const get = (token: string, query = '', origin = url): Promise<Answer> =>
  call(`${origin}/bus/messages${query}`, { token });

async function receive(token: string, query = '', origin = url): Promise<readonly Delivered[]> {
  const answer = await get(token, query, origin);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { messages: Delivered[] }).messages;
}

const acknowledge = (token: string, id: string, query = ''): Promise<Answer> =>
  call(`${url}/bus/messages/${id}${query}`, { method: 'DELETE', token });

const depth = async (token: string, query = ''): Promise<unknown> =>
  JSON.parse((await call(`${url}/bus/status${query}`, { token })).text);

/** Passes a second by the gateway's own clock: a wait for a message that nobody sends. */
const oneSecond = async (): Promise<void> => {
  expect(await receive((await agent()).token, '?wait=1')).toEqual([]);
};

const ids = (messages: readonly Delivered[]): string[] => messages.map(({ message }) => message.id);

describe('GET /bus/messages', () => {
  test('gives messages in order of ts, at most max, each to one consumer', async () => {
    const { id: to, token } = await agent();
    const at = (offset: number): string => new Date(Date.now() + offset).toISOString();
    const second = await send({ to, ts: at(-2_000) });
    const third = await send({ to, ts: at(-1_000) });
    const first = await send({ to, ts: at(-3_000) });
    expect(ids(await receive(token, '?max=2'))).toEqual([first, second]);
    expect(ids(await receive(token, '', otherUrl))).toEqual([third]);
    expect(await receive(token)).toEqual([]);
  });

  test('gives nobody else’s', async () => {
    const { id: to } = await agent();
    const { token: stranger } = await agent();
    await send({ to });
    expect(await receive(stranger)).toEqual([]);
    expect(codeOf(await get(stranger, `?agent=${to}`))).toBe('403 sender_mismatch');
  });

  test.each([
    'max=0',
    'max=101',
    'max=-1',
    'max=1.5',
    'max=a',
    'max=',
    'max=1&max=2',
    'wait=31',
    'wait=-1',
    'wait=1e1',
    'agent=..%2fadmin',
  ])('refuses ?%s', async (query) => {
    const { token } = await agent();
    expect(codeOf(await get(token, `?${query}`))).toBe('400 message_malformed');
  });

  test('takes the largest values, and ten messages by default', async () => {
    const { id: to, token } = await agent();
    for (let at = 0; at < 12; at++) await send({ to });
    expect(await receive(token)).toHaveLength(10);
    expect(await receive(token, '?max=100&wait=30')).toHaveLength(2);
  });

  test('needs its scope', async () => {
    const token = await mint('agent-x', 'bus:publish');
    const answer = await get(token);
    expect(codeOf(answer)).toBe('403 scope_insufficient');
    expect(answer.headers.get('www-authenticate')).toContain('scope="bus:receive"');
    expect(codeOf(await get(await mint('agent-x', 'bus:receive:x')))).toBe(
      '403 scope_insufficient',
    );
  });

  test('HEAD leases nothing', async () => {
    const { id: to, token } = await agent();
    await send({ to });
    const head = await call(`${url}/bus/messages`, { method: 'HEAD', token });
    expect(head.status).toBe(200);
    expect(await receive(token)).toHaveLength(1);
  });

  test('a message whose ttl is over is not delivered', async () => {
    const { id: to, token } = await agent();
    await send({ to, ts: new Date(Date.now() - 500).toISOString(), ttl: 1 });
    await oneSecond();
    expect(await receive(token)).toEqual([]);
    expect(await depth(token)).toEqual({ mailbox: to, queued: 0, leased: 0 });
  });
});

describe('waiting', () => {
  test('ends when a message arrives, through whichever isolate', async () => {
    const { id: to, token } = await agent();
    const waiting = receive(token, '?wait=30');
    await oneSecond();
    const began = performance.now();
    const id = await send({ to }, otherUrl);
    expect(ids(await waiting)).toEqual([id]);
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
    const sent = await Promise.all([send({ to }), send({ to }, otherUrl), send({ to })]);
    const received = (await Promise.all(waiting)).flatMap((messages) => ids(messages));
    expect(received.toSorted()).toEqual(sent.toSorted());
  });

  test('ends with the token, however long it was to last', async () => {
    const { id: to, token } = await agent();
    const now = Math.floor(Date.now() / 1000);
    const expiring = await mint(to, 'bus:receive', { claims: { iat: now - 60, exp: now + 2 } });
    const began = performance.now();
    expect(await receive(expiring, '?wait=30')).toEqual([]);
    expect(performance.now() - began).toBeLessThan(4_000);
    const id = await send({ to });
    expect(ids(await receive(token))).toEqual([id]);
  });

  test('leases nothing to a client that hung up', async () => {
    const { id: to, token } = await agent();
    const { hostname, port } = new URL(url);
    const socket: Socket = connect(Number(port), hostname);
    const lines = [
      'GET /bus/messages?wait=30 HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${token}`,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await oneSecond();
    socket.resetAndDestroy();
    await oneSecond();
    const id = await send({ to });
    expect(ids(await receive(token, '?wait=5'))).toEqual([id]);
  });

  test(
    'a hundred clients that hung up are not in the way for long',
    { timeout: 20_000 },
    async () => {
      const { token } = await agent();
      const { hostname, port } = new URL(url);
      const sockets = Array.from({ length: 100 }, () => connect(Number(port), hostname));
      const lines = [
        'GET /bus/messages?wait=30 HTTP/1.1',
        'Host: x',
        `Authorization: Bearer ${token}`,
      ];
      for (const socket of sockets) socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      await oneSecond();
      expect(codeOf(await get(token, '?wait=1'))).toBe('429 rate_limited');
      for (const socket of sockets) socket.resetAndDestroy();
      const { token: nobody } = await agent();
      expect(await receive(nobody, '?wait=6')).toEqual([]);
      expect(codeOf(await get(token, '?wait=1'))).toBe('200');
    },
  );
});

describe('DELETE /bus/messages/{id}', () => {
  test('removes what was delivered, as often as one likes', async () => {
    const { id: to, token } = await agent();
    const id = await send({ to });
    await receive(token);
    const answer = await acknowledge(token, id.toUpperCase());
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect((await acknowledge(token, id)).status).toBe(204);
    expect(await depth(token)).toEqual({ mailbox: to, queued: 0, leased: 0 });
  });

  test('removes nothing of anybody else, and tells nothing about it', async () => {
    const { id: to, token } = await agent();
    const { token: stranger } = await agent();
    const id = await send({ to });
    await receive(token);
    expect((await acknowledge(stranger, id)).status).toBe(204);
    expect(codeOf(await acknowledge(stranger, id, `?agent=${to}`))).toBe('403 sender_mismatch');
    expect(await depth(token)).toEqual({ mailbox: to, queued: 0, leased: 1 });
  });

  test('does not remove what was never delivered', async () => {
    const { id: to, token } = await agent();
    const id = await send({ to });
    expect((await acknowledge(token, id)).status).toBe(204);
    expect(await depth(token)).toEqual({ mailbox: to, queued: 1, leased: 0 });
  });

  test('refuses what is no message id, and needs its scope', async () => {
    const { token } = await agent();
    expect(codeOf(await acknowledge(token, 'abc'))).toBe('400 message_malformed');
    const publisher = await mint('agent-y', 'bus:publish');
    const id = crypto.randomUUID();
    expect(codeOf(await acknowledge(publisher, id))).toBe('403 scope_insufficient');
  });
});

describe('a broadcast', () => {
  test('reaches every known mailbox but the sender’s, once', async () => {
    const readers = await Promise.all(Array.from({ length: 5 }, () => agent()));
    for (const { token } of readers) await receive(token);
    const own = await mint('planner', 'bus:receive');
    await receive(own);
    const { id, text } = await makeEnvelope({ to: '*', type: 'BROADCAST' });
    const post = (origin: string): Promise<Answer> =>
      call(`${origin}/bus/messages`, { method: 'POST', token: sender, body: text });
    const answers = await Promise.all([post(url), post(otherUrl), post(url)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    for (const { token } of readers) {
      expect(ids(await receive(token, '?wait=10'))).toEqual([id]);
    }
    expect((await post(url)).status).toBe(202);
    for (const { token } of readers) expect(await receive(token)).toEqual([]);
    expect(await receive(own)).toEqual([]);
  });
});

describe('GET /bus/status', () => {
  test('tells one’s own depth to any valid token', async () => {
    const { id: to } = await agent();
    const token = await mint(to, 'sandbox:run');
    await send({ to });
    expect(await depth(token)).toEqual({ mailbox: to, queued: 1, leased: 0 });
    expect(await depth(token, `?agent=${to}`)).toEqual({ mailbox: to, queued: 1, leased: 0 });
  });

  test('tells another’s, and the list, only with bus:status', async () => {
    const { id: to, token } = await agent();
    await send({ to });
    for (const query of ['?agent=planner', '?agent=*']) {
      const answer = await call(`${url}/bus/status${query}`, { token });
      expect(codeOf(answer)).toBe('403 scope_insufficient');
    }
    expect(await depth(operator, `?agent=${to}`)).toEqual({ mailbox: to, queued: 1, leased: 0 });
    expect(await depth(operator, '?agent=never-heard-of')).toEqual({
      mailbox: 'never-heard-of',
      queued: 0,
      leased: 0,
    });
  });

  test('lists known mailboxes page by page, and not those that were only asked for', async () => {
    const { id: to } = await agent();
    await send({ to });
    const seen: string[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const query: string = `?agent=*&limit=2${after === '' ? '' : `&after=${after}`}`;
      const page = (await depth(operator, query)) as {
        mailboxes: { mailbox: string }[];
        next?: string;
      };
      expect(page.mailboxes.length).toBeLessThanOrEqual(2);
      seen.push(...page.mailboxes.map(({ mailbox }) => mailbox));
      after = page.next;
    }
    expect(seen).toContain(to);
    expect(seen).not.toContain('never-heard-of');
    expect(seen).toEqual([...new Set(seen)].toSorted());
  });
});
