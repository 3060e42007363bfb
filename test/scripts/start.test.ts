// `npm start` and `npm run demo` as processes: ready, pasted lines, every way to end, clear refusals

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { makeSwarm } from '../../scripts/demo_swarm.ts';
import { readKeys } from '../../scripts/dev_keys.ts';
import { findPort, host } from '../../scripts/port.ts';
import { decodeUnverified } from '../../src/index.ts';

const root = join(import.meta.dirname, '../..');
const node = ['--import', './scripts/require_node.js'];
const patience = 60_000;

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly output: () => string;
}

const started: Started[] = [];
afterEach(() => {
  for (const { child, port } of started.splice(0)) {
    if (isAlive(child)) process.kill(-(child.pid ?? 0), 'SIGKILL');
    rmSync(join(root, '.dev/state', String(port)), { recursive: true, force: true });
  }
});

/** Whether anything of the process group lives, zombies aside. */
function isAlive({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

async function start(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const port = await findPort(0);
  if (port === undefined) throw new Error('No port is free');
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const run = { child, port, url: `http://${host}:${port}`, output: () => output };
  started.push(run);
  return run;
}

async function ready({ child, url, output }: Started): Promise<void> {
  while (!output().split('\n').includes(`ready ${url}`)) {
    if (child.exitCode !== null) throw new Error(`It ended:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const throughNpm = (): Promise<Started> => start('npm', ['start', '--', '--no-demo']);
const directly = (env?: NodeJS.ProcessEnv): Promise<Started> =>
  start(process.execPath, [...node, 'scripts/start.ts', '--no-demo'], env);

test(
  'npm start shows the demonstration, and its lines work as they are pasted',
  async () => {
    const run = await start(process.execPath, [...node, 'scripts/start.ts']);
    await ready(run);
    const output = run.output();
    expect(output.match(/^ {2}ok {4}/gm)).toHaveLength(11);
    expect(output).not.toContain('FAILED');
    const [, lines = ''] = /^Paste these[^\n]+\n(.*)^Dashboard /ms.exec(output) ?? [];
    expect(lines).not.toBe('');
    expect(output).toMatch(/^Dashboard +http:\/\/127\.0\.0\.1:\d+\/dashboard\/$/m);
    expect(output).toMatch(/^One-time code +[\w-]{16}\.[\w-]{43} /m);
    // Whoever tries it pastes it again
    for (const time of ['first', 'second']) {
      const bash = promisify(execFile)('bash', ['-euc', lines], { cwd: root });
      const { stdout, stderr } = await bash;
      for (const line of stderr.trim().split('\n')) expect({ time, line }).toEqual(noteOf(time));
      expect(stdout).toMatch(/"agent_id":"planner".*"scope":\["bus:publish","bus:receive"\]/);
      expect(stdout).toMatch(/^\{"id":"[\w-]{36}"\}$/m);
      expect(stdout).toContain('"payload":{"task":"review"}');
      expect(stdout).toMatch(/^\{.*"code":"token_revoked"\}$/m);
      expect(stdout).toMatch(/HTTP\/1\.1 401[^]*"code":"token_missing"/);
    }
    const files = ['keys/operator.json', 'keys/engine.json', 'keys/sealing', 'agents/planner.json'];
    for (const name of files) {
      const { mode } = statSync(join(root, '.dev', name));
      expect((mode & 0o777).toString(8)).toBe('600');
    }
  },
  2 * patience,
);

/** What the lines may say on standard error: notes, and no failure. */
const noteOf = (time: string): unknown => ({
  time,
  line: expect.stringMatching(
    time === 'first'
      ? /^(The code for (planner|coder) expires in 1[45] min( \d+ s)?|Private key written to \.dev\/agents\/(planner|coder)\.json|Revoked: record \d+, (now|\d s ago))$/
      : /^Revoked: record \d+, (now|\d s ago)$/,
  ) as unknown,
});

test.each([
  ['SIGINT to the whole group, as Ctrl-C does', throughNpm, 'SIGINT', true],
  ['SIGTERM to npm', throughNpm, 'SIGTERM', false],
  ['SIGINT to the process', directly, 'SIGINT', false],
  ['SIGTERM to the process', directly, 'SIGTERM', false],
] as const)(
  '%s ends everything, quietly and with exit code 0',
  async (_, run, signal, group) => {
    const begun = await run();
    await ready(begun);
    const before = begun.output();
    const { pid = 0 } = begun.child;
    process.kill(group ? -pid : pid, signal);
    expect(await once(begun.child, 'close')).toEqual([0, null]);
    expect(begun.output()).toBe(before);
    expect(isAlive(begun.child)).toBe(false);
    expect(await findPort(begun.port)).toBe(begun.port);
  },
  patience,
);

test(
  'npm start keeps its state between starts, and takes the configuration from the environment',
  async () => {
    const env = { AUDIENCE: 'other-bus' };
    const first = await directly(env);
    await ready(first);
    const { operator } = await readKeys();
    const swarm = await makeSwarm({ url: first.url, operator });
    const { planner, coder } = swarm;
    expect(decodeUnverified(planner.token).claims['aud']).toBe('other-bus');
    const sent = await planner.send({ to: coder.id, type: 'REQUEST', payload: {} });
    expect(sent.status).toBe(202);
    first.child.kill('SIGTERM');
    await once(first.child, 'close');

    const second = await directly({ ...env, PORT: String(first.port) });
    await ready({ ...second, url: first.url });
    expect(await coder.receive(sent.id)).toMatchObject({ id: sent.id, from: planner.id });
    expect(await swarm.revoke(planner.id)).toBe(201);
  },
  patience,
);

test(
  'npm start says in one sentence that the port is in use',
  async () => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const run = await directly({ PORT: String(port) });
    expect(await once(run.child, 'close')).toEqual([1, null]);
    server.close();
    expect(run.output()).toBe(
      `Port ${port} is in use: end what listens there, or choose another: PORT=${port + 1} npm start\n`,
    );
  },
  patience,
);

test.each([
  [{ PORT: '0' }, 'PORT must be a number from 1 to 65535\n'],
  [{ PORT: 'http' }, 'PORT must be a number from 1 to 65535\n'],
  [{ ISSUER: '' }, 'The configuration is refused: ISSUER must not be empty\n'],
  [{ AUDIENCE: '*' }, 'The configuration is refused: AUDIENCE must be one exact audience\n'],
])(
  'npm start stops at %j and names the variable',
  async (env, words) => {
    const run = await directly(env);
    expect(await once(run.child, 'close')).toEqual([1, null]);
    expect(run.output()).toBe(words);
    expect(isAlive(run.child)).toBe(false);
  },
  patience,
);

test(
  'npm run demo without a gateway starts one of its own and ends it',
  async () => {
    const run = await start(process.execPath, [...node, 'scripts/demo.ts']);
    expect(await once(run.child, 'close')).toEqual([0, null]);
    expect(run.output().match(/^ {2}ok {4}/gm)).toHaveLength(11);
    expect(isAlive(run.child)).toBe(false);
  },
  patience,
);
