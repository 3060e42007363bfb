// `swarmgate enrollments add`: a one-time code for an agent, alone on standard output

import type { Command } from 'commander';
import { shown, when } from './output/agent_text.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { environment } from './output/failure.ts';
import { examples, readAgentId, readLongDuration } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { addPolicy, policyMembers, type PolicyOptions } from './input/policy_options.ts';

interface AddOptions extends ConnectionOptions, PolicyOptions {
  readonly expiresIn?: number;
}

/** Adds the command. */
export function addEnrollmentsAdd(parent: Command): void {
  const command = parent
    .command('add')
    .description('make a one-time code for an agent, and print it alone')
    .argument('<id>', 'the agent', readAgentId);
  addPolicy(command).option(
    '--expires-in <time>',
    'how long the code counts, 1m to 24h (default: 15m)',
    readLongDuration,
  );
  addOperator(command)
    .addHelpText(
      'after',
      [
        '',
        'Who has the code becomes the agent, once: give it to nobody else.',
        examples(
          'swarmgate enrollments add planner --tier fast --scope bus:publish bus:receive \\\n  --key operator.key.json | ssh worker-1 swarmgate enroll --url https://gate.example --key planner.key.json',
        ),
      ].join('\n'),
    )
    .action(add);
}

async function add(id: string, options: AddOptions): Promise<void> {
  const policy = policyMembers(options);
  const { expiresIn, json } = options;
  const { call } = await connect(options);
  const answer = await call('POST', '/admin/enrollments', {
    id,
    ...policy,
    ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
  });
  const { code, expires_at: expiresAt } = answer;
  if (typeof code !== 'string') throw environment('The gateway answered without a code');
  printResult(json, answer, () => shown(code));
  if (json !== true) printNote(`The code for ${id} expires ${when(expiresAt, Date.now() / 1000)}`);
}
