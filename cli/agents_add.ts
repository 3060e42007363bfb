// `swarmgate agents add`: registers an agent, with its public key or to be enrolled by a code

import { Option, type Command } from 'commander';
import { agentText } from './output/agent_text.ts';
import { addOperator, connect, type ConnectionOptions } from './connection.ts';
import { environment } from './output/failure.ts';
import { parseKeyText } from './output/key_text.ts';
import { addAgentIds, examples, readAgentId } from './input/options.ts';
import { printResult } from './output/output.ts';
import { addPolicy, policyMembers, type PolicyOptions } from './input/policy_options.ts';
import { openNamed, readHandle } from './input/read_capped.ts';

interface AddOptions extends ConnectionOptions, PolicyOptions {
  readonly jwk?: string;
  readonly dlgMax?: string;
  readonly mayActFor?: readonly string[];
}

const maxKeyBytes = 16_384;

/** Adds the command. */
export function addAgentsAdd(parent: Command): void {
  const command = parent
    .command('add')
    .description('register an agent')
    .argument('<id>', 'the agent', readAgentId);
  addPolicy(command)
    .option('--jwk <file>', 'its public key: a JWK; without it, an enrolment code brings one')
    .addOption(
      new Option('--dlg-max <n>', 'how often its tokens may be delegated in a row').choices([
        '1',
        '2',
        '3',
      ]),
    )
    .option('--may-act-for <agent id...>', 'agents whose tokens it may exchange', addAgentIds);
  addOperator(command)
    .addHelpText(
      'after',
      examples(
        'swarmgate agents add planner --tier fast --scope bus:publish bus:receive \\\n  --jwk planner.pub.json --key operator.key.json',
        'swarmgate agents add bridge --tier power --scope bus:publish bus:receive bus:represent \\\n  --dpop required --may-act-for planner coder --jwk bridge.pub.json --key operator.key.json',
      ),
    )
    .action(add);
}

async function add(id: string, options: AddOptions): Promise<void> {
  const policy = policyMembers(options);
  const jwk = options.jwk === undefined ? undefined : await readPublicJwk(options.jwk);
  const { call } = await connect(options);
  const agent = await call('POST', '/admin/agents', {
    id,
    ...policy,
    ...(jwk === undefined ? {} : { jwk }),
    ...(options.mayActFor === undefined ? {} : { may_act_for: options.mayActFor }),
    ...(options.dlgMax === undefined ? {} : { dlg_max: Number(options.dlgMax) }),
  });
  printResult(options.json, agent, () => agentText(agent, Date.now() / 1000));
}

/** Reads a public JWK. A private key is noticed here, before it leaves the machine. */
async function readPublicJwk(path: string): Promise<object> {
  const handle = await openNamed('--jwk', path);
  try {
    const capped = await readHandle(handle, path, maxKeyBytes);
    if ('tooLarge' in capped) throw environment(`"${path}" is too large to be a key`);
    const key = parseKeyText(capped.text, path);
    if (typeof key === 'string') throw environment(`"${path}" is no JWK: --jwk takes no PEM`);
    if (['d', 'k'].some((name) => Object.hasOwn(key, name))) {
      throw environment(`"${path}" holds a private key: --jwk takes the public one`);
    }
    return key;
  } finally {
    await handle.close();
  }
}
