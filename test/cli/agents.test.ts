// `swarmgate agents` and `enrollments` as processes against a gateway: what they show, and refuse

import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
  await place.done(['keys', 'generate', '--out', 'agent.json', '--public', 'agent.pub.json']);
});
afterAll(() => place.stop());

const json = async (args: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await place.done([...args, '--json'])) as Record<string, unknown>;
const policy = ['--tier', 'fast', '--scope', 'bus:receive'];

test('agents add registers an agent with its key, and says what is registered', async () => {
  const options = [...policy, '--jwk', 'agent.pub.json', '--dpop', 'required', '--dlg-max', '2'];
  const text = await place.done(['agents', 'add', 'team/first', ...options]);
  expect(text).toMatch(
    /^agent {8}team\/first\nstate {8}enabled\ntier {9}fast\nscopes {7}bus:receive\ntokens {7}bound to its key only\ndelegations {2}up to 2 in a row\nkey {10}[\w-]{43}\nregistered {3}(now|\d s ago)$/,
  );
  const shown = await json(['agents', 'show', 'team/first']);
  expect(shown).toMatchObject({ id: 'team/first', dlg_max: 2, disabled: false, sessions: [] });
  expect(JSON.stringify(shown)).not.toContain('"d":');
  expect(await place.run(['agents', 'add', 'team/first', ...policy])).toEqual({
    code: 1,
    out: '',
    err: 'swarmgate: refused: agent_exists: An agent is registered under this id\n',
  });
  const taken = await place.run(['agents', 'add', 'b', ...policy, '--jwk', 'agent.pub.json']);
  expect(taken.err).toContain('refused: key_taken: ');
});

test('agents list shows agents by id, up to a limit, with times relative to now', async () => {
  for (const id of ['list-a', 'list-b', 'list-c']) await json(['agents', 'add', id, ...policy]);
  const { code, out, err } = await place.run([
    'agents',
    'list',
    '--query',
    'list-',
    '--limit',
    '2',
  ]);
  expect({ code, err }).toEqual({ code: 0, err: 'There are more: see --limit and --query\n' });
  const [heading, ...lines] = out.trim().split('\n');
  expect(heading).toBe('AGENT   TIER  STATE    LAST SEEN  REGISTERED');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^list-a {2}fast {2}enabled {2}never {6}(now|\d+ s ago)$/);
  // The operator has just asked; the hour of it may be over
  const operators = await place.done(['agents', 'list', '--query', 'operator']);
  expect(operators).toMatch(/^operator {2}power {2}enabled {2}(this hour|1 h ago) /m);
  expect(await json(['agents', 'list', '--query', 'list-', '--limit', '3'])).toMatchObject({
    agents: [{ id: 'list-a' }, { id: 'list-b' }, { id: 'list-c' }],
    more: false,
  });
});

test('agents disable, enable and remove change what is registered', async () => {
  await json(['agents', 'add', 'changing', ...policy]);
  expect(await json(['agents', 'disable', 'changing'])).toMatchObject({ disabled: true });
  const listed = await place.done(['agents', 'list', '--query', 'changing']);
  expect(listed).toMatch(/^changing {2}fast {2}disabled /m);
  expect(await json(['agents', 'enable', 'changing'])).toMatchObject({ disabled: false });
  expect(await json(['agents', 'remove', 'changing'])).toEqual({ id: 'changing', removed: true });
  expect(await place.run(['agents', 'show', 'changing'])).toEqual({
    code: 1,
    out: '',
    err: 'swarmgate: refused: agent_unknown: There is no such agent\n',
  });
});

test('enrollments list never shows a code; remove ends it', async () => {
  const code = await place.done(['enrollments', 'add', 'coming', ...policy, '--expires-in', '2m']);
  const [id = ''] = code.split('.');
  const out = await place.done(['enrollments', 'list']);
  expect(out).toContain('ENROLMENT         AGENT   TIER  STATE  EXPIRES');
  expect(out).toMatch(
    new RegExp(`^${id} {2}coming {2}fast {2}open {3}in (2 min|1 min \\d+ s)`, 'm'),
  );
  expect(out).not.toContain(code);
  await place.done(['enrollments', 'remove', id]);
  expect((await place.run(['enroll', '--key', 'late.json'], { input: code })).code).toBe(1);
});

test.each([
  [['agents', 'add', '../admin', ...policy], 'argument'],
  [
    ['agents', 'add', 'x', '--tier', 'fast', '--scope', 'everything'],
    '"everything" is not a scope',
  ],
  [['agents', 'add', 'x', ...policy, '--dlg-max', '4'], "'--dlg-max <n>'"],
  [['agents', 'add', 'x', ...policy, '--dpop', 'maybe'], "'--dpop <when>'"],
  [['agents', 'list', '--limit', '0'], "'--limit <n>'"],
  [['agents', 'list', '--limit', '1e3'], "'--limit <n>'"],
  [['enrollments', 'add', 'x', ...policy, '--expires-in', '2d'], "'--expires-in <time>'"],
  [['enrollments', 'remove', '../agents'], 'the id of an enrolment'],
])('%j is wrong use', async (args, words) => {
  const { code, out, err } = await place.run(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(words);
});

test.each([
  [['agents', 'add', 'x', '--tier', 'royal', '--scope', 'bus:receive'], 'tier_unknown'],
  [['agents', 'add', 'Operat0r', ...policy], 'agent_reserved'],
  [['agents', 'add', 'x', '--tier', 'fast', '--scope', 'admin:everything'], 'scope_insufficient'],
  [['agents', 'disable', 'nobody'], 'agent_unknown'],
  [['agents', 'remove', 'operator'], 'agent_reserved'],
  [['agents', 'list', '--query', 'a&b'], 'parameter_malformed'],
  [['enrollments', 'remove', 'AAAAAAAAAAAAAAAA'], 'enrollment_unknown'],
])('%j is refused with %s', async (args, code) => {
  const { out, ...run } = await place.run([...args, '--json']);
  expect(run).toEqual({ code: 1, err: expect.stringContaining(`refused: ${code}: `) as string });
  expect(JSON.parse(out)).toMatchObject({ error: code });
});

test('agents add sends no private key anywhere, and no PEM', async () => {
  const add = ['agents', 'add', 'x', ...policy, '--jwk'];
  const mine = await place.run([...add, 'agent.json']);
  expect(mine).toEqual({
    code: 3,
    out: '',
    err: 'swarmgate: "agent.json" holds a private key: --jwk takes the public one\n',
  });
  writeFileSync(place.path('k.pem'), '-----BEGIN PUBLIC KEY-----\n');
  expect((await place.run([...add, 'k.pem'])).err).toContain('--jwk takes no PEM');
  writeFileSync(place.path('huge.json'), ' '.repeat(20_000));
  expect((await place.run([...add, 'huge.json'])).err).toContain('too large');
});
