// `swarmgate token issue` as a process: the token alone on standard output, or a reason on standard error

import { chmodSync, writeFileSync } from 'node:fs';
import { decodeProtectedHeader, importJWK, jwtVerify, type JWK } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlace, type Place } from './command.ts';

let place: Place;
let publicJwk: JWK;
beforeAll(async () => {
  place = makePlace();
  const { out } = await place.run(['keys', 'generate', '--out', 'k.json']);
  publicJwk = JSON.parse(out) as JWK;
});
afterAll(() => place.remove());

const issue = (...args: string[]) =>
  place.run(['token', 'issue', '--key', 'k.json', '--sub', 'planner', '--tier', 'fast', ...args]);

test('token issue prints the token alone, and the engine accepts it', async () => {
  const { code, out, err } = await issue('--scope', 'bus:publish', 'bus:receive');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const key = await importJWK(publicJwk, 'ES256');
  const expected = { issuer: 'yamtam-engine', audience: 'swarm-bus' };
  const { payload, protectedHeader } = await jwtVerify(out.trim(), key, expected);
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: publicJwk.kid });
  expect(payload).toMatchObject({ sub: 'planner', tier: 'fast', scope: 'bus:publish bus:receive' });
  expect(Number(payload.exp) - Number(payload.iat)).toBe(900);
});

test('token issue sets what the options say', async () => {
  const options = ['--issuer', 'https://a.example', '--audience', 'one', '--audience', 'two'];
  const more = [
    '--lifetime',
    '5m',
    '--sid',
    's-1',
    '--scope-format',
    'array',
    '--claim',
    'team=a=b',
  ];
  const { out } = await issue('--scope', 'bus:publish bus:receive', ...options, ...more);
  const key = await importJWK(publicJwk, 'ES256');
  const { payload } = await jwtVerify(out.trim(), key);
  expect(payload).toMatchObject({
    iss: 'https://a.example',
    aud: ['one', 'two'],
    sid: 's-1',
    scope: ['bus:publish', 'bus:receive'],
    team: 'a=b',
  });
  expect(Number(payload.exp) - Number(payload.iat)).toBe(300);
});

test('token issue --json prints one object', async () => {
  const { code, out } = await issue('--scope', '', '--json');
  const { token, kid, expires_at } = JSON.parse(out) as Record<string, unknown>;
  expect({ code, kid }).toEqual({ code: 0, kid: publicJwk.kid });
  expect(decodeProtectedHeader(String(token)).kid).toBe(publicJwk.kid);
  expect(expires_at).toBeTypeOf('number');
});

test.each([0o640, 0o604, 0o620, 0o606])(
  'token issue refuses a private key file with mode %o and names the fix',
  async (mode) => {
    chmodSync(place.path('k.json'), mode);
    const refused = await issue('--scope', '');
    chmodSync(place.path('k.json'), 0o600);
    expect(refused).toEqual({
      code: 3,
      out: '',
      err: 'swarmgate: Other users can read or change the private key in "k.json"\nDo this first: chmod 600 k.json\n',
    });
  },
);

test.each([
  [['--scope', 'bus:*'], '"bus:*" is not a scope'],
  [['--scope', '', '--lifetime', '2h'], 'It must be from 1 second to 1 hour'],
  [['--scope', '', '--lifetime', '-1'], 'It must be from 1 second to 1 hour'],
  [['--scope', '', '--claim', 'sub=root'], '"claims" must not set "sub"'],
  [['--scope', '', '--claim', '__proto__=x'], '"claims" must not set "__proto__"'],
  [['--scope', '', '--claim', 'api_key=hunter2'], 'must not carry "api_key" in the clear'],
  [['--scope', '', '--claim', 'nothing'], 'It must be name=value'],
  [['--scope', '', '--sub', '../admin'], 'It must be 1 to 128 of'],
  [['--scope', '', '--tier', 'FAST'], '"tier" must be a lower-case name'],
  [['--scope', '', '--alg', 'none'], 'Allowed choices are'],
  [[], "Required option '--scope <scope...>' not specified"],
])('token issue %j is wrong use', async (args, message) => {
  const { code, out, err } = await issue(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(message);
  expect(err).not.toContain('hunter2');
  expect(err).not.toContain('    at ');
});

test('token issue refuses a token that nobody would accept for its size', async () => {
  const { code, out, err } = await issue('--scope', '', '--claim', `note=${'x'.repeat(2000)}`);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toBe('swarmgate: refused: token_too_large: The token is larger than the limit\n');
});

test.each([
  ['', 'is empty'],
  ['not a key', 'is not a usable private key'],
  ['{"kty":"EC","kty":"EC"}', 'is neither PEM nor well-formed JSON without duplicate names'],
  ['{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}', 'A symmetric key cannot sign tokens'],
  ['x'.repeat(100_000), 'is too large to be a key'],
])('token issue says what is wrong with a key file (%#)', async (content, message) => {
  writeFileSync(place.path('bad'), content, { mode: 0o600 });
  const args = ['--key', 'bad', '--sub', 'a', '--tier', 'fast', '--scope', ''];
  const { code, out, err } = await place.run(['token', 'issue', ...args]);
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toContain(message);
  expect(err).not.toContain('c2VjcmV0');
});

test('token issue does not repeat a key that was pasted in place of a file name', async () => {
  const args = ['--sub', 'a', '--tier', 'fast', '--scope', ''];
  for (const pasted of ['{"kty":"EC","d":"c2VjcmV0"}', '-----BEGIN PRIVATE KEY-----\nc2VjcmV0']) {
    const { code, err } = await place.run(['token', 'issue', `--key=${pasted}`, ...args]);
    expect(code).toBe(2);
    expect(err).toBe('swarmgate: --key takes the name of a file, not its content\n');
  }
});
