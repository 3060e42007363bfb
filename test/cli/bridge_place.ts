// A gateway, bridges as processes beside it, and folders of mailboxes with what scripts do in them

import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { encodeName } from '../../cli/bridge/names.ts';
import { startAuthorityPlace, type AuthorityPlace } from './authority.ts';
import type { Run } from './command.ts';

const main = join(import.meta.dirname, '../../dist/cli/main.js');

/** A bridge that runs. */
export interface RunningBridge {
  readonly child: ChildProcess;
  /** The lines of its log so far. */
  readonly events: () => readonly Readonly<Record<string, unknown>>[];
  /** Resolves when there are so many lines of these events; rejects when it ends before, or in a minute. */
  readonly until: (events: string | readonly string[], count?: number) => Promise<void>;
  readonly errors: () => string;
  readonly ended: Promise<number | null>;
  /** Asks it to end; answers its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** One side: a folder of mailboxes, with the agents whose scripts use it. */
export interface Side {
  readonly dir: string;
  readonly args: readonly string[];
  readonly start: (...more: readonly string[]) => RunningBridge;
  readonly once: (...more: readonly string[]) => Promise<Run>;
  /** The path of a mailbox, or of something in it. */
  readonly path: (agent: string, ...parts: readonly string[]) => string;
  /** The names of messages in a folder of a mailbox; none where there is no such folder. */
  readonly names: (agent: string, part?: string) => readonly string[];
  readonly read: (agent: string, part?: string) => readonly string[];
}

/** The place. */
export interface BridgePlace {
  readonly authority: AuthorityPlace;
  readonly side: (name: string, bridge: string, agents: readonly string[]) => Promise<Side>;
  /** Ends the bridges that a test has left. */
  readonly endAll: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What a message says, where it differs. */
export type MessageChanges = Readonly<Record<string, unknown>>;

const scope = ['bus:publish', 'bus:receive', 'bus:represent', 'bus:broadcast'];

/** Starts a gateway that counts no requests. */
export async function startBridgePlace(
  environment: Readonly<Record<string, string>> = {},
): Promise<BridgePlace> {
  const limits = { RATE_LIMITS: 'fast=1000000,power=1000000' };
  const authority = await startAuthorityPlace({ ...limits, ...environment });
  const { done, path, url } = authority;
  const env = { ...process.env, SWARMGATE_URL: url };
  const started = new Set<RunningBridge>();

  async function registerBridge(bridge: string, agents: readonly string[]): Promise<void> {
    const files = ['--out', `${bridge}.json`, '--public', `${bridge}.pub.json`];
    await done(['keys', 'generate', ...files]);
    const policy = ['--tier', 'power', '--dpop', 'required', '--scope', ...scope];
    const key = ['--jwk', `${bridge}.pub.json`];
    await done(['agents', 'add', bridge, ...policy, '--may-act-for', ...agents, ...key]);
  }

  return {
    authority,
    async side(name, bridge, agents) {
      mkdirSync(path(`${name}/bus`), { recursive: true });
      mkdirSync(path(`${name}/keys`));
      await registerBridge(bridge, agents);
      for (const agent of agents) {
        const policy = ['--tier', 'power', '--scope', ...scope];
        const input = await done(['enrollments', 'add', agent, ...policy]);
        const key = `${name}/keys/${encodeName(agent)}.json`;
        await done(['enroll', '--key', key], { input });
      }
      const dir = realpathSync(path(`${name}/bus`));
      const own = ['--id', bridge, '--key', `${bridge}.json`, '--dir', dir];
      const named = ['--agents', agents.join(',')];
      const args = ['bridge', ...own, '--agent-keys', `${name}/keys`, ...named, '--json'];
      const inside = (agent: string, ...parts: readonly string[]): string =>
        join(dir, encodeName(agent), ...parts);
      const names = (agent: string, part = 'inbox'): readonly string[] =>
        listMessages(inside(agent, part));
      return {
        dir,
        args,
        start(...more) {
          const bridge = startBridge(authority.folder, env, [...args, ...more]);
          started.add(bridge);
          void bridge.ended.then(() => started.delete(bridge));
          return bridge;
        },
        once: (...more) => authority.run([...args, '--once', ...more]),
        path: inside,
        names,
        read: (agent, part = 'inbox') =>
          names(agent, part).map((file) => readFileSync(inside(agent, part, file), 'utf8')),
      };
    },
    async endAll() {
      await Promise.all([...started].map((bridge) => bridge.stop('SIGKILL')));
    },
    stop: () => authority.stop(),
  };
}

function startBridge(cwd: string, env: NodeJS.ProcessEnv, args: readonly string[]): RunningBridge {
  const child = spawn(process.execPath, [main, ...args], { cwd, env });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const events = (): readonly Readonly<Record<string, unknown>>[] =>
    printed.out
      .slice(0, printed.out.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{"at"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    child,
    events,
    errors: () => printed.err,
    ended,
    until(wanted, count = 1) {
      const isWanted = ({ event }: Readonly<Record<string, unknown>>): boolean =>
        [wanted].flat().some((name) => name === event);
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (events().filter(isWanted).length >= count) resolve();
        };
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`The bridge has ended: ${printed.err}`)));
        const late = setTimeout(() => reject(new Error(`Too late: ${printed.out}`)), 60_000);
        late.unref();
        look();
      });
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** The names of messages in a folder, in order. */
export function listMessages(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .sort();
  } catch {
    return [];
  }
}

/** A message as the script of the bus writes it, with its line end. */
export function makeMessage(from: string, to: string, changes: MessageChanges = {}): string {
  const { payload: given = { n: 1 }, ...others } = changes;
  const payload = JSON.stringify(given);
  const members = {
    id: randomUUID(),
    from,
    to,
    type: to === '*' ? 'BROADCAST' : 'REQUEST',
    subject: 'review-code',
    payload: 0,
    ts: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    nonce: randomBytes(8).toString('hex'),
    ttl: 300,
    sig: createHash('sha256').update(payload).digest('hex'),
    ...others,
  };
  return `${JSON.stringify(members).replace('"payload":0', `"payload":${payload}`)}\n`;
}

/** Puts a message into an inbox as the script does: under a temporary name, then under its own. */
export function post(dir: string, folder: string, text: string): string {
  const inbox = join(dir, folder, 'inbox');
  mkdirSync(inbox, { recursive: true });
  mkdirSync(join(dir, folder, 'processed'), { recursive: true });
  const { id, ts } = JSON.parse(text) as { readonly id: string; readonly ts: string };
  const name = `${ts}_${id}.json`;
  writeFileSync(join(inbox, `.${id}.tmp`), text);
  renameSync(join(inbox, `.${id}.tmp`), join(inbox, name));
  return name;
}
