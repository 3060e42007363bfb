// The bus client against socket servers that break, stall, refuse and talk nonsense

import { afterEach, describe, expect, test } from 'vitest';
import WebSocketOfWs from 'ws';
import {
  AuthorityError,
  createBusClient,
  type AccessTokenSource,
  type BusClient,
  type BusClientOptions,
} from '../../src/index.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import {
  accept,
  startSocketServer,
  type ServerSide,
  type SocketScript,
  type SocketServer,
} from '../support/socket_server.ts';

const secret = 'secret.access.token';
const part = { to: 'reviewer', type: 'REQUEST', subject: 'a', payload: {} } as const;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const sourceOf = (...tokens: string[]): AccessTokenSource => {
  let at = 0;
  return {
    token: async ({ refused } = {}) => {
      if (refused?.token === tokens[at] && at < tokens.length - 1) at++;
      return { token: tokens[at] ?? '', scheme: 'Bearer', expiresAt: Infinity };
    },
  };
};

async function setup(
  script: SocketScript = {},
  options: Partial<BusClientOptions> = {},
): Promise<{ server: SocketServer; client: BusClient }> {
  const server = await startSocketServer(script);
  const client = createBusClient({
    url: server.url,
    source: sourceOf(secret),
    transport: 'socket',
    retryDelay: 0.001,
    timeout: 0.5,
    random: () => 0,
    ...options,
  });
  ends.push(() => client.close(), server.stop);
  return { server, client };
}

/** What a failure shows to whoever logs it whole. */
function shown(error: unknown): string {
  const seen: string[] = [];
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    seen.push(`${each.name} ${each.message} ${each.stack} ${JSON.stringify(each)}`);
  }
  return seen.join('\n');
}

async function deliver(side: ServerSide, payload: object): Promise<void> {
  const { text } = await makeEnvelope({ payload: JSON.stringify(payload) });
  const beside = '"type":"message","lease_until":1,"sender":"planner","via":[]';
  side.socket.send(`{${beside},"message":${text}}`);
}

test('a message without an answer is sent again with the same bytes, over the next socket', async () => {
  const { server, client } = await setup({
    onFrame: (side, frame, turn) => (turn < 3 ? side.socket.terminate() : accept(side, frame)),
  });
  const id = await client.send(part);
  const sent = server.sides.flatMap(({ frames }) => frames);
  expect(sent).toHaveLength(3);
  expect(new Set(sent.map(({ message }) => JSON.stringify(message))).size).toBe(1);
  expect(sent[0]?.['message']).toHaveProperty('id', id);
});

test('answers that come in another order, late, twice or to nobody disturb nothing', async () => {
  const held: object[] = [];
  const { client } = await setup({
    onFrame: (side, { ref, message }) => {
      held.push({ type: 'accepted', ref, id: (message as { id: string }).id });
      if (held.length < 3) return;
      side.send({ type: 'accepted', ref: 'nobody', id: crypto.randomUUID() });
      side.send({ type: 'later', what: 'ever' });
      for (const frame of [...held.toReversed(), ...held]) side.send(frame);
    },
  });
  const ids = await Promise.all([client.send(part), client.send(part), client.send(part)]);
  expect(new Set(ids).size).toBe(3);
});

test('at most 64 messages are on their way at once', async () => {
  let most = 0;
  const waiting: (() => void)[] = [];
  const { client } = await setup(
    {
      onFrame: (side, frame) => {
        waiting.push(() => accept(side, frame));
        most = Math.max(most, waiting.length);
        // Lets everything come that is going to come before it answers
        if (waiting.length === 1) setTimeout(() => waiting.splice(0).forEach((go) => go()), 50);
      },
    },
    // What is late is sent again, and would count twice
    { timeout: 30 },
  );
  await Promise.all(Array.from({ length: 200 }, () => client.send(part)));
  expect(most).toBe(64);
});

