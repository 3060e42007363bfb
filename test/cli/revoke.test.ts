// `swarmgate revoke` and the authority's `keys` as processes: what ends, whose, and what does not

import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeUnverified } from '../../src/index.ts';
import { startAuthorityPlace, until, type AuthorityPlace } from './authority.ts';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
  for (const id of ['planner', 'coder']) await place.enroll(id);
});
afterAll(() => place.stop());

const tokenOf = (id: string): Promise<string> =>
  place.done(['token', 'get', '--id', id, '--key', `${id}.json`, '--bearer']);
const ask = (token: string): Promise<string> => place.ask({ authorization: `Bearer ${token}` });
const ended = (token: string): Promise<number> => until('401 token_revoked', () => ask(token));

test('an operator ends any token, an agent its own and no other', async () => {
  const [first, second, third] = [
    await tokenOf('planner'),
    await tokenOf('planner'),
    await tokenOf('planner'),
  ];
  expect(await place.run(['revoke', 'token'], { input: first })).toEqual({
    code: 0,
    out: '',
    err: 'The authority ends the token, if it is one and you may\n',
  });
  await ended(first);
  const own = ['revoke', 'token', '--id', 'planner', '--key', 'planner.json'];
  await place.done(own, { env: { SWARMGATE_TOKEN: second } });
  await ended(second);
  const other = ['revoke', 'token', '--id', 'coder', '--key', 'coder.json'];
  expect(await place.run(other, { input: third })).toMatchObject({
    code: 1,
    err: expect.stringContaining('scope_insufficient') as string,
  });
  // Everything that was recorded before this is known by now
  const last = await tokenOf('planner');
  await place.done(['revoke', 'token'], { input: last });
  await ended(last);
  expect(await ask(third)).toBe('200');
});

test('revoke token --session and revoke session end every token of a session', async () => {
  const token = await tokenOf('coder');
  await place.done(['revoke', 'token', '--session'], { input: token });
  await ended(token);
  const next = await tokenOf('coder');
  await place.done(['revoke', 'session', String(decodeUnverified(next).claims['sid'])]);
  await ended(next);
});

test('revoke before ends what was issued up to then, of one agent or of all', async () => {
  const [mine, other] = [await tokenOf('planner'), await tokenOf('coder')];
  const out = await place.done(['revoke', 'before', 'now', '--agent', 'planner', '--json']);
  expect(JSON.parse(out)).toEqual({
    seq: expect.any(Number) as number,
    recorded_at: expect.any(Number) as number,
  });
  await ended(mine);
  expect(await ask(other)).toBe('200');
  const time = new Date(Date.now() + 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  await place.done(['revoke', 'before', time, '--all', '--reason', 'drill']);
  await ended(other);
});

test('keys list shows the states; a compromised key ends its tokens, and another signs', async () => {
  // The second of the revocation before must be over
  const get = ['token', 'get', '--id', 'planner', '--key', 'planner.json', '--bearer'];
  await until('0', async () => String((await place.run(get)).code));
  const token = await tokenOf('planner');
  const { kid } = decodeUnverified(token).header;
  const table = await place.done(['keys', 'list']);
  expect(table).toMatch(/^KEY +ALGORITHM {2}STATE +MADE$/m);
  expect(table).toMatch(new RegExp(`^${String(kid)} {2}ES256 {6}active +\\d`, 'm'));
  expect(table).toMatch(/^[\w-]{43} {2}ES256 {6}next +\d/m);
  await until('active (audit)', async () => {
    const [, state] =
      /ES256 {6}(active \(audit\)) +\d/.exec(await place.done(['keys', 'list'])) ?? [];
    return state ?? '';
  });
  const { keys } = JSON.parse(await place.done(['keys', 'rotate', '--json'])) as {
    keys: unknown[];
  };
  expect(keys.length).toBeGreaterThan(1);
  const run = await place.run(['keys', 'compromise', String(kid)]);
  expect(run).toEqual({
    code: 0,
    out: '',
    err: `Key ${String(kid)} is out, and everything that it signed is revoked\n`,
  });
  await until('401 key_unknown', () => ask(token)).catch(() => ended(token));
  const next = await tokenOf('planner');
  expect(decodeUnverified(next).header['kid']).not.toBe(kid);
  expect(await ask(next)).toBe('200');
});

test.each([
  [['before', 'now']],
  [['before', 'now', '--all', '--agent', 'planner']],
  [['before', 'yesterday', '--all']],
  [['before', '2026-01-31T12:00:00', '--all']],
  [['before', '1795514660000', '--all']],
  [['agent', '../planner']],
  [['key', 'short']],
  [['session', '']],
  [['token', 'abc']],
])('revoke %j is wrong use', async (args) => {
  expect(await place.run(['revoke', ...args])).toMatchObject({ code: 2, out: '' });
});

test.each([
  [['revoke', 'before', '4102444800', '--all'], 'request_malformed'],
  [['revoke', 'agent', 'x', '--token-issuer', 'https://elsewhere.example'], 'issuer_unknown'],
  [['keys', 'compromise', 'A'.repeat(43)], 'signing_key_unknown'],
  [['keys', 'compromise', `-${'A'.repeat(42)}`], 'signing_key_unknown'],
  [['keys', 'compromise', `-${'A'.repeat(42)}`, '--id', 'operator'], 'signing_key_unknown'],
  [['keys', 'list', '--id', 'planner', '--key', 'planner.json'], 'scope_insufficient'],
])('%j is refused with %s', async (args, code) => {
  const run = await place.run(args);
  expect(run).toMatchObject({ code: 1, out: '' });
  expect(run.err).toContain(`refused: ${code}: `);
});
