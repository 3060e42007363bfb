// `swarmgate bridge`: both directions, broadcasts, locks, outages, and thousands of files

import { spawn } from 'node:child_process';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  makeMessage,
  post,
  startBridgePlace,
  type BridgePlace,
  type Side,
} from './bridge_place.ts';
import { times } from '../support/long_form.ts';

const poll = { timeout: 50_000 };
/** How many wait for a bridge, in ten folders. */
const files = times({ short: 1500, long: 5000 });

let place: BridgePlace;
let west: Side;
let east: Side;
beforeAll(async () => {
  place = await startBridgePlace();
  west = await place.side('west', 'bridge', ['planner', 'team:a/lead']);
  east = await place.side('east', 'bridge-east', ['coder', 'Reviewer']);
});
afterEach(() => place.endAll());
afterAll(() => place.stop());

test('bridge carries messages both ways, byte for byte, and ends on SIGTERM', async () => {
  const bridges = [west.start(), east.start()];
  for (const bridge of bridges) await bridge.until('ready');
  const there = makeMessage('planner', 'coder', { payload: { text: 'ä \u2028 "x"' } });
  const name = post(west.dir, 'coder', there);
  await expect.poll(() => east.names('coder'), poll).toEqual([name]);
  expect(east.read('coder')).toEqual([there.trim()]);
  await expect.poll(() => west.names('coder', 'processed'), poll).toEqual([name]);
  const back = makeMessage('coder', 'team:a/lead');
  const answer = post(east.dir, 'team=3Aa=2Flead', back);
  await expect.poll(() => west.read('team:a/lead'), poll).toEqual([back.trim()]);
  expect(west.names('team:a/lead')).toEqual([answer]);
  for (const bridge of bridges) {
    expect(await bridge.stop()).toBe(0);
    expect(bridge.errors()).toBe('');
    expect(bridge.events().at(-1)).toMatchObject({ event: 'stopped', delivered: 1, sent: 1 });
  }
  // Nothing of it is left at the gateway
  expect((await east.once()).code).toBe(0);
  expect(east.names('coder')).toHaveLength(1);
});

test('bridge delivers a broadcast elsewhere once, and not back to where it came from', async () => {
  const text = makeMessage('planner', '*');
  for (const folder of ['coder', 'coder-3', 'team=3Aa=2Flead']) post(west.dir, folder, text);
  for (const agent of ['coder', 'Reviewer']) drainInbox(east, agent);
  const before = west.names('team:a/lead').length;
  const bridges = [west.start(), east.start()];
  for (const agent of ['coder', 'Reviewer']) {
    await expect.poll(() => east.read(agent), poll).toEqual([text.trim()]);
  }
  await expect.poll(() => west.names('coder-3'), poll).toEqual([]);
  for (const bridge of bridges) expect(await bridge.stop()).toBe(0);
  expect((await west.once()).code).toBe(0);
  expect(west.names('team:a/lead')).toHaveLength(before);
});

test('bridge does not deliver what it has delivered, whatever became of the file', async () => {
  const bridge = east.start();
  const text = makeMessage('planner', 'coder', { payload: { once: true } });
  post(west.dir, 'coder', text);
  expect((await west.once()).code).toBe(0);
  await expect.poll(() => east.read('coder'), poll).toContain(text.trim());
  await bridge.stop('SIGKILL');
  drainInbox(east, 'coder');
  expect((await east.once()).code).toBe(0);
  expect(east.names('coder')).toEqual([]);
});

test('bridge waits while an inbox is locked, by flock or by a folder', async () => {
  const agent = 'coder-4';
  const inbox = west.path(agent, 'inbox');
  const first = post(west.dir, agent, makeMessage('planner', agent));
  const holder = spawn('flock', [join(inbox, '.lock'), 'sh', '-c', 'echo held; exec cat']);
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const bridge = west.start();
  await bridge.until('waiting');
  expect(bridge.events().at(-1)).toMatchObject({ agent, code: 'inbox_locked' });
  expect(west.names(agent)).toEqual([first]);
  holder.stdin.end();
  await bridge.until('sent');
  await expect.poll(() => west.names(agent, 'processed'), poll).toEqual([first]);
  rmSync(join(inbox, '.lock'));
  mkdirSync(join(inbox, '.lock'));
  const second = post(west.dir, agent, makeMessage('planner', agent));
  await bridge.until('waiting', 2);
  expect(west.names(agent)).toEqual([second]);
  rmdirSync(join(inbox, '.lock'));
  await bridge.until('sent', 2);
  expect(await bridge.stop()).toBe(0);
});

test('one bridge alone uses a folder', async () => {
  const bridge = west.start();
  await bridge.until('ready');
  const run = await west.once();
  expect([run.code, run.err]).toEqual([
    3,
    expect.stringContaining('Another bridge uses this folder'),
  ]);
  expect(await bridge.stop()).toBe(0);
});

test('files stay while the gateway is down, and go out when it is back', async () => {
  const agent = 'coder-5';
  const bridge = west.start();
  await bridge.until('ready');
  const restart = await place.authority.outage();
  const names = [1, 2, 3].map((n) =>
    post(west.dir, agent, makeMessage('planner', agent, { payload: { n } })),
  );
  await bridge.until('waiting', 2);
  expect([...west.names(agent), ...west.names(agent, 'sending')].sort()).toEqual([...names].sort());
  const run = await east.once();
  expect([run.code, run.out]).toEqual([3, expect.stringContaining('"event":"waiting"')]);
  await restart();
  await bridge.until('sent', 3);
  await expect.poll(() => west.names(agent, 'processed').length, poll).toBe(3);
  expect(await bridge.stop()).toBe(0);
});

test(`${files} files go out, the last as quickly as the first`, { timeout: 300_000 }, async () => {
  const folders = Array.from({ length: 10 }, (_, n) => `bulk-${n}`);
  // As far ahead as the bus allows: on a busy machine it takes a while
  const ts = new Date(Date.now() + 50_000).toISOString();
  for (let n = 0; n < files; n++) {
    const folder = folders[n % folders.length] ?? '';
    post(west.dir, folder, makeMessage('planner', folder, { ts, payload: { n } }));
  }
  const run = await west.once();
  expect(run.err).toBe('');
  const done = (folder: string, part: string): number => west.names(folder, part).length;
  for (const folder of folders) {
    expect([done(folder, 'inbox'), done(folder, 'sending')]).toEqual([0, 0]);
    // On a machine that is too slow some grow too old, and are kept
    expect(done(folder, 'processed') + done(folder, 'rejected')).toBe(files / 10);
  }
  const moments = run.out
    .split('\n')
    .filter((line) => line.includes('"event":"sent"'))
    .map((line) => Date.parse((JSON.parse(line) as { at: string }).at));
  const took = (from: number, to: number): number =>
    (moments.at(to) ?? 0) - (moments.at(from) ?? 0);
  const part = files / 5;
  expect(moments.length).toBeGreaterThan(2 * part);
  expect(took(-part - 1, -1)).toBeLessThan(4 * took(0, part) + 1000);
});

/** What a script does that takes messages and keeps nothing. */
function drainInbox(side: Side, agent: string): void {
  for (const name of side.names(agent)) rmSync(side.path(agent, 'inbox', name));
}
