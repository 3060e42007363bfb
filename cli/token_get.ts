// `swarmgate token get`: an agent's token from its authority, alone on standard output

import type { Command } from 'commander';
import { createTokenSource, type AccessToken, type SigningKey } from '../src/index.ts';
import {
  addGateway,
  addIssuer,
  authorityAt,
  gatewayUrl,
  namedKey,
  type ConnectionOptions,
} from './connection.ts';
import { usage } from './output/failure.ts';
import { addWords, checkScopes, examples, readAgentId } from './input/options.ts';
import { printResult } from './output/output.ts';

interface GetOptions extends ConnectionOptions {
  readonly id: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly resource?: string;
  readonly bearer?: true;
}

/** Adds the command. */
export function addTokenGet(parent: Command): void {
  const command = parent
    .command('get')
    .description('get a token from the authority, and print it alone')
    .requiredOption('--id <agent id>', 'the agent that the token is for', readAgentId)
    .option('--key <file>', 'its private key (default: SWARMGATE_KEY)')
    .option('--scope <scope...>', 'what it is to allow (default: all that the agent may)', addWords)
    .option('--audience <name>', "the name of the service that it is for (default: the gateway's)")
    .option('--resource <url>', 'the address of the service that it is for')
    .option('--bearer', 'a token that needs no proof: whoever has it can use it');
  addIssuer(addGateway(command))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The token is bound to the key: each request with it needs a proof (swarmgate proof).',
        examples(
          'swarmgate token get --id planner --key planner.key.json > planner.token',
          'TOKEN=$(swarmgate token get --id planner --key planner.key.json --scope bus:receive --bearer)',
        ),
      ].join('\n'),
    )
    .action(get);
}

async function get(options: GetOptions): Promise<void> {
  const { scope, audience, resource } = options;
  if (scope !== undefined) checkScopes(scope);
  for (const [name, value] of Object.entries({ audience, resource })) {
    if (value === '') throw usage(`--${name} must not be empty`);
  }
  const url = gatewayUrl(options);
  const access = await ask(options, url, await namedKey(options));
  const { token, scheme, expiresAt } = access;
  const result = { token, token_type: scheme, expires_at: expiresAt, scope: access.scope ?? [] };
  printResult(options.json, result, () => token);
}

async function ask(options: GetOptions, url: string, key: SigningKey): Promise<AccessToken> {
  const { id, issuer, scope, audience, resource, bearer } = options;
  try {
    return await createTokenSource({
      ...authorityAt(url, issuer),
      clientId: id,
      key,
      dpop: bearer !== true,
      ...(scope === undefined ? {} : { scope }),
      ...(audience === undefined ? {} : { audience }),
      ...(resource === undefined ? {} : { resource }),
    }).token();
  } catch (error) {
    if (error instanceof TypeError) throw usage(`The token cannot be asked for: ${error.message}`);
    throw error;
  }
}
