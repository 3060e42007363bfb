// The bridge between two steps of a delivery: what a crash leaves there is finished, and nothing comes twice

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliver, openInbox, type InboundContext, type LocalMailbox } from '../../cli/bridge/in.ts';
import { openLedger } from '../../cli/bridge/ledger.ts';
import type { ReceivedMessage } from '../../src/index.ts';

const id = '7f3b8f0e-4c52-4d3c-9a55-0d2a4a1c9e11';
const ts = '2026-11-24T12:00:00Z';
const text = JSON.stringify({ id, ts, to: 'planner' });
const name = `${ts}_${id}.json`;
const hour = 3_600_000;

let folder: string;
let acknowledged: string[];
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'swarmgate-bridge-'));
  mkdirSync(join(folder, 'planner'));
  [acknowledged, said] = [[], []];
});
afterEach(() => rmSync(folder, { recursive: true }));

const context: InboundContext = {
  bridge: 'bridge',
  isLocal: () => true,
  log: { say: (event) => void said.push(event), count: () => 0 },
  signal: new AbortController().signal,
};

/** A bridge that has just started. */
async function start(): Promise<LocalMailbox> {
  const mailbox: LocalMailbox = {
    agent: 'planner',
    folder: join(folder, 'planner'),
    ledger: await openLedger(join(folder, 'ledger')),
    wire: {
      send: async () => {},
      receive: async () => [],
      acknowledge: async (message) => void acknowledged.push(message.id),
    },
  };
  await openInbox(mailbox);
  return mailbox;
}

const messageOf = (body: string, more: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  ...(JSON.parse(body) as ReceivedMessage),
  sender: 'coder',
  via: [],
  leaseUntil: 0,
  text: body,
  ...more,
});
const list = (part: string): readonly string[] => readdirSync(join(folder, 'planner', part)).sort();

/** Delivers, and then takes the name away again, as if the crash had been before it was given. */
async function crashBeforeName(): Promise<void> {
  const mailbox = await start();
  await deliver(mailbox, [messageOf(text)], context);
  await mailbox.ledger.close();
  const inbox = join(folder, 'planner/inbox');
  unlinkSync(join(inbox, name));
  writeFileSync(join(inbox, `.${id}.tmp`), text);
}

test('a message that is in the ledger and has no name yet gets it at the next start', async () => {
  await crashBeforeName();
  await start();
  expect(list('inbox')).toEqual([name]);
  expect(readFileSync(join(folder, 'planner/inbox', name), 'utf8')).toBe(text);
});

test('and gets it when it comes again, where only the name had failed', async () => {
  const mailbox = await start();
  await deliver(mailbox, [messageOf(text)], context);
  const inbox = join(folder, 'planner/inbox');
  unlinkSync(join(inbox, name));
  writeFileSync(join(inbox, `.${id}.tmp`), text);
  await deliver(mailbox, [messageOf(text)], context);
  expect(list('inbox')).toEqual([name]);
  expect(acknowledged).toEqual([id, id]);
});

test('a draft that is not in the ledger is no message: it comes again, and is written anew', async () => {
  mkdirSync(join(folder, 'planner/inbox'), { recursive: true });
  writeFileSync(join(folder, 'planner/inbox', `.${id}.tmp`), text.slice(0, 20));
  const mailbox = await start();
  expect(list('inbox')).toEqual([`.${id}.tmp`]);
  await deliver(mailbox, [messageOf(text)], context);
  expect(list('inbox')).toEqual([name]);
  expect(readFileSync(join(folder, 'planner/inbox', name), 'utf8')).toBe(text);
});

test('what a script has taken is acknowledged and not delivered again, also after a start', async () => {
  const first = await start();
  await deliver(first, [messageOf(text)], context);
  await first.ledger.close();
  unlinkSync(join(folder, 'planner/inbox', name));
  await deliver(await start(), [messageOf(text), messageOf(text)], context);
  expect(list('inbox')).toEqual([]);
  expect(acknowledged).toEqual([id, id, id]);
  expect(said).toEqual(['delivered']);
});

test('another message with the same id is set aside, once, and not over the first', async () => {
  const other = JSON.stringify({ id: id.toUpperCase(), ts, to: 'planner', payload: {} });
  const mailbox = await start();
  await deliver(mailbox, [messageOf(text)], context);
  await deliver(mailbox, [messageOf(other)], context);
  await deliver(mailbox, [messageOf(other)], context);
  expect(readFileSync(join(folder, 'planner/inbox', name), 'utf8')).toBe(text);
  const [file = '', reason = ''] = list('rejected');
  expect(list('rejected')).toEqual([file, `${file}.reason`]);
  expect(readFileSync(join(folder, 'planner/rejected', file), 'utf8')).toBe(other);
  expect(JSON.parse(readFileSync(join(folder, 'planner/rejected', reason), 'utf8'))).toMatchObject({
    code: 'id_taken',
    sender: 'coder',
  });
});

test("a broadcast of this side comes back to nobody; somebody else's with the same name does", async () => {
  const mailbox = await start();
  const own = messageOf(text, { to: '*', sender: 'bridge', from: 'planner' });
  await deliver(mailbox, [own], { ...context, isLocal: (agent) => agent === 'planner' });
  expect([list('inbox'), acknowledged]).toEqual([[], [id]]);
  await deliver(mailbox, [{ ...own, from: 'coder' }], { ...context, isLocal: () => false });
  expect(list('inbox')).toEqual([name]);
});

test('a ledger knows for three hours, and a line that was cut off is no entry', async () => {
  const path = join(folder, 'ledger');
  let now = Date.now();
  const entry = { id, digest: 'a'.repeat(32) };
  const late = { id: id.replace('7', '8'), digest: 'b'.repeat(32) };
  let ledger = await openLedger(path, () => now);
  await ledger.add([entry]);
  await ledger.close();
  const [file = ''] = readdirSync(path);
  appendFileSync(join(path, file), `${late.id} ${late.digest.slice(1)}`);
  ledger = await openLedger(path, () => now);
  expect([ledger.look(entry), ledger.look(late)]).toEqual(['known', 'new']);
  expect(ledger.look({ ...entry, digest: late.digest })).toBe('other');
  await ledger.add([late]);
  await ledger.close();
  now += 2 * hour;
  ledger = await openLedger(path, () => now);
  expect([ledger.look(entry), ledger.look(late)]).toEqual(['known', 'known']);
  now += hour;
  await ledger.add([{ ...late, id: id.replace('7', '9') }]);
  expect(ledger.look(entry)).toBe('new');
  expect(readdirSync(path)).toHaveLength(1);
  await ledger.close();
});
