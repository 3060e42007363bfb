// `swarmgate enrollments list` and `remove`: codes that are open, used or dead; the codes themselves are not kept

import { InvalidArgumentError, type Command } from 'commander';
import { shown, when } from './output/agent_text.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { readList, type ListOptions } from './output/list.ts';
import { addLimit, examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { columns } from './output/text.ts';

/** Adds the commands. */
export function addEnrollmentsList(parent: Command): void {
  addOperator(addLimit(parent.command('list').description('list the enrolments')))
    .addHelpText('after', examples('swarmgate enrollments list --key operator.key.json'))
    .action(list);
  addOperator(
    parent
      .command('remove')
      .description('take an enrolment back: its code counts no more')
      .argument('<enrolment>', 'its id, as the list shows it', readEnrollmentId),
  )
    .addHelpText(
      'after',
      examples('swarmgate enrollments remove dGhlIGlkIG9mIG9u --key operator.key.json'),
    )
    .action(remove);
}

function readEnrollmentId(text: string): string {
  if (/^[\w-]{16}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the id of an enrolment, not the code.');
}

async function list(options: ConnectionOptions & ListOptions): Promise<void> {
  const { call } = await connect(options);
  const { entries, more } = await readList(call, '/admin/enrollments', 'enrollments', options);
  const now = Date.now() / 1000;
  printResult(options.json, { enrollments: entries, more }, () =>
    columns(
      ['ENROLMENT', 'AGENT', 'TIER', 'STATE', 'EXPIRES', 'BY'],
      entries.map((entry) => [
        shown(entry['id']),
        shown(entry['agent_id']),
        shown(entry['tier']),
        shown(entry['state']),
        when(entry['expires_at'], now),
        shown(entry['created_by']),
      ]),
    ),
  );
  if (more) printNote('There are more: see --limit');
}

async function remove(enrollment: string, options: ConnectionOptions): Promise<void> {
  const { call } = await connect(options);
  await call('DELETE', `/admin/enrollments/${enrollment}`);
  if (options.json === true) printResult(true, { id: enrollment, removed: true }, String);
  else printNote(`Enrolment ${enrollment} is taken back`);
}
