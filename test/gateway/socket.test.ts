// The bus over a socket: publish, receive, acknowledge, subscribe, byte for byte and within scope

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeEnvelope, type EnvelopeOptions } from '../support/envelopes.ts';
import { startGateway, type RunningGateway } from '../support/gateway.ts';
import { openBearer, type Frame, type TestSocket } from '../support/sockets.ts';
import { createSwarm, type Swarm } from '../support/swarm.ts';

let gateway: RunningGateway;
let swarm: Swarm;
beforeAll(async () => {
  gateway = await startGateway();
  swarm = await createSwarm(gateway);
});
afterAll(() => gateway.stop());

type Named = TestSocket & { readonly id: string };

let made = 0;
async function open(scope: string, id = `socket-${++made}`): Promise<Named> {
  const socket = await openBearer(gateway.url, await swarm.mint(id, scope));
  return { ...socket, id };
}

const idOf = ({ type, message }: Frame): unknown =>
  type === 'message' ? (message as Frame)['id'] : type;

/** Publishes over a socket, and answers the frame that comes. */
async function publish(socket: Named, options: EnvelopeOptions): Promise<Frame> {
  const { id, text } = await makeEnvelope(options);
  socket.send(`{"type":"publish","ref":"${id}","message":${text}}`);
  return { ...(await socket.next()), sent: id };
}

/** What over HTTP is still queued; what a socket holds is leased. */
const queued = async (id: string): Promise<unknown> =>
  ((await swarm.status(swarm.planner, `?agent=${id}`)) as Frame)['queued'];

