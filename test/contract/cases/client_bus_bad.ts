// createBusClient against wrong answers, wrong messages, wrong parts and wrong options

import {
  createBusClient,
  type BusClientOptions,
  type ErrorCode,
  type MessageParts,
  type RefusedMessage,
} from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { busUrl, fakeBus } from '../support/fake_bus.ts';
import { refusesCaller } from '../support/rejections.ts';
import { clock } from '../support/world.ts';

const parts: MessageParts = {
  to: 'reviewer',
  type: 'REQUEST',
  subject: 'review-code',
  payload: { file: 'a.ts' },
};

async function setup(options: Partial<BusClientOptions> = {}) {
  const bus = await fakeBus(clock);
  const fixed = { url: bus.url, fetch: bus.fetch, retryDelay: 0.001, clock, random: () => 0 };
  const planner = createBusClient({ ...fixed, source: await bus.sourceOf('planner'), ...options });
  const reviewer = createBusClient({
    ...fixed,
    source: await bus.sourceOf('reviewer'),
    ...options,
  });
  return { bus, planner, reviewer };
}

let deep: object = {};
for (let level = 0; level < 40; level++) deep = { deep };

const badParts: readonly (readonly [what: string, changes: object, words: string])[] = [
  ['no recipient', { to: undefined }, '"to"'],
  ['a recipient that is no agent id', { to: '../admin' }, '"to"'],
  ['an unknown type', { type: 'EVENT' }, '"type"'],
  ['a type in lower case', { type: 'request' }, '"type"'],
  ['a subject with spaces', { subject: 'review code' }, '"subject"'],
  ['a subject of 65 characters', { subject: 'a'.repeat(65) }, '"subject"'],
  ['a payload that is a list', { payload: [] }, '"payload"'],
  ['a payload that is text', { payload: 'text' }, '"payload"'],
  ['a payload without end', { payload: { n: 1n } }, '"payload"'],
  ['a payload too deep', { payload: deep }, '"payload"'],
  ['a payload with half a character', { payload: { text: '\ud800' } }, '"payload"'],
  ['a response to nothing', { type: 'RESPONSE' }, '"request_id"'],
  ['a ttl of 0', { ttl: 0 }, '"ttl"'],
  ['a ttl of 1.5', { ttl: 1.5 }, '"ttl"'],
  ['a ttl of 3,601', { ttl: 3601 }, '"ttl"'],
  ['a sender that is no agent id', { from: '*' }, '"from"'],
  ['an id that is no UUID', { id: '1' }, '"id"'],
  ['an unknown part', { sig: 'a' }, '"sig"'],
];

/** A message text, changed after its digest was made. */
type Change = (text: string) => string;

const member =
  (name: string, value: string): Change =>
  (text) =>
    text.replace(new RegExp(`"${name}":(?:"[^"]*"|\\d+)`), `"${name}":${value}`);

const badMessages: readonly (readonly [what: string, change: Change, code: ErrorCode])[] = [
  ['another payload', (text) => text.replace('a.ts', 'b.ts'), 'message_integrity'],
  [
    'a space more in its payload',
    (text) => text.replace('{"file":', '{"file": '),
    'message_integrity',
  ],
  [
    'a digest in upper case',
    (text) =>
      text.replace(/"sig":"([^"]*)"/, (_all, sig: string) => `"sig":"${sig.toUpperCase()}A"`),
    'message_malformed',
  ],
  ['an unknown member', (text) => text.replace('{', '{"extra":1,'), 'message_malformed'],
  ['a wrong id', member('id', '"1"'), 'message_malformed'],
  ['a wrong type', member('type', '"EVENT"'), 'message_malformed'],
  ['a wrong subject', member('subject', '"Review Code"'), 'message_malformed'],
  ['a wrong time', member('ts', '"yesterday"'), 'message_malformed'],
  ['a month that does not exist', member('ts', '"2026-13-01T00:00:00Z"'), 'message_malformed'],
  ['a wrong nonce', member('nonce', '"a"'), 'message_malformed'],
  ['a wrong recipient', member('to', '"../admin"'), 'message_malformed'],
  ['a list for a message', () => '[]', 'message_malformed'],
  ['16 kB more', (text) => text.replace('{', `{${' '.repeat(16_384)}`), 'message_too_large'],
];

const whole = '{"lease_until":1,"sender":"a","via":[],"message":{}}';
const badAnswers: readonly (readonly [what: string, body: string])[] = [
  ['no JSON', '<html>'],
  ['no messages', '{}'],
  ['messages that are no list', '{"messages":{}}'],
  ['messages named twice', '{"messages":[],"messages":[]}'],
  ['more messages than asked for', `{"messages":[${whole},${whole},${whole}]}`],
  ['a delivery without a message', '{"messages":[{"lease_until":1,"sender":"a","via":[]}]}'],
  ['a delivery without a sender', '{"messages":[{"lease_until":1,"via":[],"message":{}}]}'],
  ['a sender that is no agent', `{"messages":[${whole.replace('"a"', '"../a"')}]}`],
  ['a lease without end', `{"messages":[${whole.replace(':1', ':1e400')}]}`],
  [
    'a message with a member named twice',
    `{"messages":[${whole.replace('{}', '{"to":1,"to":2}')}]}`,
  ],
  ['actors that are no list', `{"messages":[${whole.replace('[]', '"a"')}]}`],
  ['an answer past the cap', `{"messages":[]${' '.repeat(100_000)}}`],
];

