// `swarmgate enroll`: a one-time code and a key of one's own make a registered agent

import type { Command } from 'commander';
import { createDpopProof } from '../src/index.ts';
import { shown } from './output/agent_text.ts';
import { readAnswer } from './output/answer.ts';
import { codeRefusal, readCode } from './input/code_input.ts';
import { addGateway, gatewayUrl } from './connection.ts';
import { usage } from './output/failure.ts';
import { readOrMakeKey } from './input/key_files.ts';
import { examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { rows } from './output/text.ts';

interface EnrollOptions {
  readonly url?: string;
  readonly key: string;
  readonly codeFile?: string;
  readonly json?: true;
}

const patience = 30_000;

/** Adds the command. */
export function addEnroll(program: Command): void {
  const command = program
    .command('enroll')
    .description('become an agent: with a one-time code, and a key that stays here')
    .argument('[code...]', 'refused: a code is not taken from an argument')
    .requiredOption('--key <file>', "the agent's private key; made for you alone if it is absent")
    .option('--code-file <file>', 'read the code from a file; "-" is standard input');
  addGateway(command)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The code comes from --code-file, else SWARMGATE_CODE, else standard input.',
        'If the answer was lost, enroll again with the same code and key.',
        examples(
          'swarmgate enroll --key planner.key.json < code.txt',
          'swarmgate enroll --url https://gate.example --key planner.key.json --code-file code.txt',
        ),
      ].join('\n'),
    )
    .action(enroll);
}

async function enroll(words: readonly string[], options: EnrollOptions): Promise<void> {
  if (words.length > 0) throw usage(codeRefusal);
  const origin = gatewayUrl(options);
  const code = await readCode(options.codeFile);
  const { key, made } = await readOrMakeKey(options.key);
  if (made) printNote(`Private key written to ${options.key}`);
  const url = `${origin}/enroll`;
  const answer = await readAnswer(
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        dpop: await createDpopProof({ key, method: 'POST', url }),
      },
      body: JSON.stringify({ code, jwk: key.publicJwk }),
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    }),
  );
  printResult(options.json, answer, () =>
    rows([
      ['agent', shown(answer['client_id'])],
      ['key', key.kid],
      ['issuer', shown(answer['issuer'])],
      ['tokens', shown(answer['token_endpoint'])],
      ['for', shown(answer['resource'])],
    ]),
  );
}