describe('a server that', () => {
  test.each([
    ['sends no JSON', (side: ServerSide) => side.socket.send('<html>')],
    ['sends bytes', (side: ServerSide) => side.socket.send(Buffer.from([1, 2, 3]))],
    ['sends a list', (side: ServerSide) => side.socket.send('[]')],
    ['names a member twice', (side: ServerSide) => side.socket.send('{"type":"x","type":"y"}')],
    ['sends 21 kB', (side: ServerSide) => side.send({ type: 'x', x: 'y'.repeat(21_000) })],
    ['accepts without a ref', (side: ServerSide) => side.send({ type: 'accepted' })],
    ['delivers without a sender', (side: ServerSide) => side.send({ type: 'message', via: [] })],
  ])('%s is hung up on with 4400', async (_what, onFrame) => {
    const codes: number[] = [];
    const { client } = await setup({
      onOpen: ({ socket }) => void socket.on('close', (code: number) => codes.push(code)),
      onFrame,
    });
    await expect(client.send(part)).rejects.toMatchObject({ code: 'upstream_invalid' });
    await expect.poll(() => codes).toEqual([4400]);
  });

  test('never answers is given up after the time for one request, and tried again', async () => {
    const { server, client } = await setup({ onFrame: () => {} }, { timeout: 0.05, attempts: 2 });
    await expect(client.send(part)).rejects.toMatchObject({ code: 'upstream_timeout' });
    // Who was not heard of meanwhile is taken for dead
    expect(server.asked()).toBe(2);
  });

  test('never answers the upgrade is given up', async () => {
    const { client } = await setup({ isMute: true }, { timeout: 0.05, attempts: 2 });
    await expect(client.send(part)).rejects.toMatchObject({ code: 'upstream_timeout' });
  });

  test.each(['other', `bearer.${secret}`])(
    'selects the subprotocol %s is not spoken to',
    async (selected) => {
      const { server, client } = await setup({ selected }, { attempts: 1 });
      const error: unknown = await client.send(part).catch((reason: unknown) => reason);
      expect(error).toHaveProperty('name', 'TokenError');
      expect(shown(error)).not.toContain(secret);
      expect(server.sides.flatMap(({ frames }) => frames)).toEqual([]);
    },
  );

  test('is too busy is left alone for a while, and asked again', async () => {
    const { server, client } = await setup({
      onFrame: (side, frame, turn) =>
        turn === 1 ? side.socket.close(4429, 'rate_limited') : accept(side, frame),
    });
    await client.send(part);
    expect(server.asked()).toBe(2);
  });
});

test('a message that is refused is not sent again, and its neighbours are not touched', async () => {
  const { server, client } = await setup({
    onFrame: (side, frame) => {
      const { subject } = frame['message'] as { subject: string };
      if (subject === 'a') accept(side, frame);
      else side.send({ type: 'error', ref: frame['ref'], code: subject.replace('-', '_') });
    },
  });
  const sent = [
    client.send(part),
    client.send({ ...part, subject: 'message-replayed' }),
    client.send({ ...part, subject: 'no-such' }),
  ];
  const results = await Promise.allSettled(sent);
  expect(
    results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : 'sent')),
  ).toEqual([
    'sent',
    expect.objectContaining({ code: 'message_replayed', status: 409 }),
    expect.objectContaining({ code: 'upstream_invalid' }),
  ]);
  expect(server.asked()).toBe(1);
});

test('4403 is for good where the source has no other token: nothing is opened again', async () => {
  const { server, client } = await setup({
    onOpen: (side, turn) => {
      if (turn === 1) setTimeout(() => side.socket.close(4403, 'token_revoked'), 20);
    },
  });
  await expect(client.messages().next()).rejects.toMatchObject({ code: 'token_revoked' });
  await expect(client.send(part)).rejects.toMatchObject({ code: 'token_revoked' });
  expect(server.asked()).toBe(1);
});

test('4403 is for good where the authority refuses another token', async () => {
  const source: AccessTokenSource = {
    token: async ({ refused } = {}) => {
      if (refused !== undefined) throw new AuthorityError('authority_refused');
      return { token: secret, scheme: 'Bearer', expiresAt: Infinity };
    },
  };
  const { server, client } = await setup(
    { onFrame: ({ socket }) => socket.close(4403, 'key_unknown') },
    { source },
  );
  await expect(client.messages().next()).rejects.toMatchObject({ code: 'key_unknown' });
  expect(server.asked()).toBe(1);
});

test('after 4403 another token of the source is presented', async () => {
  const { server, client } = await setup(
    {
      onFrame: (side, frame, turn) =>
        turn === 1 ? side.socket.close(4403, 'token_revoked') : accept(side, frame),
    },
    { source: sourceOf(secret, 'another.access.token') },
  );
  await client.send(part);
  expect(server.sides.map(({ offered }) => offered[1])).toEqual([
    `bearer.${secret}`,
    'bearer.another.access.token',
  ]);
});

