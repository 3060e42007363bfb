// `swarmgate revoke session`, `agent`, `key` and `before`: ends what a name covers, everywhere

import { InvalidArgumentError, type Command } from 'commander';
import { when } from './output/agent_text.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { usage } from './output/failure.ts';
import { examples, readAgentId } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { addRevokeToken } from './revoke_token.ts';

interface RevokeOptions extends ConnectionOptions {
  readonly tokenIssuer?: string;
  readonly reason?: string;
}

interface BeforeOptions extends RevokeOptions {
  readonly agent?: string;
  readonly all?: true;
}

/** Adds the commands. */
export function addRevoke(program: Command): void {
  const parent = program
    .command('revoke')
    .description('end tokens before they expire: everywhere, within a second')
    .addHelpText(
      'after',
      examples(
        'swarmgate revoke agent planner --key operator.key.json',
        'swarmgate revoke token --key operator.key.json < leaked.token',
        'swarmgate revoke before now --all --key operator.key.json',
      ),
    );
  addRevokeToken(parent);
  const named = (kind: 'session' | 'agent' | 'key', description: string): Command =>
    parent.command(kind).description(description);
  const finish = (command: Command, example: string): Command =>
    addOperator(
      command
        .option('--reason <text>', 'why, for the record')
        .option('--token-issuer <name>', "whose tokens (default: the authority's own)"),
    ).addHelpText('after', examples(`swarmgate ${example} --key operator.key.json`));

  finish(
    named('session', 'end a session: one run of an agent').argument('<sid>', 'its id', readName),
    'revoke session 0b0e7a52-6e0f-4b7e-9d3a-2f4c7f5f1a10',
  ).action((value: string, options: RevokeOptions) => revoke({ kind: 'session', value }, options));
  finish(
    named('agent', 'disable an agent and end all of its tokens').argument(
      '<id>',
      'the agent',
      readAgentId,
    ),
    'revoke agent planner',
  ).action((value: string, options: RevokeOptions) => revoke({ kind: 'agent', value }, options));
  finish(
    named('key', 'end whatever a signing key has signed').argument(
      '<kid>',
      'its thumbprint',
      readThumbprint,
    ),
    'revoke key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  ).action((value: string, options: RevokeOptions) => revoke({ kind: 'key', value }, options));
  finish(
    parent
      .command('before')
      .description('end everything that was issued up to a time')
      .argument('<time>', '"now", such as 2026-01-31T12:00:00Z, or seconds since 1970', readTime)
      .option('--agent <id>', 'tokens of this agent', readAgentId)
      .option('--all', 'tokens of every agent'),
    'revoke before now --agent planner',
  ).action(revokeBefore);
}

async function revokeBefore(value: number, options: BeforeOptions): Promise<void> {
  const { agent, all } = options;
  if ((agent === undefined) === (all === undefined)) {
    throw usage('Say whose tokens end: either --agent <id> or --all');
  }
  const whose = agent === undefined ? { all: true } : { agent };
  await revoke({ kind: 'before', value, ...whose }, options);
}

async function revoke(what: object, options: RevokeOptions): Promise<void> {
  const { tokenIssuer, reason, json } = options;
  const { call } = await connect(options);
  const recorded = await call('POST', '/admin/revocations', {
    ...what,
    ...(tokenIssuer === undefined ? {} : { issuer: tokenIssuer }),
    ...(reason === undefined ? {} : { reason }),
  });
  if (json === true) {
    printResult(true, recorded, String);
    return;
  }
  const { seq, recorded_at: at } = recorded;
  printNote(`Revoked: record ${String(seq)}, ${when(at, Date.now() / 1000)}`);
}

function readName(text: string): string {
  if (/^[^\p{Cc}]{1,128}$/u.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 128 characters.');
}

function readThumbprint(text: string): string {
  if (/^[\w-]{43}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a thumbprint, as "swarmgate keys list" shows it.');
}

function readTime(text: string): number {
  if (text === 'now') return Math.floor(Date.now() / 1000);
  if (/^\d{1,10}$/.test(text)) return Number(text);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const seconds = isDate ? Math.floor(Date.parse(text) / 1000) : Number.NaN;
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new InvalidArgumentError(
    'It must be "now", a time with its zone such as 2026-01-31T12:00:00Z, or seconds since 1970.',
  );
}
