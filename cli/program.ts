// The commands of `swarmgate` but the gate's own path: builds them, and turns every outcome into output and an exit code

import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { addAgentsAdd } from './agents_add.ts';
import { addAgentsChange } from './agents_change.ts';
import { addAgentsList } from './agents_list.ts';
import { addAgentsMayActFor } from './agents_may_act_for.ts';
import { addAgentsShow } from './agents_show.ts';
import { addAuditExport } from './audit_export.ts';
import { addAuditVerify } from './audit_verify.ts';
import { addAuthorityKeys } from './input/authority_keys.ts';
import { addBridge } from './bridge.ts';
import { addBusReceive } from './bus_receive.ts';
import { addBusSend } from './bus_send.ts';
import { addBusWatch } from './bus_watch.ts';
import { codeRefusal, looksLikeCode } from './input/code_input.ts';
import { addCompletion } from './completion.ts';
import { addDev } from './dev.ts';
import { addDoctor } from './doctor.ts';
import { addEnroll } from './enroll.ts';
import { addEnrollmentsAdd } from './enrollments_add.ts';
import { addEnrollmentsList } from './enrollments_list.ts';
import { addGate } from './gate/help.ts';
import { reportFailure } from './output/failures.ts';
import { usage } from './output/failure.ts';
import { addInit } from './init.ts';
import { addKeysGenerate } from './keys_generate.ts';
import { examples } from './input/options.ts';
import { addProof } from './proof.ts';
import { addRevoke } from './revoke.ts';
import { addTokenExchange } from './token_exchange.ts';
import { addTokenGet } from './token_get.ts';
import { thumbprintsLast } from './input/thumbprint_arguments.ts';
import { argumentRefusal, looksLikeToken } from './input/token_input.ts';
import { addTokenInspect } from './token_inspect.ts';
import { addTokenIssue } from './token_issue.ts';
import { addTokenVerify } from './token_verify.ts';

const exitCodeHelp = [
  '',
  'Exit codes:',
  '  0  done',
  '  1  refused: the code is on standard error',
  '  2  the command line is wrong',
  '  3  a file, its permissions or the network is not as it must be',
].join('\n');

/** Runs a command line, and sets the exit code. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough, such as `head`, is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 3;
  });
  try {
    if (argv.some(looksLikeToken)) throw usage(argumentRefusal);
    if (argv.some(looksLikeCode)) throw usage(codeRefusal);
    await buildProgram().parseAsync(thumbprintsLast(argv), { from: 'user' });
  } catch (error) {
    process.exitCode = reportFailure(error, argv);
  }
}

/** All commands, with their options and examples. */
export function buildProgram(): Command {
  const program = new Command('swarmgate')
    .description('Identities for swarms of AI agents: keys, short-lived tokens, and their end')
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
          'swarmgate enrollments add planner --tier fast --scope bus:publish --key operator.key.json > code.txt',
          'swarmgate enroll --key planner.key.json < code.txt',
          'swarmgate token get --id planner --key planner.key.json > planner.token',
          'swarmgate revoke agent planner --key operator.key.json',
        ),
      ].join('\n'),
    );
  const group = (name: string, description: string, ...lines: string[]): Command =>
    program
      .command(name)
      .description(description)
      .addHelpText('after', examples(...lines));
  const keys = group(
    'keys',
    "make signing keys, and manage the authority's",
    'swarmgate keys generate --out issuer.key.json',
    'swarmgate keys rotate --key operator.key.json',
  );
  for (const add of [addKeysGenerate, addAuthorityKeys]) add(keys);
  const token = group(
    'token',
    'get, exchange, issue, verify and inspect tokens',
    'swarmgate token get --id planner --key planner.key.json',
    'swarmgate token issue --key issuer.key.json --sub planner --tier fast --scope bus:receive',
    'swarmgate token verify --key issuer.pub.json < token.txt',
    'swarmgate token inspect < token.txt',
  );
  for (const add of [addTokenGet, addTokenExchange, addTokenIssue, addTokenVerify, addTokenInspect])
    add(token);
  const agents = group(
    'agents',
    'register agents, list and change them',
    'swarmgate agents add planner --tier fast --scope bus:receive --jwk planner.pub.json --key operator.key.json',
    'swarmgate agents list --key operator.key.json',
  );
  for (const add of [addAgentsAdd, addAgentsList, addAgentsShow, addAgentsChange]) add(agents);
  addAgentsMayActFor(agents);
  const enrollments = group(
    'enrollments',
    'make one-time codes that agents enrol with',
    'swarmgate enrollments add planner --tier fast --scope bus:receive --key operator.key.json',
  );
  for (const add of [addEnrollmentsAdd, addEnrollmentsList]) add(enrollments);
  const bus = group(
    'bus',
    'send messages, receive them, and watch them come',
    'swarmgate bus send --to reviewer --subject review-code --id planner --key planner.key.json < payload.json',
    'swarmgate bus watch --id reviewer --key reviewer.key.json',
  );
  for (const add of [addBusSend, addBusReceive, addBusWatch]) add(bus);
  const audit = group(
    'audit',
    'export the audit log, and check that nothing of it was changed',
    'swarmgate audit export --key operator.key.json > audit.jsonl',
    'swarmgate audit verify audit.jsonl --max-age 1h',
  );
  for (const add of [addAuditExport, addAuditVerify]) add(audit);
  for (const add of [addInit, addDev, addEnroll, addRevoke, addProof]) add(program);
  for (const add of [addGate, addBridge, addDoctor, addCompletion]) add(program);
  return program;
}

function printVersion(): never {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  process.stdout.write(`${version}\n`);
  process.exit(0);
}
