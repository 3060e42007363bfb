// `swarmgate agents show`: what is registered of one agent, and its sessions

import type { Command } from 'commander';
import { agentText, shown, when } from './output/agent_text.ts';
import { agentPath } from './agents_change.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { readList } from './output/list.ts';
import { examples, readAgentId } from './input/options.ts';
import { printResult } from './output/output.ts';
import { columns } from './output/text.ts';

const maxSessions = 20;

/** Adds the command. */
export function addAgentsShow(parent: Command): void {
  const command = parent
    .command('show')
    .description('show an agent and its sessions')
    .argument('<id>', 'the agent', readAgentId);
  addOperator(command)
    .addHelpText('after', examples('swarmgate agents show planner --key operator.key.json'))
    .action(show);
}

async function show(id: string, options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  const agent = await call('GET', agentPath(id));
  const limits = { limit: maxSessions };
  const { entries, more } = await readList(call, `${agentPath(id)}/sessions`, 'sessions', limits);
  const now = Date.now() / 1000;
  const result = { ...agent, sessions: entries, more_sessions: more };
  printResult(options.json, result, () => {
    const sessions = columns(
      ['SESSION', 'BEGAN', 'LAST TOKEN EXPIRES'],
      entries.map((session) => [
        shown(session['sid']),
        when(session['created_at'], now),
        when(session['expires_at'], now),
      ]),
    );
    return [
      agentText(agent, now),
      '',
      ...(entries.length === 0 ? ['no session'] : [sessions]),
      ...(more ? ['and more'] : []),
    ].join('\n');
  });
}
