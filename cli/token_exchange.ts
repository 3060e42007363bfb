// `swarmgate token exchange`: another's token for a narrower one of one's own (RFC 8693), alone on standard output

import type { Command } from 'commander';
import type { Members } from './output/answer.ts';
import {
  addGateway,
  addIssuer,
  gatewayUrl,
  namedKey,
  type ConnectionOptions,
} from './connection.ts';
import { delegationOption, readDelegation } from './input/delegation_input.ts';
import { usage } from './output/failure.ts';
import { addWords, checkScopes, examples, readAgentId } from './input/options.ts';
import { printResult } from './output/output.ts';
import { argumentRefusal, readToken } from './input/token_input.ts';
import { accessTokenType, exchangeGrant, requestToken } from './token_request.ts';

interface ExchangeOptions extends ConnectionOptions {
  readonly id: string;
  readonly tokenFile?: string;
  readonly delegationFile?: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly resource?: string;
  readonly bearer?: true;
}

/** Adds the command. */
export function addTokenExchange(parent: Command): void {
  const command = parent
    .command('exchange')
    .description('exchange a token for a narrower one to act by (RFC 8693), and print it alone')
    .argument('[token...]', 'refused: a token is not taken from an argument')
    .requiredOption('--id <agent id>', 'who acts: the agent that asks', readAgentId)
    .option('--key <file>', 'its private key (default: SWARMGATE_KEY)')
    .option('--token-file <file>', 'read the token to act for from a file; "-" is standard input')
    .option(...delegationOption)
    .option('--scope <scope...>', 'what it is to allow (default: what both may)', addWords)
    .option('--audience <name>', 'the name of the service that it is for')
    .option('--resource <url>', 'the address of the service that it is for')
    .option('--bearer', 'a token that needs no proof, for one that needs none');
  addIssuer(addGateway(command))
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The token to act for comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'One that is bound to a key is exchanged by its own agent, or by the one that its hop names.',
        examples(
          'swarmgate token exchange --id planner --key planner.key.json --scope bus:receive < planner.token',
          'swarmgate token exchange --id scraper --key scraper.key.json --delegation-file hop.txt \\\n  --token-file planner.token > scraper.token',
        ),
      ].join('\n'),
    )
    .action(exchange);
}

async function exchange(words: readonly string[], options: ExchangeOptions): Promise<void> {
  if (words.length > 0) throw usage(argumentRefusal);
  const { scope, audience, resource, json } = options;
  if (scope !== undefined) checkScopes(scope);
  for (const [name, value] of Object.entries({ audience, resource })) {
    if (value === '') throw usage(`--${name} must not be empty`);
  }
  const url = gatewayUrl(options);
  const key = await namedKey(options);
  const { token } = await readToken(options.tokenFile);
  const delegation = await readDelegation(options.delegationFile);
  const form = {
    grant_type: exchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
    ...(scope === undefined ? {} : { scope: scope.join(' ') }),
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
  };
  const { id, issuer = url } = options;
  const bound = options.bearer !== true;
  const answer = await requestToken({ url, issuer, id, key }, form, { bound, delegation });
  const { access_token: exchanged } = answer;
  printResult(json, members(answer, exchanged), () => exchanged);
}

function members({ token_type: type, expires_in: life, scope }: Members, token: string): object {
  const expires = typeof life === 'number' ? Math.floor(Date.now() / 1000) + life : null;
  const scopes = typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : [];
  return { token, token_type: type, expires_at: expires, scope: scopes };
}
