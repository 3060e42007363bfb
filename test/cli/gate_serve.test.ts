// `swarmgate gate --serve`: who may ask, many at once, what it does when it or a script dies, and at its end

import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportSPKI, importJWK } from 'jose';
import { times } from '../support/long_form.ts';
import { makeKey } from '../support/tokens.ts';
import { authorized, blocked, makeGatePlace, shells, type GatePlace } from './gate_place.ts';

let place: GatePlace;
beforeEach(async () => {
  place = await makeGatePlace();
});
afterEach(() => place.remove());

const verify = 'verify_agent_token "$@"';
/** How many ask while the server is killed. */
const askers = times({ short: 75, long: 150 });
/** Whoever is not answered by the server gets no answer. */
const serverOnly = { SWARMGATE_COMMAND: '/bin/false' };
const gatePath = (name: string): string => place.path(`gate/${name}`);

async function askSocket(line: string | Buffer): Promise<string> {
  const socket = connect(gatePath('gate.sock'));
  socket.write(line);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // The server has closed it while there was more to read
  }
  return Buffer.concat(chunks).toString();
}

test('only its owner may ask, and it leaves nothing behind', async () => {
  const server = await place.serve();
  const mode = (name: string): string => (statSync(gatePath(name)).mode & 0o777).toString(8);
  expect(mode('')).toBe('700');
  expect(mode('gate.sock')).toBe('600');
  expect(mode('ask')).toBe('700');
  expect(mode('settings')).toBe('700');
  const [pipe = ''] = readdirSync(gatePath('ask'));
  expect(mode(`ask/${pipe}`)).toBe('600');
  expect(await server.end('SIGTERM')).toBe(0);
  expect(readdirSync(gatePath('ask'))).toEqual([]);
  expect(existsSync(gatePath('gate.sock'))).toBe(false);
  expect(existsSync(gatePath('settings'))).toBe(false);
});

test('a folder that others can enter is refused', async () => {
  chmodSync(gatePath(''), 0o750);
  await expect(place.serve()).rejects.toThrow('Other users can enter');
});

test('without a key, or with one that is none, it does not start', async () => {
  await expect(place.serve([], { YAMTAM_AGENT_PUBKEY: '' })).rejects.toThrow(
    'No key is configured',
  );
  await expect(place.serve([], { YAMTAM_AGENT_PUBKEY: 'x' })).rejects.toThrow('is not usable');
});

test('it answers at the socket, one line for one', async () => {
  const server = await place.serve();
  expect(await askSocket(`token=${place.token} scope=tool:exec tier=power\n`)).toBe(
    'authorized planner\n',
  );
  expect(await askSocket(`token=${place.token} scope=a:b\n`)).toBe('blocked scope_insufficient\n');
  expect(await askSocket(`token=${place.token} audience=other\n`)).toBe(
    'blocked audience_mismatch\n',
  );
  for (const line of [
    '',
    'token=',
    'hello',
    `token=${place.token} scope=*`,
    `token=${place.token} tier=no`,
  ]) {
    expect(await askSocket(`${line}\n`)).toBe('error request\n');
  }
  expect(await askSocket(`token=${place.token} unknown=1\n`)).toBe('error request\n');
  expect(await askSocket(`token=${place.token} token=${place.token}\n`)).toBe('error request\n');
  // At once, not when it has waited long enough for the end of the line
  const began = performance.now();
  expect(await askSocket(Buffer.alloc(100_000, 'A'))).toBe('');
  expect(performance.now() - began).toBeLessThan(7000);
  expect(await askSocket(`token=${place.token}\ntoken=x\n`)).toBe('authorized planner\n');
  await server.end('SIGTERM');
});

