// `swarmgate` as a process: help at each level, the version, and mistakes that it must survive

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paint } from '../../cli/output/output.ts';
import { makePlace, type Place } from './command.ts';

const root = join(import.meta.dirname, '../..');
let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

test.each([
  [],
  ...['init', 'dev', 'enroll', 'proof', 'gate', 'doctor', 'completion'].map((name) => [name]),
  ...Object.entries({
    keys: ['generate', 'list', 'rotate', 'compromise'],
    token: ['get', 'exchange', 'issue', 'verify', 'inspect'],
    agents: ['add', 'list', 'show', 'disable', 'enable', 'remove'],
    enrollments: ['add', 'list', 'remove'],
    revoke: ['token', 'session', 'agent', 'key', 'before'],
  }).flatMap(([group, names]) => [[group], ...names.map((name) => [group, name])]),
])('--help shows examples (%j)', async (...words) => {
  const { code, out, err } = await place.run([...words, '--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Examples:\n');
  expect(out.trim().split('\n').at(-1)).toMatch(/^ {2,}\S/);
});

test('the exit codes are documented', async () => {
  const { out } = await place.run(['--help']);
  for (const code of [0, 1, 2, 3]) expect(out).toMatch(new RegExp(`^ {2}${code} {2}`, 'm'));
});

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(await place.run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test.each([[[]], [['token']], [['keys']], [['agents']], [['revoke']]])(
  'without a command the help is on standard error',
  async (words) => {
    const { code, out, err } = await place.run(words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('Usage: swarmgate');
  },
);

test.each([
  [['tokens'], "Unknown command 'tokens'\n(Did you mean token?)"],
  [['token', 'verfy'], "Unknown command 'verfy'\n(Did you mean verify?)"],
  [['token', 'inspect', '--all'], "Unknown option '--all'"],
  [['token', 'inspect', '--secret=hunter2'], "Unknown option '--secret=…'"],
])('%j is wrong use', async (args, message) => {
  expect(await place.run(args)).toEqual({
    code: 2,
    out: '',
    err: `swarmgate: ${message}\nSee --help\n`,
  });
});

test('a mistake with --json is one object on standard output too', async () => {
  const { code, out } = await place.run(['token', 'issue', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({
    error: 'usage',
    message: "Required option '--key <file>' not specified\nSee --help",
  });
});

test('a reader that stops early is no failure', () => {
  const main = join(root, 'dist/cli/main.js');
  const script = `"$0" "$1" token issue --help | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, main], {
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({
    stdout: 'Usage: swarmgate token issue [options]\n0\n',
    stderr: '',
  });
});

test('paint() colours on terminals only, and not against NO_COLOR', () => {
  const write = (): boolean => true;
  const { NO_COLOR: before } = process.env;
  delete process.env['NO_COLOR'];
  try {
    expect(paint('good', 'x', { isTTY: true, write })).toBe('\u001B[32mx\u001B[0m');
    expect(paint('good', 'x', { isTTY: false, write })).toBe('x');
    process.env['NO_COLOR'] = '1';
    expect(paint('good', 'x', { isTTY: true, write })).toBe('x');
  } finally {
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  }
});