describe('a socket', () => {
  test('publishes, and delivers byte for byte what was published', async () => {
    const [sender, receiver] = [await open('bus:publish'), await open('bus:receive')];
    expect(sender.protocol).toBe('swarmbus.v1');
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    const { id, text } = await makeEnvelope({ to: receiver.id, payload: '{ "a" : 1.0 }' });
    sender.send(`{"type":"publish","ref":"r-1","message":${text}}`);
    expect(await sender.next()).toEqual({ type: 'accepted', ref: 'r-1', id });
    const delivery = await receiver.nextText();
    expect(delivery).toContain(`"message":${text}}`);
    const frame = JSON.parse(delivery) as Frame;
    expect(frame).toMatchObject({ type: 'message', sender: sender.id, via: [] });
    const leased = Number(frame['lease_until']) - Date.now() / 1000;
    expect(leased).toBeGreaterThan(20);
    expect(leased).toBeLessThanOrEqual(30);
    receiver.send({ type: 'ack', ids: [id.toUpperCase()] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(0);
  });

  test('gets what was there before, and as much as it asked for', async () => {
    const receiver = await open('bus:receive');
    const ids = [];
    for (let at = 0; at < 3; at++) ids.push(await swarm.sent({ to: receiver.id }));
    receiver.send({ type: 'receive', max: 4 });
    expect([idOf(await receiver.next()), idOf(await receiver.next())]).toEqual(ids.slice(0, 2));
    expect(idOf(await receiver.next())).toBe(ids[2]);
    // One of the four is left: the next message comes as it is sent, the one after it does not
    const fourth = await swarm.sent({ to: receiver.id });
    expect(idOf(await receiver.next())).toBe(fourth);
    const fifth = await swarm.sent({ to: receiver.id });
    await expect.poll(() => queued(receiver.id)).toBe(1);
    receiver.send({ type: 'receive', max: 1 });
    expect(idOf(await receiver.next())).toBe(fifth);
  });

  test('gets the subjects that it subscribed to, and no other', async () => {
    const receiver = await open('bus:receive');
    receiver.send({ type: 'subscribe', subjects: ['news-*', 'review'] });
    const other = await swarm.sent({ to: receiver.id, subject: 'weather' });
    const wanted = [];
    for (const subject of ['news-today', 'review']) {
      wanted.push(await swarm.sent({ to: receiver.id, subject }));
      expect(idOf(await receiver.next())).toBe(wanted.at(-1));
    }
    expect(await queued(receiver.id)).toBe(1);
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    expect(idOf(await receiver.next())).toBe(other);
    receiver.send({ type: 'subscribe', subjects: [] });
    receiver.send({ type: 'ack', ids: [...wanted, other] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(0);
    await swarm.sent({ to: receiver.id });
    expect(await queued(receiver.id)).toBe(1);
  });

  test('holds 100 messages at most until it acknowledges', async () => {
    const receiver = await open('bus:receive');
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    for (let at = 0; at < 103; at++) await swarm.sent({ to: receiver.id });
    const first = [];
    for (let at = 0; at < 100; at++) first.push(idOf(await receiver.next()));
    await expect.poll(() => queued(receiver.id)).toBe(3);
    expect(receiver.waiting()).toEqual([]);
    receiver.send({ type: 'ack', ids: first.slice(0, 2) });
    await receiver.next();
    await receiver.next();
    await expect.poll(() => queued(receiver.id)).toBe(1);
  });

  test('that is killed gives back what it held, and what it acknowledged stays away', async () => {
    const receiver = await open('bus:receive');
    const [kept, lost] = [
      await swarm.sent({ to: receiver.id }),
      await swarm.sent({ to: receiver.id }),
    ];
    receiver.send({ type: 'receive', max: 2 });
    await receiver.next();
    await receiver.next();
    receiver.send({ type: 'ack', ids: [kept] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(1);
    receiver.close();
    await expect.poll(() => queued(receiver.id), { timeout: 10_000 }).toBe(1);
    const again = await open('bus:receive', receiver.id);
    again.send({ type: 'receive', max: 2 });
    expect(idOf(await again.next())).toBe(lost);
    again.send({ type: 'ack', ids: [lost] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(0);
  });

  test('and another one of the same agent get each message once between them', async () => {
    const first = await open('bus:receive');
    const second = await open('bus:receive', first.id);
    const sockets = [first, second];
    for (const socket of sockets) socket.send({ type: 'subscribe', subjects: ['*'] });
    const sent = new Set<unknown>();
    for (let at = 0; at < 30; at++) sent.add(await swarm.sent({ to: first.id }));
    const got: unknown[] = [];
    const count = (): number => {
      for (const socket of sockets) {
        for (const frame of socket.take()) got.push(idOf(frame));
      }
      return got.length;
    };
    await expect.poll(count).toBe(30);
    expect(new Set(got)).toEqual(sent);
    // What one of them held, the other gets
    first.close();
    second.send({ type: 'ack', ids: got });
    await expect.poll(() => swarm.depthOf(first.id)).toBe(0);
  });

  test('sleeps, and is awake when a message comes', async () => {
    const receiver = await open('bus:receive');
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    const first = await swarm.sent({ to: receiver.id });
    expect(idOf(await receiver.next())).toBe(first);
    await gateway.evict('Mailbox', receiver.id);
    const second = await swarm.sent({ to: receiver.id }, gateway.otherUrl);
    expect(idOf(await receiver.next())).toBe(second);
    await gateway.evict('Mailbox', receiver.id);
    receiver.send({ type: 'ack', ids: [first, second] });
    await expect.poll(() => swarm.depthOf(receiver.id)).toBe(0);
  });

  test('receives broadcasts, because it makes its mailbox known', async () => {
    const receiver = await open('bus:receive');
    receiver.send({ type: 'subscribe', subjects: ['*'] });
    const id = await swarm.sent({ to: '*', type: 'BROADCAST' });
    expect(idOf(await receiver.next())).toBe(id);
  });
});

describe('a frame is refused', () => {
  test.each<[string, EnvelopeOptions, string]>([
    ['as another agent', { from: 'somebody' }, 'sender_mismatch'],
    ['on a subject outside the scope', { subject: 'weather' }, 'scope_insufficient'],
    ['as a broadcast without the scope', { to: '*', subject: 'news-a' }, 'scope_insufficient'],
    ['as a veto without the scope', { type: 'VETO', subject: 'news-a' }, 'scope_insufficient'],
    [
      'with a digest of something else',
      { subject: 'news-a', sig: 'a'.repeat(64) },
      'message_integrity',
    ],
    ['that is stale', { subject: 'news-a', ts: '2020-01-01T00:00:00Z' }, 'message_expired'],
    ['without a kebab-case subject', { subject: 'News' }, 'message_malformed'],
    [
      'whose payload is too large',
      { subject: 'news-a', payload: `{"a":"${'x'.repeat(14_400)}"}` },
      'message_too_large',
    ],
  ])('a message %s', async (_what, options, code) => {
    const socket = await open('bus:publish:news-*');
    const frame = await publish(socket, options);
    expect(frame).toMatchObject({ type: 'error', ref: frame['sent'], code });
    expect(await publish(socket, { subject: 'news-b' })).toMatchObject({ type: 'accepted' });
  });

  test('a nonce that another message used, and the same message again is accepted', async () => {
    const socket = await open('bus:publish');
    const { text, nonce } = await makeEnvelope();
    for (const ref of ['a', 'b']) {
      socket.send(`{"type":"publish","ref":"${ref}","message":${text}}`);
      expect(await socket.next()).toMatchObject({ type: 'accepted', ref });
    }
    expect(await publish(socket, { nonce })).toMatchObject({ code: 'message_replayed' });
  });

  test.each([
    ['receive', { type: 'receive', max: 1 }],
    ['subscribe', { type: 'subscribe', subjects: ['*'] }],
    ['ack', { type: 'ack', ids: [crypto.randomUUID()] }],
  ])('%s without the scope', async (_what, frame) => {
    const socket = await open('bus:publish');
    await swarm.sent({ to: socket.id });
    socket.send(frame);
    expect(await socket.next()).toEqual({ type: 'error', code: 'scope_insufficient' });
    expect(await queued(socket.id)).toBe(1);
  });

  test('a subscription outside the subjects of the scope, and one within them is not', async () => {
    const socket = await open('bus:receive:news-*');
    for (const subjects of [['weather'], ['news-a', '*'], ['new-*']]) {
      socket.send({ type: 'subscribe', subjects });
      expect(await socket.next()).toEqual({ type: 'error', code: 'scope_insufficient' });
    }
    const outside = await swarm.sent({ to: socket.id, subject: 'weather' });
    // Delivered to somebody who may have it: not this socket's to acknowledge
    expect(await swarm.receive(await swarm.mint(socket.id, 'bus:receive'))).toHaveLength(1);
    const inside = await swarm.sent({ to: socket.id, subject: 'news-a' });
    socket.send({ type: 'subscribe', subjects: ['news-*'] });
    expect(idOf(await socket.next())).toBe(inside);
    socket.send({ type: 'ack', ids: [outside, inside] });
    await expect.poll(() => swarm.depthOf(socket.id)).toBe(1);
  });
});

describe('a socket closes', () => {
  const good = { id: crypto.randomUUID() };
  test.each<[string, string]>([
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['no type', '{}'],
    ['another type', '{"type":"shutdown"}'],
    ['a type of every object', '{"type":"toString"}'],
    ['a further member', '{"type":"receive","max":1,"wait":1}'],
    ['a name twice', '{"type":"receive","max":1,"max":2}'],
    ['too many messages asked for', '{"type":"receive","max":101}'],
    ['no messages asked for', '{"type":"receive","max":0}'],
    ['half a message asked for', '{"type":"receive","max":1.5}'],
    ['no reference', `{"type":"publish","message":${JSON.stringify(good)}}`],
    ['a message that is a text', '{"type":"publish","ref":"a","message":"{}"}'],
    ['ids that are none', '{"type":"ack","ids":["*"]}'],
    ['101 ids', JSON.stringify({ type: 'ack', ids: Array(101).fill(good.id) })],
    ['a star within a subject', '{"type":"subscribe","subjects":["a*b"]}'],
    ['33 subjects', JSON.stringify({ type: 'subscribe', subjects: Array(33).fill('a') })],
    ['a token that is a number', '{"type":"reauth","token":1}'],
    [
      'a depth of 100',
      `{"type":"publish","ref":"a","message":${'['.repeat(100)}${']'.repeat(100)}}`,
    ],
  ])('with 4400 at a frame with %s', async (_what, frame) => {
    const socket = await open('bus:publish bus:receive');
    socket.send(frame);
    expect(await socket.closed).toMatchObject({ code: 4400, reason: 'message_malformed' });
  });

  test.each([
    [undefined, 1005],
    [1000, 1000],
    [3001, 3001],
  ])('at its client’s close with %s, and says %i', async (said, heard) => {
    const token = await swarm.mint(`socket-${++made}`, 'bus:receive');
    const address = `${gateway.url.replace('http', 'ws')}/bus/connect`;
    const socket = new WebSocket(address, ['swarmbus.v1', `bearer.${token}`]);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
    socket.close(said);
    // 1006 is what it hears of a server that never answers
    expect(await closed).toMatchObject({ code: heard, wasClean: true });
  });

  test('with 4400 at a binary frame', async () => {
    const socket = await open('bus:publish bus:receive');
    socket.send(new TextEncoder().encode('{"type":"receive","max":1}'));
    expect(await socket.closed).toMatchObject({ code: 4400, reason: 'message_malformed' });
  });

  test('with 4400 at a frame that is too large, and the runtime’s 1009 at one of 100 MB', async () => {
    const socket = await open('bus:publish');
    socket.send(`{"type":"receive","max":1,"x":"${'x'.repeat(17_408)}"}`);
    expect(await socket.closed).toMatchObject({ code: 4400, reason: 'message_too_large' });
    const huge = await open('bus:publish');
    huge.send('x'.repeat(100_000_000));
    expect(await huge.closed).toMatchObject({ code: 1009 });
    expect(await publish(await open('bus:publish'), {})).toMatchObject({ type: 'accepted' });
  });

  test('with 4429 at 10,000 tiny frames, and others go on', async () => {
    const [flood, other] = [await open('bus:receive'), await open('bus:publish')];
    for (let at = 0; at < 10_000; at++) flood.send('{"type":"receive","max":1}');
    const answered = await publish(other, {});
    expect(answered).toMatchObject({ type: 'accepted' });
    expect(await flood.closed).toMatchObject({ code: 4429, reason: 'rate_limited' });
  });
});
