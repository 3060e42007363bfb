// `swarmgate bridge`: joins a folder of mailboxes, as scripts use it, with the gateway

import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import { readAgentKeys } from './bridge/agents.ts';
import { ensureFolder } from './bridge/files.ts';
import { takeLock, type Release } from './bridge/lock.ts';
import { openLog, type BridgeLog } from './bridge/log.ts';
import { runBridge } from './bridge/run.ts';
import { actingSource } from './bridge/token.ts';
import { openWire } from './bridge/wire.ts';
import {
  addGateway,
  addIssuer,
  gatewayUrl,
  namedKey,
  type ConnectionOptions,
} from './connection.ts';
import { environment, exitCodes, systemReason } from './output/failure.ts';
import { examples, readAgentId } from './input/options.ts';
import { printNote } from './output/output.ts';

interface BridgeOptions extends ConnectionOptions {
  readonly id: string;
  readonly dir?: string;
  readonly agentKeys: string;
  readonly agents?: readonly string[];
  readonly once?: true;
}

const defaultFolder = 'core/bus/mailboxes';
/** A bridge that was ended lets go of its lock in the next moments. Milliseconds. */
const lockPatience = 5000;

/** Adds the command. */
export function addBridge(parent: Command): void {
  const command = parent
    .command('bridge')
    .description('join a folder of mailboxes, as scripts use it, with the gateway')
    .option('--dir <folder>', `the mailboxes (default: YAMTAM_BUS_DIR, else "${defaultFolder}")`)
    .requiredOption('--agent-keys <folder>', 'the keys of the agents on this side: <agent>.json')
    .option('--agents <ids>', 'only these of them, separated by commas', readAgents)
    .option('--id <agent id>', 'who carries the messages', readAgentId, 'bridge')
    .option('--key <file>', 'its private key (default: SWARMGATE_KEY)')
    .option('--once', 'carry what is there now, and end');
  addIssuer(addGateway(command))
    .option('--json', 'print JSON Lines, one event a line')
    .addHelpText(
      'after',
      [
        '',
        'What comes for an agent on this side appears in its inbox; what scripts put into the inbox of',
        'any other agent goes out, and then is in its "processed" folder, or in "rejected" with a reason.',
        'An operator lets the bridge act for the agents: see "agents add --may-act-for".',
        'Ends with exit code 0 on SIGTERM. With --once: 1 where a message was set aside or an agent is',
        'refused, 3 where something could not be sent: it is sent the next time.',
        examples(
          'swarmgate bridge --dir core/bus/mailboxes --agent-keys keys --key bridge.key.json',
          'swarmgate bridge --once --json --agents planner,coder --agent-keys keys --key bridge.key.json',
        ),
      ].join('\n'),
    )
    .action(bridge);
}

function readAgents(text: string): readonly string[] {
  const ids = text.split(',').map((id) => readAgentId(id.trim()));
  if (new Set(ids).size === ids.length) return ids;
  throw new InvalidArgumentError('An agent is named twice.');
}

async function bridge(options: BridgeOptions): Promise<void> {
  const url = gatewayUrl(options);
  const key = await namedKey(options);
  const { id, issuer = url, json = false, once = false } = options;
  const agents = await readAgentKeys(options.agentKeys, options.agents);
  const dir = await busFolder(options.dir);
  const state = join(dir, '.bridge');
  await ensureFolder(state, 0o700);
  const release = await takeFolder(state);
  const log = openLog(json);
  const self = { url, issuer, id, key };
  const wires = new Map(
    agents.map((agent) => {
      const source = actingSource(self, { url, issuer, ...agent });
      const onRefused = ({ code }: { readonly code: string }): void =>
        log.say('refused', { agent: agent.id, code });
      return [agent.id, openWire(url, agent.id, source, onRefused)] as const;
    }),
  );
  const stop = new AbortController();
  const end = (): void => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  process.stdout.once('error', end);
  try {
    const outcome = await runBridge({ dir, state, id, wires, log, once, signal: stop.signal });
    sayStopped(log);
    if (once) process.exitCode = exitCodeOf(log, outcome === 'unsent');
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, end);
    await release();
  }
}

function sayStopped(log: BridgeLog): void {
  log.say('stopped', {
    delivered: log.count('delivered'),
    sent: log.count('sent'),
    set_aside: log.count('set_aside'),
  });
}

function exitCodeOf(log: BridgeLog, isUnsent: boolean): number {
  if (log.count('set_aside') > 0 || log.count('refused') > 0) return exitCodes.refused;
  return isUnsent ? exitCodes.environment : exitCodes.ok;
}

/** The folder as it is, whatever links lead to it: below it none is followed. */
async function busFolder(named: string | undefined): Promise<string> {
  const { YAMTAM_BUS_DIR: fallback = '' } = process.env;
  const folder = named ?? (fallback === '' ? defaultFolder : fallback);
  try {
    const path = await realpath(folder);
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    throw environment(`Cannot use the mailboxes in "${folder}" (--dir): ${systemReason(error)}`);
  }
  throw environment(`"${folder}" (--dir) is no folder`);
}

/** One bridge for a folder: two would each know only half of what was delivered. */
async function takeFolder(state: string): Promise<Release> {
  const file = join(state, 'lock');
  const until = performance.now() + lockPatience;
  for (;;) {
    const taken = await takeLock(file);
    if (typeof taken === 'function') return taken;
    if (taken === 'unavailable') {
      printNote('There is no "flock" here: make sure that one bridge alone uses this folder');
      return async () => {};
    }
    if (performance.now() > until) throw environment('Another bridge uses this folder already');
    await wait(100);
  }
}
