// `swarmgate audit` as processes against a gateway: what is exported verifies, and what was tampered with does not

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';

const main = join(import.meta.dirname, '../../dist/cli/main.js');

let place: AuthorityPlace;
let log: string;

/** Exports until there is a manifest: the first one comes some seconds after the first record. */
async function exportSealed(): Promise<string> {
  const deadline = Date.now() + 40_000;
  for (;;) {
    const text = await place.done(['audit', 'export']);
    if (text.includes('{"kind":"manifest",')) return text;
    if (Date.now() > deadline) throw new Error('No manifest came in time');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

beforeAll(async () => {
  place = await startAuthorityPlace();
  for (const id of ['first', 'second', 'third']) {
    await place.done(['agents', 'add', id, '--tier', 'fast', '--scope', 'bus:receive']);
  }
  log = await exportSealed();
  writeFileSync(place.path('audit.jsonl'), `${log}\n`);
});
afterAll(() => place.stop());

test('audit export writes JSON Lines that name what operators did', () => {
  const records = log.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records.some(({ resource, agent }) => resource === 'second' && agent === 'operator')).toBe(
    true,
  );
});

test('audit verify passes what was exported, from a file and from standard input', async () => {
  const fromFile = await place.done(['audit', 'verify', 'audit.jsonl', '--max-age', '5m']);
  expect(fromFile).toMatch(/^intact: \d+ entries\nmanifest \d+ of .+ is the newest; /);
  const json = await place.done(['audit', 'verify', '-', '--json'], { input: log });
  expect(JSON.parse(json)).toMatchObject({ ok: true, signed: true, findings: [], losses: [] });
});

test('audit verify names what was changed, and ends with exit code 1', async () => {
  const input = log.replace('"resource":"second"', '"resource":"sekond"');
  const { code, out, err } = await place.run(['audit', 'verify'], { input });
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out).toMatch(
    /^x record_changed: line \d+, shard \d: number \d+ was changed: its hash does not fit\nNOT intact: 1 faults/,
  );
});

test('audit verify needs the keys, unless it is told to check no signature', async () => {
  const elsewhere = ['--url', 'http://127.0.0.1:9'];
  const { code, err } = await place.run(['audit', 'verify', 'audit.jsonl', ...elsewhere]);
  expect(code).toBe(3);
  expect(err).toContain('keys cannot be reached');
  const args = ['audit', 'verify', 'audit.jsonl', '--unsigned', '--issuer', place.url];
  expect(await place.done([...args, ...elsewhere])).toMatch(
    /^intact: \d+ entries, signatures not checked\n/,
  );
  const other = await place.run([
    'audit',
    'verify',
    'audit.jsonl',
    '--issuer',
    'https://other.example',
  ]);
  expect(other.code).toBe(1);
  expect(other.out).toContain('manifest_invalid: ');
});

test('audit export goes on after a cursor', async () => {
  const lines = (await place.done(['audit', 'export', '--json'])).split('\n');
  const cursor = JSON.parse(lines.at(-1) ?? '') as { kind: string; after: string };
  expect(cursor.kind).toBe('cursor');
  await place.done(['agents', 'add', 'fourth', '--tier', 'fast', '--scope', 'bus:receive']);
  const deadline = Date.now() + 20_000;
  let rest = '';
  while (!rest.includes('"resource":"fourth"') && Date.now() < deadline) {
    rest = await place.done(['audit', 'export', '--after', cursor.after]);
  }
  expect(rest).toContain('"resource":"fourth"');
  expect(rest).not.toContain('"resource":"third"');
  const verified = await place.done(['audit', 'verify', '--partial'], { input: rest });
  expect(verified).toMatch(/^intact: /);
});

test('audit export --follow goes on with what comes, each line once, until it is interrupted', async () => {
  const child = spawn(process.execPath, [main, 'audit', 'export', '--follow'], {
    cwd: place.folder,
    env: { ...process.env, SWARMGATE_URL: place.url, SWARMGATE_KEY: place.path('operator.json') },
  });
  let out = '';
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  const seen = async (text: string): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!out.includes(text)) {
      if (Date.now() > deadline) throw new Error(`It did not come: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  try {
    await seen('"resource":"first"');
    await place.done(['agents', 'add', 'followed', '--tier', 'fast', '--scope', 'bus:receive']);
    await seen('"resource":"followed"');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
  const lines = out.split('\n').filter((line) => line !== '');
  expect(new Set(lines).size).toBe(lines.length);
  expect(said).toMatch(/^\d+ lines; what comes later: --after [\w.-]+\n$/);
  const verified = await place.run(['audit', 'verify'], { input: out });
  expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/^intact: /) as string });
});

test('audit export and verify say what is wrong with their command line', async () => {
  expect(await place.run(['audit', 'export', '--after', "x'y"])).toMatchObject({
    code: 2,
    out: '',
  });
  expect(await place.run(['audit', 'verify', '--max-age', 'soon'])).toMatchObject({ code: 2 });
  const missing = await place.run(['audit', 'verify', 'no-such-file']);
  expect(missing).toMatchObject({ code: 3 });
  expect(missing.err).toContain('there is no such file');
  expect(readFileSync(place.path('audit.jsonl'), 'utf8')).toBe(`${log}\n`);
});
