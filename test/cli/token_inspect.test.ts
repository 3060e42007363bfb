// `swarmgate token inspect` as a process: what a token says, safe to show on any terminal

import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey, mintToken, type TestKey } from '../support/tokens.ts';
import { makePlace, type Place } from './command.ts';

let place: Place;
let key: TestKey;
beforeAll(async () => {
  place = makePlace();
  key = await makeKey();
});
afterAll(() => place.remove());

const inspect = (input: string, ...args: string[]) =>
  place.run(['token', 'inspect', ...args], { input });

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (header: object, claims: object): string =>
  `${encode(header)}.${encode(claims)}.c2ln`;

test('token inspect explains a token and marks it as unverified', async () => {
  const token = await mintToken(key, 'https://a.example', 'planner', 'bus:publish', {
    claims: { jti: 't-1', sid: 's-1' },
  });
  const { code, out, err } = await inspect(token);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.split('\n');
  expect(lines[0]).toBe(
    'UNVERIFIED: anyone can write these words; "swarmgate token verify" tells whether the token counts',
  );
  expect(lines).toContain('  alg  ES256  (signature algorithm)');
  expect(lines).toContain('  sub        planner  (agent that it speaks for)');
  expect(lines).toContain('  scope      bus:publish  (what it may do)');
  expect(out).toMatch(/ {2}exp {8}\d+ {2}\(expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, in 1[45] min/);
  const [, , signature = ''] = token.split('.');
  expect(out).not.toContain(signature);
  expect(out).not.toContain(token);
});

test('token inspect --json prints header and claims, marked as unverified', async () => {
  const { out } = await inspect(unsigned({ alg: 'ES256' }, { sub: 'a' }), '--json');
  expect(JSON.parse(out)).toMatchObject({
    verified: false,
    header: { alg: 'ES256' },
    claims: { sub: 'a' },
    remarks: [
      'No "typ": accepted only under the profile "engine"',
      'No usable expiry: refused everywhere',
      'No "jti": it cannot be revoked by itself',
    ],
  });
});

test.each([
  [{ alg: 'none' }, {}, 'No signature algorithm: refused everywhere'],
  [{ alg: 'HS256' }, {}, 'A symmetric algorithm: refused, since every verifier could sign too'],
  [{}, { exp: 1 }, 'The token has expired'],
  [{}, { iat: 4e9 }, 'The token is issued in the future'],
  [{}, { iat: 0, exp: 9000 }, 'The lifetime is over an hour: refused everywhere'],
  [{}, { cnf: { jkt: 'x' } }, 'Bound to a key: worthless without a proof by that key'],
])('token inspect remarks on %j %j', async (header, claims, remark) => {
  const { code, out } = await inspect(unsigned(header, claims));
  expect(code).toBe(0);
  expect(out).toContain(remark);
});

test('token inspect hides tokens that stand inside the token', async () => {
  const inner = await mintToken(key, 'https://a.example', 'victim', 'admin:write');
  const claims = { note: `see ${inner}`, list: [{ deep: inner }], [`k`]: 'plain.dotted.name' };
  for (const args of [[], ['--json']]) {
    const { out } = await inspect(unsigned({ alg: 'ES256' }, claims), ...args);
    expect(out).not.toContain(inner.slice(0, 60));
    expect(out).toContain(`[compact token of ${inner.length} characters]`);
    expect(out).toContain('plain.dotted.name');
  }
});

test('token inspect lets no claim move the cursor, hide or reorder text', async () => {
  const hostile = '\u001b[2J\u0007\r\n\u009b31m\u202e\u200b\u2028';
  const claims = { sub: hostile, [`x${hostile}`]: [hostile], exp: 1e300 };
  for (const args of [[], ['--json']]) {
    const { code, out } = await inspect(unsigned({ alg: hostile }, claims), ...args);
    expect(code).toBe(0);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(out).toContain(String.raw`\u001b[2J`);
  }
});

test.each([
  ['token_malformed', 'a.b'],
  ['token_malformed', unsigned({}, [])],
  ['token_malformed', `${encode({})}.${Buffer.from('{"a":1,"a":2}').toString('base64url')}.`],
  ['token_too_large', 'a'.repeat(9000)],
  ['token_missing', '\n'],
])('token inspect refuses with %s (%#)', async (code, input) => {
  const refused = await inspect(input);
  expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' });
  expect(refused.err).toContain(`refused: ${code}: `);
});
