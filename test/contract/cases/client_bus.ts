// createBusClient: what is sent, sent again, received, acknowledged and answered

import {
  createBusClient,
  scanJsonObject,
  type BusClient,
  type BusClientOptions,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { fakeBus, type FakeBus, type Mishap } from '../support/fake_bus.ts';
import { clock, movableClock, now } from '../support/world.ts';

interface Setup {
  readonly bus: FakeBus;
  readonly clientOf: (agent: string, options?: Partial<BusClientOptions>) => Promise<BusClient>;
}

async function setup(time = clock): Promise<Setup> {
  const bus = await fakeBus(time);
  return {
    bus,
    clientOf: async (agent, options = {}) =>
      createBusClient({
        url: bus.url,
        source: await bus.sourceOf(agent),
        fetch: bus.fetch,
        retryDelay: 0.001,
        clock: time,
        random: () => 0,
        ...options,
      }),
  };
}

const parts = {
  to: 'reviewer',
  type: 'REQUEST',
  subject: 'review-code',
  payload: { file: 'a.ts' },
} as const;

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The network fails before anything arrives. */
const lost: Mishap = () => {
  throw new TypeError('The network is down');
};
/** The request is served, and its answer is lost on the way back. */
const answerLost: Mishap = async (_arrived, serve) => {
  await serve();
  throw new TypeError('The network is down');
};
const status =
  (code: number, headers: HeadersInit = {}): Mishap =>
  () =>
    new Response('{"error":"server_error"}', { status: code, headers });

export const cases: readonly ContractCase[] = [
  {
    name: 'send() writes an envelope with every member that the contract requires',
    run: async () => {
      const { bus, clientOf } = await setup();
      const payload = { text: 'Grüße\u2028', deep: [{ n: 1.5 }], request_id: 'r' };
      const client = await clientOf('planner');
      const id = await client.send({ ...parts, type: 'RESPONSE', payload, ttl: 60 });
      const [text = ''] = bus.mailbox('reviewer');
      const { value, spans } = scanJsonObject(text);
      const { nonce, sig, ts, ...rest } = value;
      deepEqual(rest, { ...parts, type: 'RESPONSE', id, payload, ttl: 60 }, 'members');
      equal(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), true);
      equal(/^[0-9a-f]{16}$/.test(String(nonce)), true, 'nonce');
      equal(ts, new Date(now * 1000).toISOString(), 'ts');
      equal(sig, await sha256Hex(text.slice(...(spans.get('payload') ?? [0, 0]))), 'sig');
      equal(bus.arrived[0]?.headers.get('content-type'), 'application/json', 'content-type');
    },
  },
  ...(
    [
      ['the network fails', [lost, lost]],
      ['the answer is lost', [answerLost, answerLost]],
      ['the gateway is busy', [status(503), status(500), status(502)]],
      ['there were too many requests', [status(429)]],
    ] as const
  ).map(([what, mishaps]) => ({
    name: `send() sends the same bytes again when ${what}, and they arrive once`,
    run: async () => {
      const { bus, clientOf } = await setup();
      bus.mishaps.push(...mishaps);
      const client = await clientOf('planner');
      await client.send(parts);
      const bodies = bus.arrived.map(({ body }) => body);
      equal(bodies.length, mishaps.length + 1, 'attempts');
      equal(new Set(bodies).size, 1, 'different bodies');
      const proofs = bus.arrived.map(({ headers }) => headers.get('dpop'));
      equal(new Set(proofs).size, bodies.length, 'proofs');
      equal(bus.mailbox('reviewer').length, 1, 'messages');
    },
  })),
  {
    name: 'send() gives up after its attempts',
    run: async () => {
      const { bus, clientOf } = await setup();
      bus.mishaps.push(lost, lost, lost);
      const client = await clientOf('planner', { attempts: 2 });
      await rejectsWithCode(client.send(parts), 'bus_unavailable');
      equal(bus.arrived.length, 2, 'attempts');
    },
  },
  {
    name: 'send() does not try again what is refused for good',
    run: async () => {
      const { bus, clientOf } = await setup();
      const client = await clientOf('planner');
      bus.mishaps.push(() => Response.json({ code: 'scope_insufficient' }, { status: 403 }));
      await rejectsWithCode(client.send(parts), 'scope_insufficient');
      bus.mishaps.push(() => Response.json({ code: 'token_revoked' }, { status: 200 }));
      await rejectsWithCode(client.send(parts), 'upstream_invalid');
      equal(bus.arrived.length, 2, 'attempts');
    },
  },
  {
    name: 'send() stops when the message would be too old to be taken',
    run: async () => {
      const { read, set } = movableClock();
      const { bus, clientOf } = await setup(read);
      const client = await clientOf('planner', { attempts: 100 });
      const slow: Mishap = () => {
        set(read() + 20);
        throw new TypeError('The network is down');
      };
      bus.mishaps.push(slow, slow, slow, slow, slow);
      await rejectsWithCode(client.send(parts), 'bus_unavailable');
      equal(bus.arrived.length, 3, 'attempts');
    },
  },
  {
    name: 'send() ends with the reason of its signal, in a pause too',
    run: async () => {
      const { bus, clientOf } = await setup();
      const client = await clientOf('planner', { retryDelay: 30 });
      const controller = new AbortController();
      const reason = new Error('No longer interested');
      bus.mishaps.push((arrived, serve) => {
        setTimeout(() => controller.abort(reason), 5);
        return lost(arrived, serve);
      });
      const sending = client.send(parts, { signal: controller.signal });
      equal(await sending.catch((error: unknown) => error), reason, 'reason');
    },
  },
  {
    name: 'receive() gives messages as they were sent, with sender and lease; acknowledge() ends it',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      const ids = [await planner.send(parts), await planner.send({ ...parts, subject: 'two' })];
      const received = await reviewer.receive({ max: 5 });
      deepEqual(
        received.map(({ id }) => id),
        ids,
        'ids',
      );
      const [first, second] = received;
      equal(first?.sender, 'planner', 'sender');
      equal(first?.leaseUntil, now + 30, 'lease');
      deepEqual(first?.payload, { file: 'a.ts' }, 'payload');
      equal(first?.text, bus.mailbox('reviewer')[0], 'text');
      deepEqual(await reviewer.receive(), [], 'messages while they are leased');
      if (first !== undefined) await reviewer.acknowledge(first);
      bus.mishaps.push(lost, answerLost);
      await reviewer.acknowledge(second?.id ?? '');
      deepEqual(bus.mailbox('reviewer'), [], 'mailbox');
      equal(bus.arrived.at(-1)?.url.search, '', 'query by id');
      const byMessage = bus.arrived.find(({ method }) => method === 'DELETE');
      equal(byMessage?.url.search, '?sender=planner', 'query by message');
    },
  },
  {
    name: 'messages() acknowledges each message when the next one is asked for',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      for (const subject of ['one', 'two', 'three']) await planner.send({ ...parts, subject });
      const seen: string[] = [];
      for await (const message of reviewer.messages()) {
        seen.push(message.subject);
        equal(bus.mailbox('reviewer').length, 4 - seen.length, 'messages left');
        if (seen.length === 3) break;
      }
      deepEqual(seen, ['one', 'two', 'three'], 'subjects');
      equal(bus.mailbox('reviewer').length, 1, 'messages left, as handling broke off');
      bus.endLeases();
      equal((await reviewer.receive())[0]?.subject, 'three', 'the message that comes again');
    },
  },
  {
    name: 'messages() waits for what is sent later, through outages, until its signal ends it',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      const controller = new AbortController();
      const reason = new Error('Enough');
      bus.mishaps.push(lost, status(503), lost);
      const seen: string[] = [];
      let outcome: unknown;
      const listening = (async () => {
        try {
          for await (const { subject } of reviewer.messages({ signal: controller.signal })) {
            seen.push(subject);
            if (subject === 'two') controller.abort(reason);
          }
        } catch (error) {
          outcome = error;
        }
      })();
      while (bus.arrived.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
      await planner.send({ ...parts, subject: 'one' });
      await planner.send({ ...parts, subject: 'two' });
      await listening;
      equal(outcome, reason, 'reason');
      deepEqual(seen, ['one', 'two'], 'subjects');
      deepEqual(bus.mailbox('reviewer'), [], 'mailbox');
    },
  },
  {
    name: 'messages() stops asking when nobody waits any more',
    run: async () => {
      const { bus, clientOf } = await setup();
      const reviewer = await clientOf('reviewer');
      const controller = new AbortController();
      const waiting = reviewer.messages({ signal: controller.signal }).next();
      while (bus.arrived.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
      controller.abort(new Error('Enough'));
      equal(String(await waiting.catch((error: unknown) => error)), 'Error: Enough', 'reason');
      equal(bus.arrived[0]?.signal?.aborted, true, 'aborted');
      await new Promise((resolve) => setTimeout(resolve, 10));
      equal(bus.arrived.length, 1, 'requests');
    },
  },
  {
    name: 'request() finds its response among other messages, which stay for others',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      const mallory = await clientOf('mallory');
      const answering = (async () => {
        for await (const { id, sender, payload } of reviewer.messages()) {
          const answer = { to: sender, subject: 'reviewed', type: 'RESPONSE' } as const;
          await mallory.send({ ...answer, payload: { request_id: id, verdict: 'forged' } });
          await reviewer.send({ ...answer, payload: { request_id: 'another' } });
          await reviewer.send({ ...answer, payload: { request_id: id, verdict: payload['file'] } });
          return;
        }
      })();
      const { type: _type, ...asked } = parts;
      const response = await planner.request(asked);
      await answering;
      equal(response.payload['verdict'], 'a.ts', 'verdict');
      equal(response.sender, 'reviewer', 'sender');
      const others = await planner.receive();
      deepEqual(
        others.map(({ payload }) => payload['verdict'] ?? ''),
        ['forged', ''],
        'others',
      );
      for (const other of others) await planner.acknowledge(other);
      deepEqual(bus.mailbox('planner'), [], 'mailbox');
    },
  },
  {
    name: 'request() and messages() share one poll, and each gets its own',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      const other = planner.messages().next();
      const { type: _type, ...asked } = parts;
      const responses = ['one', 'two'].map((file) =>
        planner.request({ ...asked, payload: { file } }),
      );
      const polls = () => bus.arrived.filter(({ url }) => url.search.includes('wait=20')).length;
      while (bus.mailbox('reviewer').length < 2) await new Promise((end) => setTimeout(end, 1));
      equal(polls(), 1, 'polls');
      const requests = await reviewer.receive();
      const answer = { to: 'planner', subject: 'reviewed', type: 'RESPONSE' } as const;
      for (const { id, payload } of requests.toReversed()) {
        await reviewer.send({ ...answer, payload: { request_id: id, file: payload['file'] } });
      }
      await reviewer.send({ ...parts, to: 'planner', subject: 'own' });
      const files = (await Promise.all(responses)).map(({ payload }) => payload['file']);
      deepEqual(files, ['one', 'two'], 'files');
      const { value } = await other;
      equal(value?.subject, 'own', 'the other message');
    },
  },
  {
    name: 'request() gets the response that receive() came upon',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const reviewer = await clientOf('reviewer');
      bus.mishaps.push(undefined, () => new Promise<Response>(() => {}));
      const { type: _type, ...asked } = parts;
      const asking = planner.request(asked);
      while (bus.arrived.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      const [request] = await reviewer.receive();
      const payload = { request_id: request?.id, verdict: 'fine' };
      await reviewer.send({ to: 'planner', subject: 'reviewed', type: 'RESPONSE', payload });
      deepEqual(await planner.receive(), [], 'messages for others');
      equal((await asking).payload['verdict'], 'fine', 'verdict');
    },
  },
  {
    name: 'request() says when no response came in time, and polls no longer',
    run: async () => {
      const { bus, clientOf } = await setup();
      const planner = await clientOf('planner');
      const { type: _type, ...asked } = parts;
      await rejectsWithCode(planner.request(asked, { timeout: 0.5 }), 'upstream_timeout');
      equal(bus.arrived.at(-1)?.signal?.aborted, true, 'aborted');
      equal(bus.mailbox('reviewer').length, 1, 'messages');
    },
  },
];
