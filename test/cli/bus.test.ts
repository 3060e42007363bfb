// `swarmgate bus`: a conversation by the command alone, watched, and interrupted

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';

const main = join(import.meta.dirname, '../../dist/cli/main.js');
const as = (id: string): string[] => ['--id', id, '--key', `${id}.json`];

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
  await place.enroll('planner', 'bus:broadcast');
  for (const id of ['reviewer', 'watcher', 'leaver']) await place.enroll(id);
});
afterAll(() => place.stop());

const send = (to: string, subject: string, payload: object, ...more: string[]): Promise<string> =>
  place.done(['bus', 'send', '--to', to, '--subject', subject, ...more, ...as('planner')], {
    input: JSON.stringify(payload),
  });

/** A watcher as a process of its own, and what it has printed so far. */
function startWatch(...args: string[]) {
  const env = { ...process.env, SWARMGATE_URL: place.url };
  const child = spawn(process.execPath, [main, 'bus', 'watch', ...args], {
    cwd: place.folder,
    env,
  });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, printed, ended };
}

test('bus send prints the id, bus receive the message, and --ack removes it', async () => {
  const id = await send('reviewer', 'review-code', { file: 'main.ts' }, '--ttl', '5m');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const text = await place.done(['bus', 'receive', '--ack', ...as('reviewer')]);
  expect(text.split('\n')).toEqual([
    expect.stringMatching(/^REQUEST review-code from planner, (now|\d+ s ago)$/),
    `  id       ${id}`,
    '  payload  {"file":"main.ts"}',
  ]);
  const answer = { request_id: id, verdict: 'approved' };
  const args = ['--to', 'planner', '--subject', 'review-code', '--type', 'RESPONSE'];
  const options = { input: JSON.stringify(answer) };
  await place.done(['bus', 'send', ...args, ...as('reviewer'), '--json'], options);
  const received = await place.done(['bus', 'receive', '--json', '--ack', ...as('planner')]);
  expect(JSON.parse(received)).toMatchObject({
    messages: [{ sender: 'reviewer', type: 'RESPONSE', payload: answer, via: [] }],
  });
  expect(await place.run(['bus', 'receive', ...as('reviewer')])).toEqual({
    code: 0,
    out: '',
    err: 'There are no messages\n',
  });
});

test('bus watch prints messages as they come, keeps what it was not told to remove, and ends on Ctrl-C', async () => {
  const { child, printed, ended } = startWatch('--json', ...as('watcher'));
  for (const n of [1, 2]) await send('watcher', 'count', { n });
  await expect.poll(() => printed.out.split('\n').length, { timeout: 20_000 }).toBe(3);
  const lines = printed.out.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { payload: unknown }).payload)).toEqual([
    { n: 1 },
    { n: 2 },
  ]);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(printed.err).toBe('');
  const again = await place.done(['bus', 'receive', '--wait', '30', '--json', ...as('watcher')]);
  expect((JSON.parse(again) as { messages: unknown[] }).messages).toHaveLength(2);
});

test('bus watch --ack removes what it has printed; --subject leaves the rest', async () => {
  const { child, printed, ended } = startWatch('--ack', '--subject', 'a-*', ...as('leaver'));
  for (const subject of ['a-one', 'b-one', 'a-two']) await send('leaver', subject, {});
  await expect.poll(() => printed.out, { timeout: 20_000 }).toContain('a-two');
  expect(printed.out).not.toContain('b-one');
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  const left = await place.done(['bus', 'receive', '--wait', '30', '--json', ...as('leaver')]);
  const { messages } = JSON.parse(left) as { messages: readonly { subject: string }[] };
  expect(messages.map(({ subject }) => subject)).toEqual(['b-one']);
});

test('bus watch ends with the code when its agent is revoked', async () => {
  await place.enroll('traitor');
  const { printed, ended } = startWatch(...as('traitor'));
  await send('traitor', 'hello', {});
  await expect.poll(() => printed.out, { timeout: 20_000 }).toContain('hello');
  await place.done(['revoke', 'agent', 'traitor']);
  expect(await ended).toBe(1);
  expect(printed.err).toMatch(/^swarmgate: refused: token_revoked: /);
});

test('bus commands say what is wrong, with the exit codes of all commands', async () => {
  const planner = as('planner');
  const to = ['--to', 'reviewer'];
  const cases: [string[], number, RegExp][] = [
    [['send', ...to, '--subject', 'Not Kebab', ...planner], 2, /"subject"/],
    [['send', ...to, '--subject', 'a', '--type', 'EVENT', ...planner], 2, /Allowed are REQUEST/],
    [['send', '--to', '../a', '--subject', 'a', ...planner], 2, /must be 1 to 128/],
    [['send', ...to, '--subject', 'a', '--type', 'RESPONSE', ...planner], 2, /request_id/],
    [['send', ...to, '--subject', 'a', '--type', 'VETO', ...planner], 1, /scope_insufficient/],
    [['send', ...to, '--subject', 'a', '--from', 'reviewer', ...planner], 1, /sender_mismatch/],
    [
      ['send', ...to, '--subject', 'a', '--payload-file', 'none.json', ...planner],
      3,
      /no such file/,
    ],
    [['receive', '--max', '101', ...planner], 2, /from 1 to 100/],
    [['receive', '--url', 'http://127.0.0.1:1', ...planner], 3, /cannot be reached/],
    [['watch', '--subject', 'a*b', ...planner], 2, /"subjects"/],
  ];
  for (const [args, code, words] of cases) {
    const run = await place.run(['bus', ...args]);
    expect([args, run.code, run.err]).toEqual([args, code, expect.stringMatching(words)]);
  }
  const text = await place.run(['bus', 'send', ...to, '--subject', 'a', ...planner], {
    input: '{"a":1,"a":2}',
  });
  expect(text).toMatchObject({ code: 2, err: expect.stringContaining('duplicate') as string });
});
