#!/usr/bin/env node
// `swarmgate`: builds the commands, and turns every outcome into output and an exit code

import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { reportFailure } from './failures.ts';
import { usage } from './failure.ts';
import { addKeysGenerate } from './keys_generate.ts';
import { examples } from './options.ts';
import { argumentRefusal, looksLikeToken } from './token_input.ts';
import { addTokenInspect } from './token_inspect.ts';
import { addTokenIssue } from './token_issue.ts';
import { addTokenVerify } from './token_verify.ts';

const exitCodeHelp = [
  '',
  'Exit codes:',
  '  0  done',
  '  1  the token is refused; its code is on standard error',
  '  2  the command line is wrong',
  '  3  a file, its permissions or the network is not as it must be',
].join('\n');

// A reader that has seen enough, such as `head`, is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = 3;
});

const argv = process.argv.slice(2);
try {
  if (argv.some(looksLikeToken)) throw usage(argumentRefusal);
  await buildProgram().parseAsync(argv, { from: 'user' });
} catch (error) {
  process.exitCode = reportFailure(error, argv);
}

function buildProgram(): Command {
  const program = new Command('swarmgate')
    .description('Identities for swarms of AI agents: keys and short-lived tokens')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .option('-V, --version', 'print the version')
    .on('option:version', printVersion)
    .addHelpText(
      'after',
      [
        exitCodeHelp,
        examples(
          'swarmgate keys generate --out issuer.key.json --public issuer.pub.json',
          'TOKEN=$(swarmgate token issue --key issuer.key.json --sub planner --tier fast --scope bus:receive)',
          'printf %s "$TOKEN" | swarmgate token verify --key issuer.pub.json',
        ),
      ].join('\n'),
    );
  addKeysGenerate(
    program
      .command('keys')
      .description('make signing keys')
      .addHelpText('after', examples('swarmgate keys generate --out issuer.key.json')),
  );
  const token = program
    .command('token')
    .description('issue, verify and inspect tokens')
    .addHelpText(
      'after',
      examples(
        'swarmgate token issue --key issuer.key.json --sub planner --tier fast --scope bus:receive',
        'swarmgate token verify --key issuer.pub.json < token.txt',
        'swarmgate token inspect < token.txt',
      ),
    );
  addTokenIssue(token);
  addTokenVerify(token);
  addTokenInspect(token);
  return program;
}

function printVersion(): never {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  process.stdout.write(`${version}\n`);
  process.exit(0);
}
