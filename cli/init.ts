// `swarmgate init`: the keys and variables of a new project, without a question

import type { Command } from 'commander';
import { resolve } from 'node:path';
import { addGateway, gatewayUrl } from './connection.ts';
import { examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { openProject, projectFiles } from './project_folder.ts';

interface InitOptions {
  readonly url?: string;
  readonly dir: string;
  readonly json?: true;
}

/** Adds the command. */
export function addInit(program: Command): void {
  const command = program
    .command('init')
    .description('make the operator key and the variables of a gateway, in a folder of your own')
    .option('--dir <folder>', 'where; it is kept out of git', '.swarmgate');
  addGateway(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'Asks nothing, keeps what is there already, and writes every file for you alone.',
        examples(
          'swarmgate init && . .swarmgate/env.sh && swarmgate dev',
          'swarmgate init --url https://gate.example',
        ),
      ].join('\n'),
    )
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  const url = gatewayUrl(options);
  const { folder, operator, made } = await openProject(resolve(options.dir), url);
  for (const path of made) printNote(`made ${path}`);
  const result = { url, folder, operator_kid: operator.kid, made };
  const shown = options.dir;
  printResult(options.json, result, () =>
    [
      `The operator's key is ${operator.kid}`,
      '',
      'Next:',
      `  . ${shown}/${projectFiles.shell}`,
      '  swarmgate dev          # a gateway on this machine, or deploy one with the variables in',
      `                         # ${shown}/${projectFiles.variables}`,
      '  swarmgate doctor',
      '  swarmgate enrollments add planner --tier fast --scope bus:publish bus:receive > code.txt',
      '  swarmgate enroll --key planner.key.json < code.txt',
      '  swarmgate token get --id planner --key planner.key.json > planner.token',
    ].join('\n'),
  );
}
