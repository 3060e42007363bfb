// `swarmgate bridge` refuses: bad files, folders that are no mailboxes, agents that nobody listed, wrong use

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  makeMessage,
  post,
  startBridgePlace,
  type BridgePlace,
  type Side,
} from './bridge_place.ts';

let place: BridgePlace;
let west: Side;
beforeAll(async () => {
  place = await startBridgePlace();
  west = await place.side('west', 'bridge', ['planner']);
});
afterAll(() => place.stop());

/** The files of a folder of set-aside messages, and why each is there. */
function reasons(side: Side, agent: string): Record<string, unknown> {
  return Object.fromEntries(
    side.names(agent, 'rejected').map((name) => {
      const text = readFileSync(side.path(agent, 'rejected', `${name}.reason`), 'utf8');
      return [name, (JSON.parse(text) as { code: unknown }).code];
    }),
  );
}

test('bridge sets bad files aside with the reason, and lets the good ones through', async () => {
  const agent = 'coder-2';
  const at = (name: string): string => west.path(agent, 'inbox', name);
  const good = makeMessage('planner', agent);
  const { nonce } = JSON.parse(good) as { nonce: string };
  post(west.dir, agent, good);
  const past = new Date(Date.now() - 120_000).toISOString();
  const bad: Readonly<Record<string, readonly [string | Uint8Array, string]>> = {
    'z-no-json.json': ['{"id":', 'message_malformed'],
    'z-empty.json': ['', 'message_malformed'],
    'z-no-utf8.json': [Uint8Array.of(0x7b, 0xff, 0x7d), 'message_malformed'],
    'z-twice.json': [good.replace('{', `{"to":"${agent}",`), 'message_malformed'],
    'z-unknown.json': [makeMessage('planner', agent, { admin: true }), 'message_malformed'],
    'z-no-from.json': [makeMessage('planner', agent, { from: undefined }), 'sender_mismatch'],
    'z-not-ours.json': [makeMessage('coder', agent), 'sender_mismatch'],
    'z-operator.json': [makeMessage('operator', agent), 'sender_mismatch'],
    'z-elsewhere.json': [makeMessage('planner', 'reviewer'), 'recipient_mismatch'],
    'z-old.json': [makeMessage('planner', agent, { ts: past }), 'message_expired'],
    'z-sig.json': [makeMessage('planner', agent, { sig: '0'.repeat(64) }), 'message_integrity'],
    'z-nonce.json': [makeMessage('planner', agent, { nonce }), 'message_replayed'],
    'z-veto.json': [makeMessage('planner', agent, { type: 'VETO' }), 'scope_insufficient'],
    'z-large.json': [
      makeMessage('planner', agent, { payload: { a: 'a'.repeat(17_000) } }),
      'message_too_large',
    ],
  };
  for (const [name, [content]] of Object.entries(bad)) writeFileSync(at(name), content);
  symlinkSync('/etc/hostname', at('z-link.json'));
  mkdirSync(at('z-folder.json'));
  execFileSync('mkfifo', [at('z-pipe.json')]);
  writeFileSync(at('note.txt'), 'left alone');
  writeFileSync(at('.hidden.json'), good);

  const run = await west.once();
  expect(run.code).toBe(1);
  expect(reasons(west, agent)).toEqual({
    ...Object.fromEntries(Object.entries(bad).map(([name, [, code]]) => [name, code])),
    'z-link.json': 'not_a_file',
    'z-folder.json': 'not_a_file',
    'z-pipe.json': 'not_a_file',
  });
  expect(run.out.match(/"event":"set_aside"/g)).toHaveLength(Object.keys(bad).length + 3);
  // As they were, so that somebody can look at them
  expect(readFileSync(west.path(agent, 'rejected', 'z-sig.json'), 'utf8')).toBe(
    bad['z-sig.json']?.[0],
  );
  expect(west.names(agent, 'processed')).toHaveLength(1);
  expect(readdirSync(west.path(agent, 'inbox')).sort()).toEqual(['.hidden.json', 'note.txt']);
});

test('bridge refuses folders that are no mailboxes, and ids that some disks would merge', async () => {
  const refused = {
    'a=3ab': 'no_name_of_an_agent',
    '=41gent': 'no_name_of_an_agent',
    'a b': 'no_name_of_an_agent',
    Planner: 'same_name_on_some_disks',
    writer: 'same_name_on_some_disks',
    Writer: 'same_name_on_some_disks',
    linked: 'is_a_link',
  };
  for (const folder of Object.keys(refused).slice(0, -1)) {
    post(west.dir, folder, makeMessage('planner', 'coder'));
  }
  symlinkSync('/tmp', join(west.dir, 'linked'));
  mkdirSync(join(west.dir, 'half'));
  symlinkSync(join(west.dir, 'writer/inbox'), join(west.dir, 'half/sending'));
  try {
    const run = await west.once();
    const lines = run.out.split('\n').filter((line) => line.includes('"folder"'));
    const said = lines.map((line) => JSON.parse(line) as { folder: string; code: string });
    expect(Object.fromEntries(said.map(({ folder, code }) => [folder, code]))).toEqual(refused);
    expect(run.out).toContain('is not a folder, or a link to one');
    expect(run.code).toBe(1);
    expect(readdirSync(join(west.dir, 'writer/inbox'))).toHaveLength(1);
  } finally {
    for (const folder of [...Object.keys(refused), 'half']) {
      rmSync(join(west.dir, folder), { recursive: true });
    }
  }
});

test('bridge acts for nobody whom the operator did not list, and for the others all the same', async () => {
  const { enroll, path } = place.authority;
  await enroll('stranger', 'bus:represent');
  copyFileSync(path('stranger.json'), path('west/keys/stranger.json'));
  const agent = 'coder-6';
  const ts = new Date().toISOString();
  const before = { ts: ts.replace(/\.\d+/, '') };
  const first = post(west.dir, agent, makeMessage('stranger', agent, before));
  const second = post(west.dir, agent, makeMessage('planner', agent, { ts }));
  const run = await west.once('--agents', 'planner,stranger');
  expect(run.code).toBe(1);
  expect(run.out).toContain('"event":"refused"');
  expect(west.names(agent, 'sending')).toEqual([first]);
  expect(west.names(agent, 'processed')).toEqual([second]);
});

test('bridge says what is wrong with its command line and its folders', async () => {
  const { run, path } = place.authority;
  const keys = ['--agent-keys', 'west/keys', '--key', 'bridge.json'];
  mkdirSync(path('no-keys'), { recursive: true });
  const cases: [string[], number, RegExp][] = [
    [[], 2, /--agent-keys/],
    [['--dir', 'none', ...keys], 3, /there is no such file/],
    [['--dir', 'bridge.json', ...keys], 3, /is no folder/],
    [
      ['--dir', 'west/bus', '--agent-keys', 'no-keys', '--key', 'bridge.json'],
      2,
      /keys of 1 to 64/,
    ],
    [['--dir', 'west/bus', '--agents', 'planner,planner', ...keys], 2, /named twice/],
    [
      ['--dir', 'west/bus', '--agents', 'planner,Planner', ...keys],
      2,
      /share a folder: planner, Planner/,
    ],
    [['--dir', 'west/bus', '--agents', '../x', ...keys], 2, /must be 1 to 128/],
    [['--dir', 'west/bus', '--agents', 'nobody', ...keys], 3, /nobody\.json/],
  ];
  for (const [args, code, words] of cases) {
    const { code: is, err } = await run(['bridge', ...args]);
    expect([args, is, err]).toEqual([args, code, expect.stringMatching(words)]);
  }
});
