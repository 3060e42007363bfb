// `swarmgate token verify` as a process: who it is and exit 0, or the code and exit 1

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boundTo, makeKey, mintEngineToken, mintToken, type TestKey } from '../support/tokens.ts';
import { makePlace, type Place, type RunOptions } from './command.ts';

let place: Place;
let key: TestKey;
let token: string;

beforeAll(async () => {
  place = makePlace();
  key = await makeKey();
  token = await mintToken(key, 'yamtam-engine', 'planner', 'bus:publish bus:receive');
  writeFileSync(place.path('k.pub.json'), JSON.stringify(key.publicJwk));
  writeFileSync(place.path('set.json'), JSON.stringify({ keys: [key.publicJwk] }));
  writeFileSync(place.path('token.txt'), `${token}\n`);
});
afterAll(() => place.remove());

const verify = (options: RunOptions, ...args: string[]) =>
  place.run(['token', 'verify', '--key', 'k.pub.json', ...args], options);

test('token verify says who it is, and what it did not check', async () => {
  const session = { claims: { sid: 'run-7' } };
  const input = await mintToken(key, 'yamtam-engine', 'planner', 'bus:publish', session);
  const { code, out, err } = await verify({ input });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n')).toEqual([
    'valid        token from standard input',
    'agent        planner',
    'tier         fast',
    'scopes       bus:publish',
    'issuer       yamtam-engine',
    'session      run-7',
    expect.stringMatching(/^expires {6}in 1[45] min( \d+ s)? \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$/),
    'not checked  revocation (only the gateway knows it)',
    '',
  ]);
});

test('token verify --json prints one object', async () => {
  const { code, out } = await verify({ input: token }, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    valid: true,
    agent_id: 'planner',
    tier: 'fast',
    scope: ['bus:publish', 'bus:receive'],
    revocation_checked: false,
  });
  expect(out).not.toContain(token);
});

test('token verify takes the token from a file, the environment or standard input', async () => {
  const env = { SWARMGATE_TOKEN: token };
  const sources: [RunOptions, string[], string][] = [
    [{}, ['--token-file', 'token.txt'], 'token.txt'],
    [{ env }, [], 'SWARMGATE_TOKEN'],
    [{ input: `${token}\r\n`, env: { SWARMGATE_TOKEN: '' } }, [], 'standard input'],
    [{ input: token, env: { SWARMGATE_TOKEN: 'bad' } }, ['--token-file', '-'], 'standard input'],
  ];
  for (const [options, args, source] of sources) {
    const { code, out } = await verify(options, ...args);
    expect({ code, first: out.split('\n')[0] }).toEqual({
      code: 0,
      first: `valid        token from ${source}`,
    });
  }
});

test('token verify takes no token from an argument, and says why', async () => {
  const why =
    'swarmgate: A token is not taken from an argument: every user of this machine can read it there, and it stays in the shell history\n' +
    'Pipe it in, name a file with --token-file, or set SWARMGATE_TOKEN\n';
  for (const args of [
    [token],
    ['not-even-a-token'],
    [`--token=${token}`],
    ['--token-file', token],
  ]) {
    expect(await verify({}, ...args)).toEqual({ code: 2, out: '', err: why });
  }
});

const refusals: [code: string, make: () => Promise<string> | string, args?: string[]][] = [
  ['token_missing', () => ''],
  ['token_malformed', () => 'not a token'],
  ['token_malformed', () => ` ${token}`],
  ['token_malformed', () => `${token}\n\n`],
  ['token_malformed', () => `Bearer ${token}`],
  ['token_malformed', () => `${token}\n${token}`],
  ['token_malformed', () => '$(touch owned)`touch owned`"; touch owned; "'],
  ['token_malformed', () => "'.'.'"],
  ['token_malformed', () => '--help'],
  ['token_malformed', () => '\u001b[2Jeyowned.a.b'],
  ['token_malformed', () => '\0'.repeat(100)],
  ['token_malformed', () => 'é.é.é'],
  ['token_too_large', () => 'a'.repeat(5000)],
  ['token_too_large', () => 'a'.repeat(5_000_000)],
  ['alg_not_allowed', () => `${btoa('{"alg":"none","typ":"at+jwt"}').replaceAll('=', '')}.e30.`],
  ['signature_invalid', () => `${token.slice(0, -6)}AAAAAA`],
  ['issuer_not_trusted', () => mintToken(key, 'https://evil.example', 'planner', '')],
  ['audience_mismatch', () => token, ['--audience', 'other']],
  ['alg_not_allowed', () => token, ['--algorithms', 'RS256,PS256']],
  ['typ_not_allowed', () => mintEngineToken(key, 'planner', ['bus:publish'])],
  ['proof_required', () => mintToken(key, 'yamtam-engine', 'p', 'a:b', { claims: boundTo(key) })],
  [
    'token_expired',
    () => mintToken(key, 'yamtam-engine', 'p', 'a:b', { claims: { iat: 1, exp: 9 } }),
  ],
];