test.each(shells)(
  'a hundred callers at once in %s: each gets the answer to its own question',
  async (shell) => {
    const server = await place.serve();
    const text = `
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      (verify_agent_token "$1" >/dev/null 2>&1; echo "good $?") &
      (verify_agent_token "$1" --scope no:no >/dev/null 2>&1; echo "scope $?") &
      (verify_agent_token "$1x" 2>&1 >/dev/null) &
      (verify_agent_token "$1" --tier power >/dev/null 2>&1; echo "tier $?") &
      (verify_agent_token "" 2>&1) &
    done
    wait`;
    const { out } = await place.script(shell, text, { args: [place.token] });
    const counts = new Map<string, number>();
    for (const line of out.trimEnd().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({
      'good 0': 20,
      'scope 1': 20,
      'tier 0': 20,
      '[gate] BLOCKED: invalid token — token_malformed': 20,
      '[gate] BLOCKED: invalid token — token_missing': 20,
    });
    await server.end('SIGTERM');
  },
);

test.each(shells)('asked again and again in %s, it stays as it is', async (shell) => {
  const server = await place.serve();
  const own = place.path('own');
  const command = place.env['SWARMGATE_COMMAND'] ?? '';
  writeFileSync(own, `#!/bin/sh\necho >> ${own}.calls\nexec ${command} "$@"\n`, { mode: 0o700 });
  writeFileSync(`${own}.calls`, '');
  const text = `i=0; while [ $i -lt 300 ]; do ${verify} >/dev/null || exit 9; i=$((i+1)); done`;
  const env = { SWARMGATE_COMMAND: own };
  expect(await place.script(shell, text, { args: [place.token], env })).toMatchObject({ code: 0 });
  // On a machine that stands still for a moment, a place may be missing
  expect(readFileSync(`${own}.calls`, 'utf8').length).toBeLessThan(50);
  expect(readdirSync(gatePath('ask')).length).toBeLessThanOrEqual(3 * 64);
  const files = readdirSync(`/proc/${server.process.pid ?? 0}/fd`).length;
  expect(files).toBeLessThan(200);
  await server.end('SIGTERM');
});

test.each(shells)(
  'after it was killed, %s starts a gate of its own, and the next server takes over',
  async (shell) => {
    const server = await place.serve();
    const args = [place.token];
    expect(await place.script(shell, verify, { args, env: serverOnly })).toEqual(authorized());
    expect(await server.end('SIGKILL')).toBe('SIGKILL');
    expect(existsSync(gatePath('gate.sock'))).toBe(true);
    expect(readdirSync(gatePath('ask')).length).toBeGreaterThan(0);
    expect(await place.script(shell, verify, { args })).toEqual(authorized());
    expect(await place.script(shell, verify, { args, env: serverOnly })).toMatchObject({
      code: 1,
      out: '',
    });
    const next = await place.serve();
    expect(await place.script(shell, verify, { args, env: serverOnly })).toEqual(authorized());
    expect(await next.end('SIGTERM')).toBe(0);
  },
);

test('scripts that ask while it is killed get an answer, or a gate of their own; none hangs, none is let through wrongly', async () => {
  const server = await place.serve();
  const text = `
    i=0
    while [ $i -lt ${askers} ]; do
      (verify_agent_token "$1" 2>&1; verify_agent_token "$1" --scope no:no 2>&1) &
      i=$((i+1))
      [ $((i % 25)) -ne 0 ] || wait
    done
    wait`;
  const env = { SWARMGATE_COMMAND: place.env['SWARMGATE_COMMAND'] ?? '' };
  const asking = place.script('dash', text, { args: [place.token], env });
  const used = async (): Promise<void> => {
    while (!readdirSync(gatePath('ask')).some((name) => name.endsWith('.lock'))) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  await used();
  await server.end('SIGKILL');
  const { out } = await asking;
  const lines = out.trimEnd().split('\n');
  expect(lines.filter((line) => line === '[gate] agent planner authorized')).toHaveLength(askers);
  expect(lines.filter((line) => line === blocked('scope_insufficient').err.trim())).toHaveLength(
    askers,
  );
});

test('a script that dies with a place leaves it to nobody, and the others go on', async () => {
  const server = await place.serve();
  const ask = gatePath('ask');
  const pipes = readdirSync(ask).filter((name) => name.endsWith('.q'));
  for (const name of pipes.slice(0, 40)) writeFileSync(`${ask}/${name.replace(/q$/, 'lock')}`, '');
  const args = [place.token];
  expect(await place.script('dash', verify, { args, env: serverOnly })).toEqual(authorized());
  const left = (): readonly string[] => readdirSync(ask).filter((name) => name.endsWith('.lock'));
  const end = Date.now() + 30_000;
  while (left().length > 0 && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(left()).toEqual([]);
  expect(await place.script('dash', verify, { args, env: serverOnly })).toEqual(authorized());
  await server.end('SIGTERM');
});

test('a second server is refused while the first answers', async () => {
  const server = await place.serve();
  await expect(place.serve()).rejects.toThrow('A server runs already for this folder');
  expect(await askSocket(`token=${place.token}\n`)).toBe('authorized planner\n');
  await server.end('SIGTERM');
});

test.each(shells)(
  'a caller in %s whose environment names another key is not answered by this one',
  async (shell) => {
    const other = await makeKey();
    const { kid: _, ...jwk } = other.publicJwk;
    const pem = await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey);
    const server = await place.serve();
    const args = [place.token];
    const env = { ...serverOnly, YAMTAM_AGENT_PUBKEY: pem };
    expect(await place.script(shell, verify, { args, env })).toMatchObject({ code: 1, out: '' });
    expect(await place.script(shell, verify, { args, env: { YAMTAM_AGENT_PUBKEY: pem } })).toEqual(
      blocked('signature_invalid'),
    );
    const audience = { ...serverOnly, SWARMGATE_AUDIENCE: 'other' };
    expect(await place.script(shell, verify, { args, env: audience })).toMatchObject({
      code: 1,
      out: '',
    });
    // Who names none takes the server's
    const none = { ...serverOnly, YAMTAM_AGENT_PUBKEY: '' };
    expect(await place.script(shell, verify, { args, env: none })).toEqual(authorized());
    await server.end('SIGTERM');
  },
);

test('a key that is taken out of its file no longer counts', async () => {
  const other = await makeKey();
  const file = place.path('trusted.json');
  writeFileSync(file, JSON.stringify({ keys: [place.key.publicJwk, other.publicJwk] }));
  const options = ['--jwks', file, '--profile', 'engine'];
  // Its tokens name no key, so there must be one
  writeFileSync(file, JSON.stringify({ keys: [place.key.publicJwk] }));
  const server = await place.serve(options);
  expect(await askSocket(`token=${place.token}\n`)).toBe('authorized planner\n');
  writeFileSync(file, JSON.stringify({ keys: [other.publicJwk], comment: 'changed' }));
  const end = Date.now() + 30_000;
  let said = '';
  while (said !== 'blocked signature_invalid\n' && Date.now() < end) {
    said = await askSocket(`token=${place.token}\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(said).toBe('blocked signature_invalid\n');
  await server.end('SIGTERM');
});

test('it ends when its socket is taken away', async () => {
  const server = await place.serve();
  const ended = new Promise((resolve) => server.process.once('close', resolve));
  renameSync(gatePath('gate.sock'), place.path('moved'));
  expect(await ended).toBe(3);
});