const badOptions: readonly (readonly [changes: object, words: string])[] = [
  [{ url: 'http://gate.example' }, '"url"'],
  [{ url: 'gate.example' }, '"url"'],
  [{ url: 'https://gate.example/?a=b' }, '"url"'],
  [{ url: 'https://a:b@gate.example' }, '"url"'],
  [{ fetch: undefined, source: undefined }, '"source"'],
  [{ source: {} }, '"source"'],
  [{ fetch: 1 }, '"fetch"'],
  [{ timeout: 0 }, '"timeout"'],
  [{ attempts: 0 }, '"attempts"'],
  [{ retryDelay: 0 }, '"retryDelay"'],
  [{ onRefused: 1 }, '"onRefused"'],
  [{ uri: busUrl }, '"uri"'],
];

export const cases: readonly ContractCase[] = [
  ...badParts.map(([what, changes, words]) => ({
    name: `send() refuses ${what}`,
    run: async () => {
      const { bus, planner } = await setup();
      await refusesCaller(() => planner.send({ ...parts, ...changes }), words);
      equal(bus.arrived.length, 0, 'requests');
    },
  })),
  {
    name: 'send() refuses a payload past 14,336 bytes, and takes one of exactly that',
    run: async () => {
      const { bus, planner } = await setup();
      const text = 'ä'.repeat((14_336 - '{"text":""}'.length - 1) / 2);
      await planner.send({ ...parts, payload: { text: `${text}a` } });
      const larger = planner.send({ ...parts, payload: { text: `${text}ä` } });
      await rejectsWithCode(larger, 'message_too_large');
      equal(bus.arrived.length, 1, 'requests');
    },
  },
  ...badMessages.map(([what, change, code]) => ({
    name: `receive() keeps back a message with ${what}, and says so`,
    run: async () => {
      const refused: RefusedMessage[] = [];
      const onRefused = (message: RefusedMessage): void => {
        refused.push(message);
        throw new Error('Of its own');
      };
      const { bus, planner, reviewer } = await setup({ onRefused });
      await planner.send({ ...parts, to: 'elsewhere' });
      const [text = ''] = bus.mailbox('elsewhere');
      bus.put('reviewer', 'mallory', change(text));
      const good = await planner.send(parts);
      const received = await reviewer.receive();
      deepEqual(
        received.map(({ id }) => id),
        [good],
        'received',
      );
      deepEqual(
        refused.map((each) => [each.code, each.sender]),
        [[code, 'mallory']],
        'refused',
      );
      equal(refused[0]?.text, change(text), 'text');
    },
  })),
  ...badAnswers.map(([what, body]) => ({
    name: `receive() rejects ${what}`,
    run: async () => {
      const { bus, reviewer } = await setup();
      bus.mishaps.push(() => new Response(body));
      const code = what.endsWith('cap') ? 'bus_unavailable' : 'upstream_invalid';
      await rejectsWithCode(reviewer.receive({ max: 2 }), code);
    },
  })),
  {
    name: 'receive() gives up a gateway that never answers',
    run: async () => {
      const { bus, reviewer } = await setup({ timeout: 0.03 });
      bus.mishaps.push(() => new Promise<Response>(() => {}));
      await rejectsWithCode(reviewer.receive(), 'upstream_timeout');
      equal(bus.arrived[0]?.signal?.aborted, true, 'aborted');
    },
  },
  {
    name: 'receive() does not believe a code that says something else than the status',
    run: async () => {
      const { bus, reviewer } = await setup();
      bus.mishaps.push(() => Response.json({ code: 'message_replayed' }, { status: 403 }));
      await rejectsWithCode(reviewer.receive(), 'upstream_invalid');
      bus.mishaps.push(() => Response.json({ code: 'toString' }, { status: 403 }));
      await rejectsWithCode(reviewer.receive(), 'upstream_invalid');
      bus.mishaps.push(() => new Response('<html>', { status: 502 }));
      await rejectsWithCode(reviewer.receive(), 'bus_unavailable');
    },
  },
  {
    name: 'messages() ends when the gateway refuses for good',
    run: async () => {
      const { bus, reviewer } = await setup();
      bus.mishaps.push(() => Response.json({ code: 'token_revoked' }, { status: 401 }));
      await rejectsWithCode(reviewer.messages().next(), 'token_revoked');
    },
  },
  {
    name: 'the bus client refuses wrong amounts, ids and times',
    run: async () => {
      const { bus, planner } = await setup();
      await refusesCaller(() => planner.receive({ max: 0 }), '"max"');
      await refusesCaller(() => planner.receive({ max: 101 }), '"max"');
      await refusesCaller(() => planner.receive({ wait: 31 }), '"wait"');
      await refusesCaller(() => planner.acknowledge('../admin'), 'UUID');
      const { type: _type, ...asked } = parts;
      await refusesCaller(() => planner.request(asked, { timeout: 0 }), '"timeout"');
      await refusesCaller(() => planner.request({ ...asked, to: '*' }), '"to"');
      equal(bus.arrived.length, 0, 'requests');
    },
  },
  {
    name: 'the bus client does not try again what its caller got wrong',
    run: async () => {
      const { bus } = await setup();
      let asked = 0;
      const client = createBusClient({
        url: busUrl,
        retryDelay: 0.001,
        source: {
          token: async () => {
            asked++;
            return { token: 'a b', scheme: 'Bearer', expiresAt: 0 };
          },
        },
        fetch: bus.fetch,
      });
      await refusesCaller(() => client.send(parts), '"source"');
      equal(asked, 1, 'attempts');
    },
  },
  ...badOptions.map(([changes, words]) => ({
    name: `createBusClient() refuses the options ${JSON.stringify(changes)}`,
    run: async () => {
      const source = { token: () => {} };
      const options = { url: busUrl, source, ...changes } as unknown as BusClientOptions;
      await refusesCaller(() => createBusClient(options), words);
    },
  })),
];
