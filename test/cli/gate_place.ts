// A gate beside its keys: the built command, gate.sh in dash and bash, and a server that is ended with the test

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportSPKI, importJWK } from 'jose';
import { makeKey, mintEngineToken, type TestKey } from '../support/tokens.ts';
import { makePlace, type Place, type Run } from './command.ts';

const dist = join(import.meta.dirname, '../../dist/cli');

/** The shells that gate.sh is for. */
export const shells = ['dash', 'bash'] as const;

/** How a script is run. */
export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly input?: string;
}

/** A server of gates that runs. */
export interface GateServer {
  readonly process: ChildProcess;
  /** Ends it, and answers how it ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>;
}

/** An engine's key, and what a script's environment holds. */
export interface GatePlace extends Place {
  readonly key: TestKey;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `swarmgate gate` with the environment of the place. */
  readonly gate: (args: readonly string[], options?: ScriptOptions) => Promise<Run>;
  /** Runs a script in which gate.sh is sourced; `$1` and so on are the arguments. */
  readonly script: (shell: string, text: string, options?: ScriptOptions) => Promise<Run>;
  readonly serve: (
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<GateServer>;
}

/** Makes the place. */
export async function makeGatePlace(): Promise<GatePlace> {
  const place = makePlace();
  const key = await makeKey();
  const token = await mintEngineToken(key, 'planner', ['tool:exec', 'bus:publish']);
  const { kid: _, ...jwk } = key.publicJwk;
  const env = {
    YAMTAM_AGENT_PUBKEY: await exportSPKI((await importJWK(jwk, 'ES256')) as CryptoKey),
    SWARMGATE_GATE_DIR: place.path('gate'),
    SWARMGATE_COMMAND: join(dist, 'main.js'),
  };
  mkdirSync(env.SWARMGATE_GATE_DIR, { mode: 0o700 });
  const servers = new Set<ChildProcess>();
  const withEnv = (more: ScriptOptions['env'] = {}): NodeJS.ProcessEnv => {
    const own = /^(?:SWARMGATE_\w+|YAMTAM_\w+|NO_COLOR|FORCE_COLOR|XDG_STATE_HOME)$/;
    const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
    // The shebang of the command finds the Node of this test run
    const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    return { ...Object.fromEntries(inherited), PATH: path, ...env, ...more };
  };
  const run = (file: string, args: readonly string[], options: ScriptOptions): Promise<Run> =>
    finish(file, args, { cwd: place.folder, env: withEnv(options.env) }, options.input ?? '');

  return {
    ...place,
    key,
    token,
    env,
    gate: (args, options = {}) =>
      run(process.execPath, [join(dist, 'main.js'), 'gate', ...args], options),
    script: (shell, text, options = {}) =>
      run(
        shell,
        ['-c', `. ${join(dist, 'gate.sh')}\n${text}`, shell, ...(options.args ?? [])],
        options,
      ),
    async serve(args = [], more = {}) {
      const child = spawn(process.execPath, [join(dist, 'main.js'), 'gate', '--serve', ...args], {
        cwd: place.folder,
        env: withEnv(more),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      servers.add(child);
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.once('close', (code, signal) => {
          servers.delete(child);
          resolve(code ?? signal);
        });
      });
      let said = '';
      await new Promise<void>((resolve, reject) => {
        child.stderr.on('data', (bytes: Buffer) => {
          said += bytes.toString();
          if (/^ready /m.test(said)) resolve();
        });
        void ended.then(() => reject(new Error(`The server ended: ${said}`)));
      });
      return {
        process: child,
        end(signal) {
          child.kill(signal);
          return ended;
        },
      };
    },
    remove() {
      for (const child of servers) child.kill('SIGKILL');
      place.remove();
    },
  };
}

async function finish(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  input: string,
): Promise<Run> {
  const child = spawn(file, args, options);
  const chunks = { out: [] as Buffer[], err: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8');
  return { code, out: text(chunks.out), err: text(chunks.err) };
}

/** What the gate says of an agent that it lets through. */
export const authorized = (id = 'planner'): Run => ({
  code: 0,
  out: `[gate] agent ${id} authorized\n`,
  err: '',
});

/** What it says of a token that it blocks. */
export const blocked = (code: string): Run => ({
  code: 1,
  out: '',
  err: `[gate] BLOCKED: invalid token — ${code}\n`,
});

/** Makes what a gate has kept that many seconds older. */
export function ageKept(folder: string, pattern: RegExp, seconds: number): void {
  const name = readdirSync(folder).find((file) => pattern.test(file));
  if (name === undefined) throw new Error('Nothing is kept');
  const kept = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
  const moved = ['at', 'asked'].filter((member) => typeof kept[member] === 'number');
  for (const member of moved) kept[member] = Number(kept[member]) - seconds;
  writeFileSync(join(folder, name), JSON.stringify(kept));
}
