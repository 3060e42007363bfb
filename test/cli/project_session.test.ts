// A whole session by the command alone: init, dev, doctor, enrol, token, exchange, gate, revoke; then off line

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { decodeUnverified } from '../../src/index.ts';
import { findPort } from '../../scripts/port.ts';
import { makePlace, type Place, type Run } from './command.ts';
import { ageKept, authorized, blocked } from './gate_place.ts';

// workerd is started by the command, while other tests run
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const main = join(import.meta.dirname, '../../dist/cli/main.js');
let place: Place;
let gateway: ChildProcess | undefined;
let url = '';

beforeAll(async () => {
  place = makePlace();
  url = `http://127.0.0.1:${(await findPort(0)) ?? 0}`;
});
afterAll(() => {
  gateway?.kill('SIGKILL');
  place.remove();
});

const environment = (): Readonly<Record<string, string>> => ({
  SWARMGATE_URL: url,
  SWARMGATE_KEY: '.swarmgate/operator.key.json',
  SWARMGATE_GATE_DIR: place.path('gate'),
  YAMTAM_AGENT_PUBKEY: '',
});

const run = (args: readonly string[], input = '', env = {}): Promise<Run> =>
  place.run(args, { input, env: { ...environment(), ...env } });

async function done(args: readonly string[], input = '', env = {}): Promise<string> {
  const { code, out, err } = await run(args, input, env);
  if (code !== 0) throw new Error(`swarmgate ${args.join(' ')} ended with ${code}: ${err}`);
  return out.trimEnd();
}

async function startDev(...more: readonly string[]): Promise<ChildProcess> {
  const args = [main, 'dev', '--port', new URL(url).port, ...more];
  const env = { ...process.env, ...environment() };
  const child = spawn(process.execPath, args, { cwd: place.folder, env });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      if (/^ready /m.test(bytes.toString())) resolve();
    });
    child.once('close', () => reject(new Error(`The gateway ended: ${said}`)));
  });
  return child;
}

const modeOf = (name: string): string => (statSync(place.path(name)).mode & 0o777).toString(8);

test('init asks nothing, writes for its owner alone, and keeps what is there', async () => {
  const first = await run(['init', '--json']);
  expect(first.code).toBe(0);
  const { operator_kid: kid, made } = JSON.parse(first.out) as {
    operator_kid: string;
    made: readonly string[];
  };
  expect(made).toHaveLength(6);
  expect(modeOf('.swarmgate')).toBe('700');
  for (const name of made) expect((statSync(name).mode & 0o077).toString(8)).toBe('0');
  expect(readFileSync(place.path('.swarmgate/.gitignore'), 'utf8')).toContain('\n*\n');
  const key = readFileSync(place.path('.swarmgate/operator.key.json'), 'utf8');
  const again = await run(['init', '--json']);
  expect(JSON.parse(again.out)).toMatchObject({ operator_kid: kid, made: [] });
  expect(readFileSync(place.path('.swarmgate/operator.key.json'), 'utf8')).toBe(key);
  expect(await done(['init'])).toContain('  swarmgate doctor\n');
});

test('doctor says that there is no gateway yet, and what to do', async () => {
  const { code, out } = await run(['doctor']);
  expect(code).toBe(1);
  expect(out).toMatch(/^wrong +gateway: .*nothing listens there\n +Start it/m);
  expect(out).toMatch(/^ok +key: /m);
});

