// `swarmgate doctor`: looks at clock, keys, gateway, key set, revocations and the gate, and says what to do

import type { Command } from 'commander';
import { doctorChecks } from './doctor_checks.ts';
import { addGateway, gatewayUrl, type ConnectionOptions } from './connection.ts';
import { exitCodes } from './output/failure.ts';
import type { Finding } from './output/finding.ts';
import { examples } from './input/options.ts';
import { paint, printResult, type Style } from './output/output.ts';
import { printable } from './output/text.ts';

const styles: Readonly<Record<Finding['state'], Style>> = {
  ok: 'good',
  warning: 'warn',
  wrong: 'bad',
};

/** Adds the command. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check clock, keys, gateway, key set, revocations and gate; say what to do')
    .option('--key <file>', 'the private key to look at (default: SWARMGATE_KEY)');
  addGateway(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'Exits with 0 where nothing is wrong, 1 where something is, 2 where the variables cannot be read.',
        examples(
          'swarmgate doctor',
          'swarmgate doctor --url https://gate.example --key planner.key.json',
        ),
      ].join('\n'),
    )
    .action(examine);
}

async function examine(options: ConnectionOptions): Promise<void> {
  const url = gatewayUrl(options);
  const findings: Finding[] = [];
  for (const check of doctorChecks({ url, key: options.key })) findings.push(...(await check()));
  const wrong = findings.filter(({ state }) => state === 'wrong').length;
  printResult(options.json, { ok: wrong === 0, findings }, () => findings.map(lines).join('\n'));
  if (wrong > 0) process.exitCode = exitCodes.refused;
}

function lines({ state, what, found, advice }: Finding): string {
  const head = `${paint(styles[state], state.padEnd(7))}  ${what}: ${printable(found)}`;
  return advice === undefined ? head : `${head}\n         ${printable(advice)}`;
}
