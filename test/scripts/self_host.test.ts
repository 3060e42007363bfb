// `npm run self-host`: plain workerd on a disk of its own, and everything is still there after a restart

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/tools.ts';
import {
  boundToken,
  callBound,
  registerAgent,
  type RunningAuthority,
} from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl } from '../support/gateway.ts';
import { makeKey, mintProof, type TestKey } from '../support/tokens.ts';

interface Workerd {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

let folder: string;
let environment: NodeJS.ProcessEnv;
let operator: TestKey;
let running: Workerd | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'swarmgate-self-host-'));
  operator = await makeKey();
  environment = {
    PATH: process.env['PATH'],
    ISSUER: publicUrl,
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    OPERATOR_JWK: JSON.stringify(operator.publicJwk),
  };
  const script = join(root, 'scripts', 'self_host.ts');
  const options = { cwd: root, env: environment, encoding: 'utf8' } as const;
  execFileSync(process.execPath, [script, folder], options);
});

afterAll(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the configuration as it was made, but at a port that is free. */
async function start(): Promise<Workerd> {
  const args = ['serve', 'swarmgate.capnp', '--socket-addr=http=127.0.0.1:0', '--control-fd=3'];
  const program = join(root, 'node_modules', '.bin', 'workerd');
  const child = spawn(program, args, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    detached: true,
  });
  const port = await portOf(child);
  return { url: `http://127.0.0.1:${port}`, stop: () => end(child) };
}

/** Workerd says on the control pipe where it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  const control = child.stdio[3] as Readable;
  for await (const chunk of control.setEncoding('utf8')) {
    const [, port] = /"event":"listen".*"port":(\d+)/.exec(String(chunk)) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error('workerd did not start');
}

/** The package's command is a script that starts the program: both are ended, as one group. */
async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await ended;
}

test('the configuration names variables and holds none of their values', () => {
  const text = readFileSync(join(folder, 'swarmgate.capnp'), 'utf8');
  expect(text).toContain('fromEnvironment = "KEY_ENCRYPTION_KEY"');
  expect(text).not.toContain(String(environment['KEY_ENCRYPTION_KEY']));
});

test('issues a token and takes a message; both are there after a restart', async () => {
  running = await start();
  const authority = { url: running.url, operator } as RunningAuthority;
  const worker = await registerAgent(authority, 'worker');
  const planner = await registerAgent(authority, 'planner');
  const [sending, receiving] = [
    await boundToken(running.url, planner, 'planner'),
    await boundToken(running.url, worker, 'worker'),
  ];
  const { id, text } = await makeEnvelope({ to: 'worker', from: 'planner' });
  const answer = await fetch(`${running.url}/bus/messages`, {
    method: 'POST',
    headers: {
      authorization: `DPoP ${sending}`,
      dpop: await mintProof(planner, 'POST', `${publicUrl}/bus/messages`, sending),
    },
    body: text,
  });
  expect(answer.status).toBe(202);

  await running.stop();
  running = await start();
  const { status, body } = await callBound(running.url, '/bus/messages', worker, receiving);
  expect(status).toBe(200);
  expect(body).toMatchObject({ messages: [{ sender: 'planner', message: { id } }] });
  const renewed = await boundToken(running.url, worker, 'worker');
  expect(renewed).not.toBe(receiving);
});