test('from dev to revoke', async () => {
  gateway = await startDev();
  const examined = await run(['doctor', '--json']);
  const { findings } = JSON.parse(examined.out) as {
    findings: readonly { state: string; what: string }[];
  };
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(findings.map(({ what }) => what)).toEqual([
    'node',
    'key',
    'gateway',
    'clock',
    'key set',
    'revocations',
    'gate folder',
    'gate',
    'gate revocations',
  ]);
  expect(examined.code).toBe(0);

  const scope = ['--scope', 'bus:receive', 'tool:exec'];
  const code = await done(['enrollments', 'add', 'planner', '--tier', 'power', ...scope]);
  await done(['enroll', '--key', 'planner.json'], code);
  expect(modeOf('planner.json')).toBe('600');
  const own = ['--id', 'planner', '--key', 'planner.json'];
  const token = await done(['token', 'get', ...own]);

  const narrowed = await run(
    ['token', 'exchange', ...own, '--scope', 'tool:exec', '--json'],
    token,
  );
  expect(narrowed.code).toBe(0);
  const exchanged = JSON.parse(narrowed.out) as { token: string; scope: readonly string[] };
  expect(exchanged).toMatchObject({ token_type: 'DPoP', scope: ['tool:exec'] });
  expect(decodeUnverified(exchanged.token).claims).toMatchObject({
    sub: 'planner',
    scope: 'tool:exec',
  });
  expect(await done(['token', 'exchange', ...own, '--scope', 'tool:exec'], token)).toMatch(/^eyJ/);
  expect(await run(['token', 'exchange', ...own, '--scope', 'bus:veto'], token)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('invalid_scope') as string,
  });
  expect(await run(['token', 'exchange', '--id', 'operator'], token)).toMatchObject({
    code: 1,
    err: expect.stringContaining('invalid_request') as string,
  });

  const target = 'urn:swarmgate:gate:tool:exec';
  const prove = (): Promise<string> =>
    done(['proof', '--method', 'POST', '--url', target, '--key', 'planner.json'], token);
  const gate = async (proof: string): Promise<Run> =>
    run(['gate', '--scope', 'tool:exec', '--tier', 'power'], token, { SWARMGATE_PROOF: proof });
  expect(await gate('')).toEqual(blocked('proof_required'));
  const proof = await prove();
  expect(await gate(proof)).toEqual(authorized());
  expect(await gate(proof)).toEqual(blocked('proof_replayed'));

  await done(['revoke', 'agent', 'planner', '--reason', 'end of the session']);
  const end = Date.now() + 10_000;
  let last = await gate(await prove());
  while (last.code === 0 && Date.now() < end) last = await gate(await prove());
  expect(last).toEqual(blocked('token_revoked'));
});

test('off line the gate goes on with what it knows, until that is older than the setting', async () => {
  const scope = ['--tier', 'fast', '--scope', 'tool:exec'];
  const code = await done(['enrollments', 'add', 'runner', ...scope]);
  await done(['enroll', '--key', 'runner.json'], code);
  const input = await done(['token', 'get', '--id', 'runner', '--key', 'runner.json', '--bearer']);
  expect(await run(['gate'], input)).toEqual(authorized('runner'));

  const ended = new Promise((resolve) => gateway?.once('close', resolve));
  gateway?.kill('SIGTERM');
  expect(await ended).toBe(0);
  gateway = undefined;

  ageKept(place.path('gate'), /^revocations/, 30);
  expect(await run(['gate'], input)).toEqual(authorized('runner'));
  // What was revoked before stays so
  const revoked = await done([
    'token',
    'issue',
    '--key',
    '.swarmgate/operator.key.json',
    '--sub',
    'x',
    ...scope,
  ]);
  expect(await run(['gate'], revoked)).toEqual(blocked('issuer_not_trusted'));
  expect(await run(['gate', '--revocation-age', '20s'], input)).toEqual(
    blocked('revocation_unavailable'),
  );
  ageKept(place.path('gate'), /^revocations/, 40);
  expect(await run(['gate'], input)).toEqual(blocked('revocation_unavailable'));
  expect(await run(['gate', '--revocation-age', '5m'], input)).toEqual(authorized('runner'));
  // A clock that was set back tells no age
  ageKept(place.path('gate'), /^revocations/, -3600);
  expect(await run(['gate', '--revocation-age', '5m'], input)).toEqual(
    blocked('revocation_unavailable'),
  );
  writeFileSync(place.path('gate/revocations.json'), '{"url":');
  expect(await run(['gate'], input)).toEqual(blocked('revocation_unavailable'));
  const { code: examined, out } = await run(['doctor']);
  expect(examined).toBe(1);
  expect(out).toMatch(/^wrong +gate revocations: never heard of\n/m);
});

test('dev says what is wrong with a variable, and with its port', async () => {
  process.env['TIERS'] = 'fast,fast';
  try {
    await expect(startDev()).rejects.toThrow('The configuration is refused: TIERS');
  } finally {
    delete process.env['TIERS'];
  }
  expect(await run(['dev', '--port', 'x'])).toMatchObject({ code: 2, out: '' });
});
