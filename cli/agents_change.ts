// `swarmgate agents disable`, `enable` and `remove`: each takes effect for every token there is

import type { Command } from 'commander';
import { agentText } from './output/agent_text.ts';
import type { Members } from './output/answer.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { examples, readAgentId } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';

/** The path of an agent: `/` in ids is written `~`. */
export function agentPath(id: string): string {
  return `/admin/agents/${id.replaceAll('/', '~')}`;
}

/** Adds the commands. */
export function addAgentsChange(parent: Command): void {
  const change = (name: string, description: string): Command =>
    addOperator(
      parent.command(name).description(description).argument('<id>', 'the agent', readAgentId),
    ).addHelpText('after', examples(`swarmgate agents ${name} planner --key operator.key.json`));
  change('disable', 'give an agent no more tokens, and revoke all that it has').action(disable);
  change('enable', 'let an agent get tokens again; its old ones stay revoked').action(enable);
  change('remove', 'remove an agent, and revoke all of its tokens').action(remove);
}

async function disable(id: string, options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  print(await call('PATCH', agentPath(id), { disabled: true }), options);
}

async function enable(id: string, options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  print(await call('PATCH', agentPath(id), { disabled: false }), options);
}

async function remove(id: string, options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  await call('DELETE', agentPath(id));
  if (options.json === true) printResult(true, { id, removed: true }, String);
  else printNote(`Agent ${id} is removed, and its tokens are revoked`);
}

function print(agent: Members, { json }: ConnectionOptions): void {
  printResult(json, agent, () => agentText(agent, Date.now() / 1000));
}
