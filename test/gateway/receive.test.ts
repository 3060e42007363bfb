// Receiving: leases, acknowledgement, broadcasts and depths, over real HTTP

import { afterAll, describe, expect, test } from 'vitest';
import { makeEnvelope } from '../support/envelopes.ts';
import { startGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import { createSwarm, idsOf } from '../support/swarm.ts';

const gateway = await startGateway();
afterAll(() => gateway.stop());

const { url, otherUrl } = gateway;
const { planner, mint, agent, post, sent, get, receive, acknowledge, status, oneSecond } =
  await createSwarm(gateway);
const operator = await mint('watcher', 'bus:status');

describe('GET /bus/messages', () => {
  test('gives messages in order of ts, at most max, each to one consumer', async () => {
    const { id: to, token } = await agent();
    const at = (offset: number): string => new Date(Date.now() + offset).toISOString();
    const second = await sent({ to, ts: at(-2_000) });
    const third = await sent({ to, ts: at(-1_000) });
    const first = await sent({ to, ts: at(-3_000) });
    expect(idsOf(await receive(token, '?max=2'))).toEqual([first, second]);
    expect(idsOf(await receive(token, '', otherUrl))).toEqual([third]);
    expect(await receive(token)).toEqual([]);
  });

  test('gives nobody else’s', async () => {
    const { id: to } = await agent();
    const { token: stranger } = await agent();
    await sent({ to });
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
    for (let at = 0; at < 12; at++) await sent({ to });
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
    await sent({ to });
    const head = await call(`${url}/bus/messages`, { method: 'HEAD', token });
    expect(head.status).toBe(200);
    expect(await receive(token)).toHaveLength(1);
  });

  test('a message whose ttl is over is not delivered', async () => {
    const { id: to, token } = await agent();
    await sent({ to, ts: new Date(Date.now() - 500).toISOString(), ttl: 1 });
    await oneSecond();
    expect(await receive(token)).toEqual([]);
    expect(await status(token)).toEqual({ mailbox: to, queued: 0, leased: 0 });
  });
});

describe('DELETE /bus/messages/{id}', () => {
  test('removes what was delivered, as often as one likes', async () => {
    const { id: to, token } = await agent();
    const id = await sent({ to });
    await receive(token);
    const answer = await acknowledge(token, id.toUpperCase());
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect((await acknowledge(token, id)).status).toBe(204);
    expect(await status(token)).toEqual({ mailbox: to, queued: 0, leased: 0 });
  });

  test('removes nothing of anybody else, and tells nothing about it', async () => {
    const { id: to, token } = await agent();
    const { token: stranger } = await agent();
    const id = await sent({ to });
    await receive(token);
    expect((await acknowledge(stranger, id)).status).toBe(204);
    expect(codeOf(await acknowledge(stranger, id, `?agent=${to}`))).toBe('403 sender_mismatch');
    expect(await status(token)).toEqual({ mailbox: to, queued: 0, leased: 1 });
  });

  test('does not remove what was never delivered', async () => {
    const { id: to, token } = await agent();
    const id = await sent({ to });
    expect((await acknowledge(token, id)).status).toBe(204);
    expect(await status(token)).toEqual({ mailbox: to, queued: 1, leased: 0 });
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
    const origins = [url, otherUrl, url];
    const answers = await Promise.all(origins.map((origin) => post(text, planner, origin)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    for (const { token } of readers) {
      expect(idsOf(await receive(token, '?wait=10'))).toEqual([id]);
    }
    expect((await post(text)).status).toBe(202);
    for (const { token } of readers) expect(await receive(token)).toEqual([]);
    expect(await receive(own)).toEqual([]);
  });
});

describe('GET /bus/status', () => {
  test('tells one’s own depth to any valid token', async () => {
    const { id: to } = await agent();
    const token = await mint(to, 'sandbox:run');
    await sent({ to });
    expect(await status(token)).toEqual({ mailbox: to, queued: 1, leased: 0 });
    expect(await status(token, `?agent=${to}`)).toEqual({ mailbox: to, queued: 1, leased: 0 });
  });

  test('tells another’s, and the list, only with bus:status', async () => {
    const { id: to, token } = await agent();
    await sent({ to });
    for (const query of ['?agent=planner', '?agent=*']) {
      const answer = await call(`${url}/bus/status${query}`, { token });
      expect(codeOf(answer)).toBe('403 scope_insufficient');
    }
    expect(await status(operator, `?agent=${to}`)).toEqual({ mailbox: to, queued: 1, leased: 0 });
    expect(await status(operator, '?agent=never-heard-of')).toEqual({
      mailbox: 'never-heard-of',
      queued: 0,
      leased: 0,
    });
  });

  test('lists known mailboxes page by page, and not those that were only asked for', async () => {
    const { id: to } = await agent();
    await sent({ to });
    const seen: string[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const query: string = `?agent=*&limit=2${after === '' ? '' : `&after=${after}`}`;
      const page = (await status(operator, query)) as {
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
