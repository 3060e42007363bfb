// `swarmgate enroll` as a process: codes from hostile hands, and the key that it makes

import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
});
afterAll(() => place.stop());

const codeFor = (id: string): Promise<string> =>
  place.done(['enrollments', 'add', id, '--tier', 'fast', '--scope', 'bus:receive']);

test('enroll takes the code from a file, the environment or standard input', async () => {
  writeFileSync(place.path('code.txt'), `${await codeFor('by-file')}\r\n`);
  const by = async (id: string, args: readonly string[], options: object): Promise<unknown> =>
    JSON.parse(await place.done(['enroll', '--key', `${id}.json`, ...args, '--json'], options));
  const place1 = ['--code-file', 'code.txt'];
  expect(await by('by-file', place1, {})).toMatchObject({ client_id: 'by-file' });
  const env = { SWARMGATE_CODE: await codeFor('by-env') };
  expect(await by('by-env', [], { env })).toMatchObject({ client_id: 'by-env' });
  const input = await codeFor('by-pipe');
  expect(await by('by-pipe', ['--code-file', '-'], { input, env })).toEqual({
    client_id: 'by-pipe',
    issuer: place.url,
    token_endpoint: `${place.url}/token`,
    jwks_uri: `${place.url}/.well-known/jwks.json`,
    resource: place.url,
  });
});

test('enroll takes no code from an argument, and repeats none', async () => {
  const code = await codeFor('argued');
  for (const args of [[code], [`--code=${code}`], [`--code-file=${code}`]]) {
    const run = await place.run(['enroll', '--key', 'argued.json', ...args]);
    expect({ code: run.code, out: run.out }).toEqual({ code: 2, out: '' });
    expect(run.err).toContain('A code is not taken from an argument');
    expect(run.err).not.toContain(code);
  }
  expect((await place.run(['enroll', 'short', '--key', 'k.json'])).code).toBe(2);
  expect(existsSync(place.path('argued.json'))).toBe(false);
});

test('enroll again with the same code and key answers the same; another key is refused', async () => {
  const input = await codeFor('again');
  const enroll = ['enroll', '--key', 'again.json'];
  const first = await place.done(enroll, { input });
  // A second use is told from a replay by the second in which its proof was made
  await new Promise((resolve) => setTimeout(resolve, 1100 - (Date.now() % 1000)));
  expect(await place.run(enroll, { input })).toEqual({ code: 0, out: `${first}\n`, err: '' });
  const other = await place.run(['enroll', '--key', 'other.json'], { input });
  expect(other).toEqual({
    code: 1,
    out: '',
    err: 'Private key written to other.json\nswarmgate: refused: enrollment_refused: The enrolment code is not valid\n',
  });
});

test.each([
  ['of the right form, but never made', `${'A'.repeat(16)}.${'A'.repeat(43)}`, 1],
  ['of another form', 'hunter2', 1],
  ['with a space before it', ` ${'A'.repeat(16)}.${'A'.repeat(43)}`, 1],
  ['a private key by mistake', '{"kty":"EC","d":"secret"}', 1],
  ['far too long', 'A'.repeat(100_000), 1],
  ['empty', '', 2],
])('enroll refuses a code that is %s, without repeating it', async (_, input, exit) => {
  const { code, out, err } = await place.run(['enroll', '--key', 'refused.json'], { input });
  expect({ code, out }).toEqual({ code: exit, out: '' });
  if (input !== '') expect(err).not.toContain(input.trim());
});

test('enroll uses no key that others can read, follows no dangling link, changes no other file', async () => {
  const input = await codeFor('careful');
  await place.done(['keys', 'generate', '--out', 'open.json']);
  chmodSync(place.path('open.json'), 0o644);
  const open = await place.run(['enroll', '--key', 'open.json'], { input });
  expect([open.code, open.err]).toEqual([3, expect.stringContaining('chmod 600 open.json')]);
  symlinkSync(place.path('nowhere.json'), place.path('link.json'));
  expect((await place.run(['enroll', '--key', 'link.json'], { input })).code).toBe(3);
  expect(existsSync(place.path('nowhere.json'))).toBe(false);
  writeFileSync(place.path('notes.txt'), 'precious', { mode: 0o600 });
  expect((await place.run(['enroll', '--key', 'notes.txt'], { input })).code).toBe(3);
  expect(readFileSync(place.path('notes.txt'), 'utf8')).toBe('precious');
  // None of them has used the code up
  await place.done(['enroll', '--key', 'careful.json'], { input });
});