test('what comes again over the next socket is handed out once, and acknowledged again', async () => {
  const sides: ServerSide[] = [];
  const { text } = await makeEnvelope({ payload: '{"n":1}' });
  const again = `{"type":"message","lease_until":1,"sender":"planner","via":[],"message":${text}}`;
  const { client } = await setup({
    onFrame: (side, { type }, turn) => {
      sides[turn] = side;
      if (type === 'receive') side.socket.send(again);
      // The first acknowledgement is lost with its socket
      if (type === 'ack' && turn === 1) side.socket.terminate();
      if (type === 'ack' && turn === 2) void deliver(side, { n: 2 });
    },
  });
  const seen: unknown[] = [];
  for await (const { payload } of client.messages()) if (seen.push(payload['n']) === 2) break;
  expect(seen).toEqual([1, 2]);
  expect(sides[2]?.frames.map(({ type }) => type)).toEqual(['receive', 'ack']);
});

test('no failure to open a socket repeats the token, whichever class of sockets it was', async () => {
  for (const WebSocket of [globalThis.WebSocket, WebSocketOfWs]) {
    for (const token of [secret, 'with/slash==']) {
      const { client } = await setup(
        { refuse: () => 403 },
        { WebSocket, attempts: 1, source: sourceOf(token) },
      );
      const error: unknown = await client.send(part).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(shown(error)).not.toContain(token);
    }
  }
});

function refuse(url: string, protocols: readonly string[]): string {
  throw new SyntaxError(`The subprotocols ${protocols.join(', ')} for ${url} are invalid`);
}

test('a class of sockets that quotes what it refuses tells nobody', async () => {
  class Quoting extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(refuse(url, protocols));
    }
  }
  const { client } = await setup({}, { WebSocket: Quoting, attempts: 1 });
  const error: unknown = await client.send(part).catch((reason: unknown) => reason);
  expect(error).toHaveProperty('code', 'bus_unavailable');
  expect(shown(error)).not.toContain(secret);
});

test('the class of ws does as well as the runtime’s own', async () => {
  const { client, server } = await setup({}, { WebSocket: WebSocketOfWs });
  expect(await client.send(part)).toHaveLength(36);
  expect(server.sides[0]?.offered).toEqual(['swarmbus.v1', `bearer.${secret}`]);
});

test('close() settles what waits, and what comes after it', async () => {
  const { client } = await setup({ onFrame: () => {} }, { timeout: 60 });
  const { type: _type, ...asked } = part;
  const waiting = [
    client.send(part),
    client.receive({ wait: 30 }),
    client.messages().next(),
    client.request(asked),
  ];
  const settled = Promise.allSettled(waiting);
  await client.close();
  const names = (await settled).map((result) =>
    result.status === 'rejected' ? (result.reason as Error).name : 'resolved',
  );
  expect(names).toEqual(['AbortError', 'AbortError', 'AbortError', 'AbortError']);
  await expect(client.send(part)).rejects.toHaveProperty('name', 'AbortError');
});

test('the first frame over each socket is a ping, and one that is not answered harms nobody', async () => {
  const { server, client } = await setup({
    onFrame: (side, frame, turn) => (turn === 1 ? side.socket.terminate() : accept(side, frame)),
  });
  await client.send(part);
  expect(server.sides.map(({ pings }) => pings)).toEqual([[0], [0]]);
});

test('an idle socket is closed after a second', async () => {
  const { client, server } = await setup();
  await client.send(part);
  const closed = new Promise<number>((resolve) => {
    server.sides[0]?.socket.on('close', resolve);
  });
  expect(await closed).toBe(1000);
});

test('where no socket opens, auto asks over HTTP, and no socket is tried before its pause is over', async () => {
  const { server, client } = await setup(
    { refuse: () => 404 },
    {
      transport: 'auto',
      WebSocket: globalThis.WebSocket,
      retryDelay: 30,
      fetch: async (_url, { method } = {}) => {
        if (method === 'DELETE') return new Response(null, { status: 204 });
        const { text } = await makeEnvelope();
        const beside = '"lease_until":1,"sender":"planner","via":[]';
        return new Response(`{"messages":[{${beside},"message":${text}}]}`);
      },
    },
  );
  let seen = 0;
  for await (const { sender } of client.messages()) {
    expect(sender).toBe('planner');
    if (++seen === 5) break;
  }
  expect(server.asked()).toBe(1);
});

test('close() settles what waits over HTTP too', async () => {
  const { client } = await setup(
    {},
    { transport: 'http', timeout: 60, fetch: () => new Promise<Response>(() => {}) },
  );
  const waiting = Promise.allSettled([client.send(part), client.messages().next()]);
  await client.close();
  const names = (await waiting).map((result) =>
    result.status === 'rejected' ? (result.reason as Error).name : 'resolved',
  );
  expect(names).toEqual(['AbortError', 'AbortError']);
});