test.each(refusals)('token verify refuses with %s (%#)', async (code, make, args = []) => {
  const input = await make();
  const refused = await verify({ input }, ...args);
  expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' });
  expect(refused.err).toMatch(new RegExp(`^swarmgate: refused: ${code}: [A-Z][^\\n]+\\n$`));
  const [, , signature = ''] = input.split('.');
  if (signature.length > 8) expect(refused.err).not.toContain(signature);
});

test('token verify --json says why it refuses, on standard output too', async () => {
  const { code, out, err } = await verify({ input: 'x' }, '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toEqual({
    error: 'token_malformed',
    message: 'The token is not a well-formed compact JWS',
  });
  expect(err).toContain('token_malformed');
});

test('token verify accepts engine tokens under their profile, and bound ones when told to', async () => {
  const engine = await mintEngineToken(key, 'planner', ['bus:publish']);
  expect((await verify({ input: engine }, '--profile', 'engine')).code).toBe(0);
  const bound = await mintToken(key, 'yamtam-engine', 'p', 'a:b', { claims: boundTo(key) });
  const { code, out } = await verify({ input: bound }, '--accept-unproven');
  expect(code).toBe(0);
  expect(out).toContain('the proof of its key (--accept-unproven)');
});

test('token verify fetches a key set, and tells why it cannot', async () => {
  const body = JSON.stringify({ keys: [key.publicJwk] });
  const server = createServer(({ url }, response) => {
    const status = url === '/jwks.json' ? 200 : 404;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetchFrom = (path: string) =>
    place.run(['token', 'verify', '--jwks', `${origin}${path}`], { input: token });
  const failed = (reason: string) => ({
    code: 3,
    out: '',
    err: `swarmgate: The verification keys cannot be reached: ${reason}\n`,
  });

  expect((await fetchFrom('/jwks.json')).code).toBe(0);
  expect(await fetchFrom('/other')).toEqual(failed('The key set was answered with status 404'));
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  expect(await fetchFrom('/jwks.json')).toEqual(failed('nothing listens there'));
});

test.each([
  [2, [], 'Say which keys to trust: either --jwks <file or URL> or --key <file>'],
  [2, ['--jwks', 'set.json', '--key', 'k.pub.json'], 'Say which keys to trust'],
  [2, ['--jwks', 'http://issuer.example/jwks.json'], 'must be https; http only on a loopback host'],
  [2, ['--jwks', 'file:///etc/passwd'], 'must be https'],
  [2, ['--jwks', 'set.json', '--algorithms', 'HS256'], 'Allowed are ES256'],
  [2, ['--jwks', 'set.json', '--issuer', ''], '--issuer must not be empty'],
  [2, ['--jwks', 'set.json', '--audience', '*'], 'It must be one exact name'],
  [3, ['--key', 'missing.json'], 'Cannot read "missing.json" (--key): there is no such file'],
  [3, ['--key', '.'], 'it is a folder'],
  [3, ['--key', 'token.txt'], 'holds no usable public key'],
])('token verify exits %i for %j', async (code, args, message) => {
  const { code: ended, out, err } = await place.run(['token', 'verify', ...args], { input: token });
  expect({ ended, out }).toEqual({ ended: code, out: '' });
  expect(err).toContain(message);
  expect(err).not.toContain('    at ');
});

test('token verify takes a key set by file, and never a private key', async () => {
  expect((await place.run(['token', 'verify', '--jwks', 'set.json'], { input: token })).code).toBe(
    0,
  );
  await place.run(['keys', 'generate', '--out', 'own.json']);
  const { code, err } = await place.run(['token', 'verify', '--key', 'own.json'], { input: token });
  expect(code).toBe(3);
  expect(err).toContain('"own.json" holds a private key');
});
