// `swarmgate agents list`: the registered agents, page by page up to a limit

import type { Command } from 'commander';
import { lastSeen, shown, when } from './output/agent_text.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { readList, type ListOptions } from './output/list.ts';
import { addLimit, examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { columns } from './output/text.ts';

/** Adds the command. */
export function addAgentsList(parent: Command): void {
  const command = parent
    .command('list')
    .description('list the agents, by id')
    .option('--query <text>', 'only ids that begin with this');
  addOperator(addLimit(command))
    .addHelpText(
      'after',
      examples(
        'swarmgate agents list --key operator.key.json',
        'swarmgate agents list --query team-a/ --limit 20 --json --key operator.key.json',
      ),
    )
    .action(list);
}

async function list(
  options: ConnectionOptions & ListOptions & { readonly query?: string },
): Promise<void> {
  const { query, json } = options;
  const { call } = await connect(options);
  const found = await readList(call, '/admin/agents', 'agents', { ...options, query });
  const now = Date.now() / 1000;
  printResult(json, { agents: found.entries, more: found.more }, () =>
    columns(
      ['AGENT', 'TIER', 'STATE', 'LAST SEEN', 'REGISTERED'],
      found.entries.map((agent) => [
        shown(agent['id']),
        shown(agent['tier']),
        agent['disabled'] === true ? 'disabled' : 'enabled',
        lastSeen(agent['last_seen'], now),
        when(agent['created_at'], now),
      ]),
    ),
  );
  if (found.more) printNote('There are more: see --limit and --query');
}
