// `swarmgate token get` and `proof` as processes: what is printed, and every way to be refused

import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeUnverified, verifyDpopProof } from '../../src/index.ts';
import { findPort } from '../../scripts/port.ts';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';

let place: AuthorityPlace;
beforeAll(async () => {
  place = await startAuthorityPlace();
  await place.enroll('planner');
});
afterAll(() => place.stop());

const get = ['token', 'get', '--id', 'planner', '--key', 'planner.json'];
const claimsOf = async (...args: readonly string[]): Promise<Record<string, unknown>> => ({
  ...decodeUnverified(await place.done([...get, ...args])).claims,
});

test('token get prints the token alone: bound, and for the bus, unless told otherwise', async () => {
  const { code, out, err } = await place.run(get);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(decodeUnverified(out.trim()).claims).toMatchObject({ aud: 'swarm-bus', cnf: {} });
  expect(await claimsOf('--scope', 'bus:receive')).toMatchObject({ scope: 'bus:receive' });
  expect(await claimsOf('--resource', place.url)).toMatchObject({ aud: place.url });
  expect(await claimsOf('--audience', 'swarm-bus')).toMatchObject({ aud: 'swarm-bus' });
  expect(await claimsOf('--bearer')).not.toHaveProperty('cnf');
});

test('token get --json tells how long and for what the token is good', async () => {
  const result = JSON.parse(await place.done([...get, '--bearer', '--json'])) as object;
  const now = Date.now() / 1000;
  expect(result).toEqual({
    token: expect.stringMatching(/^eyJ/) as string,
    token_type: 'Bearer',
    expires_at: expect.closeTo(now + 900, -2) as number,
    scope: ['bus:publish', 'bus:receive'],
  });
});

test.each([
  [['--scope', 'bus:receive admin:read'], 'invalid_scope'],
  [['--audience', 'another-bus'], 'invalid_target'],
  [['--key', 'operator.json'], 'invalid_client'],
  [['--id', 'nobody'], 'invalid_client'],
  [['--issuer', 'https://issuer.example'], 'invalid_client'],
])('token get with %j is refused with %s', async (args, code) => {
  const run = await place.run([...get, ...args]);
  expect({ code: run.code, out: run.out }).toEqual({ code: 1, out: '' });
  expect(run.err).toContain(`refused: ${code}: The authority refused the request`);
});

test('an agent whose tokens must be bound gets none with --bearer', async () => {
  await place.enroll('careful', '--dpop', 'required');
  const careful = ['token', 'get', '--id', 'careful', '--key', 'careful.json'];
  expect((await place.run([...careful, '--bearer'])).err).toBe(
    'swarmgate: refused: invalid_request: The authority refused the request: it may give this agent bound tokens only\n',
  );
  expect((await place.run(careful)).code).toBe(0);
});

