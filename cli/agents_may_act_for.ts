// `swarmgate agents may-act-for`: whose tokens an agent may exchange, the whole list anew

import type { Command } from 'commander';
import { agentText } from './output/agent_text.ts';
import { agentPath } from './agents_change.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { examples, readAgentId } from './input/options.ts';
import { printResult } from './output/output.ts';

/** Adds the command. */
export function addAgentsMayActFor(parent: Command): void {
  addOperator(
    parent
      .command('may-act-for')
      .description('say for whom an agent may act: the whole list anew, nobody when it is empty')
      .argument('<id>', 'the agent that acts', readAgentId)
      .argument('[agents...]', 'for these', addAgent),
  )
    .addHelpText(
      'after',
      examples('swarmgate agents may-act-for bridge planner coder --key operator.key.json'),
    )
    .action(change);
}

const addAgent = (text: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  readAgentId(text),
];

async function change(
  id: string,
  agents: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const { call } = await connect(options);
  const agent = await call('PATCH', agentPath(id), { may_act_for: agents });
  printResult(options.json, agent, () => agentText(agent, Date.now() / 1000));
}
