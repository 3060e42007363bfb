// `swarmgate gate` as the other commands see it: its help, and --serve; asking it has a way in of its own

import type { Command } from 'commander';
import { readGateArguments } from './arguments.ts';
import { gateOptions } from './options.ts';
import { serveGate } from './serve.ts';
import { examples } from '../input/options.ts';

/** Adds the command. */
export function addGate(program: Command): void {
  const command = program
    .command('gate')
    .description('let an agent through, or not: for scripts, before they run a tool')
    .argument('[command...]', 'behind "--": what to run, only when the agent is authorized');
  for (const { name, value, many, variable, text } of gateOptions) {
    const flags = value === undefined ? `--${name}` : `--${name} ${value}`;
    const words = variable === undefined ? text : `${text} (or ${variable})`;
    const collect = (word: string, before: readonly string[] = []): readonly string[] => [
      ...before,
      word,
    ];
    if (many === true) command.option(flags, words, collect);
    else command.option(flags, words);
  }
  command
    .addHelpText(
      'after',
      [
        '',
        'The token comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'A bound token needs a proof in SWARMGATE_PROOF: htm POST, htu urn:swarmgate:gate:<scope>',
        '(several scopes: with commas between them). It is used once.',
        '',
        'Prints "[gate] agent <id> authorized" and exits with 0, or "[gate] BLOCKED: invalid token — <code>"',
        "on standard error and exits with 1. With a command, its exit code is the gate's, what it prints",
        'is its own, SWARMGATE_AGENT_ID is set, and no variable has the token.',
        examples(
          'swarmgate gate --scope tool:exec --tier power < agent.token',
          'SWARMGATE_TOKEN="$TOKEN" swarmgate gate --scope tool:exec -- ./deploy.sh staging',
          'SWARMGATE_PROOF=$(swarmgate proof --method POST --url urn:swarmgate:gate:tool:exec --key planner.key.json < t) \\\n  swarmgate gate --scope tool:exec < t',
          'swarmgate gate --serve --url https://gate.example',
        ),
      ].join('\n'),
    )
    .action(() => serveGate(readGateArguments(process.argv.slice(3)).options));
}