test.each([
  ['http://gate.example'],
  ['http://user:hunter2@127.0.0.1:1'],
  ['https://gate.example/path'],
  ['https://gate.example/?q=hunter2'],
  ['ftp://127.0.0.1'],
  ['hunter2'],
])('--url %s is wrong use, and is not repeated', async (url) => {
  for (const command of [get, ['agents', 'list'], ['enroll', '--key', 'k.json']]) {
    const { code, out, err } = await place.run([...command, '--url', url]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('must be an https origin');
    expect(err).not.toContain('hunter2');
  }
});

test('an address where nothing or something else listens is said in words', async () => {
  const port = await findPort(0);
  const nowhere = ['--url', `http://127.0.0.1:${port}`];
  const words = {
    code: 3,
    out: '',
    err: expect.stringContaining('nothing listens there') as string,
  };
  expect(await place.run([...get, ...nowhere])).toEqual(words);
  expect(await place.run(['agents', 'list', ...nowhere])).toEqual(words);
  const code = `${'A'.repeat(16)}.${'A'.repeat(43)}`;
  const enroll = ['enroll', '--key', 'unused.json', ...nowhere];
  const { err } = await place.run(enroll, { input: code });
  expect(err).toContain('nothing listens there');
  // The gateway itself, but under a name that is not its issuer's
  const alias = ['--url', place.url.replace('127.0.0.1', 'localhost')];
  expect(await place.run([...get, ...alias])).toMatchObject({
    code: 3,
    err: expect.stringContaining('--url must be its own address') as string,
  });
});

test.each([
  [200, 'text/html', '<h1>Welcome</h1>', 'no SwarmGate gateway'],
  [307, 'text/plain', '', 'no SwarmGate gateway'],
  [200, 'application/json', '[]', 'no SwarmGate gateway'],
  [200, 'application/json', `{"a":"${'x'.repeat(2_000_000)}"}`, 'too large'],
])('a server that is no gateway (%i %s) ends the command', async (status, type, body, words) => {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status, { 'content-type': type, location: '/elsewhere' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const url = ['--url', `http://127.0.0.1:${port}`];
  const code = `${'A'.repeat(16)}.${'A'.repeat(43)}`;
  const enroll = await place.run(['enroll', '--key', 'elsewhere.json', ...url], { input: code });
  const asked = await place.run([...get, ...url]);
  server.close();
  expect([enroll.code, asked.code, enroll.out + asked.out]).toEqual([3, 3, '']);
  expect(enroll.err).toContain(words);
  expect(asked.err).toContain('The authority answered with an invalid response');
  // A code must not follow a redirect
  expect(paths).toEqual(['/enroll', '/.well-known/oauth-authorization-server']);
});

test('no command asks without a key, or with one that others can read', async () => {
  const env = { SWARMGATE_KEY: '' };
  for (const command of [
    ['agents', 'list'],
    ['token', 'get', '--id', 'planner'],
  ]) {
    const { code, err } = await place.run(command, { env });
    expect(code).toBe(2);
    expect(err).toContain('--key <file>, or SWARMGATE_KEY with the name of the file');
  }
  const pasted = await place.run(['agents', 'list'], { env: { SWARMGATE_KEY: '{"d":"hunter2"}' } });
  expect(pasted).toMatchObject({ code: 2, err: expect.not.stringContaining('hunter2') as string });
  await place.done(['keys', 'generate', '--out', 'open.json']);
  chmodSync(place.path('open.json'), 0o640);
  const { code, err } = await place.run([...get, '--key', 'open.json']);
  expect([code, err]).toEqual([3, expect.stringContaining('chmod 600 open.json')]);
  writeFileSync(place.path('broken.json'), '{"kty":"EC"', { mode: 0o600 });
  expect((await place.run([...get, '--key', 'broken.json'])).code).toBe(3);
});

test('proof makes a proof for exactly one request', async () => {
  const token = await place.done(get);
  const url = 'https://gate.example/bus/messages';
  const make = ['proof', '--key', 'planner.json', '--method', 'POST', '--url'];
  const proof = await place.done([...make, `${url}?wait=5`, '--nonce', 'n-1'], { input: token });
  const { jkt } = await verifyDpopProof(proof, { method: 'POST', url, token });
  expect(decodeUnverified(proof).claims).toMatchObject({ nonce: 'n-1', htu: url });
  expect(decodeUnverified(token).claims['cnf']).toEqual({ jkt });
  const bare = await place.done([...make, url, '--no-token']);
  expect(await verifyDpopProof(bare, { method: 'POST', url })).toMatchObject({ jkt });
  const env = { SWARMGATE_TOKEN: token };
  expect(JSON.parse(await place.done([...make, url, '--json'], { env }))).toEqual({
    proof: expect.stringMatching(/^eyJ/) as string,
  });
});

test.each([
  [['--method', 'post', '--url', 'https://gate.example'], 'in capitals'],
  [['--method', 'GET', '--url', 'gate.example'], 'The proof cannot be made'],
  [['--method', 'GET'], "Required option '--url <url>'"],
])('proof %j is wrong use', async (args, words) => {
  const { code, out, err } = await place.run(['proof', ...args], { input: 'a.b.c' });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(words);
});
