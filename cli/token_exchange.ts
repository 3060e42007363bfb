// `swarmgate token exchange`: another's token for a narrower one of one's own (RFC 8693), alone on standard output

import type { Command } from 'commander';
import { createClientAssertion, createDpopProof, type SigningKey } from '../src/index.ts';
import { readAnswer, type Members } from './answer.ts';
import {
  addGateway,
  addIssuer,
  gatewayUrl,
  namedKey,
  type ConnectionOptions,
} from './connection.ts';
import { delegationOption, readDelegation } from './delegation_input.ts';
import { CommandFailure, environment, usage } from './failure.ts';
import { addWords, checkScopes, examples, readAgentId } from './options.ts';
import { printResult } from './output.ts';
import { argumentRefusal, readToken } from './token_input.ts';

interface ExchangeOptions extends ConnectionOptions {
  readonly id: string;
  readonly tokenFile?: string;
  readonly delegationFile?: string;
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly resource?: string;
  readonly bearer?: true;
}

const patience = 30_000;
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

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
    grant_type: grant,
    subject_token: token,
    subject_token_type: accessToken,
    client_id: options.id,
    client_assertion_type: assertionType,
    ...(scope === undefined ? {} : { scope: scope.join(' ') }),
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
  };
  const answer = await askTwice(url, options, key, form, delegation);
  const { access_token: exchanged } = answer;
  if (typeof exchanged !== 'string' || exchanged === '') {
    throw environment('The authority answers with something that is no token');
  }
  printResult(json, members(answer, exchanged), () => exchanged);
}

function members({ token_type: type, expires_in: life, scope }: Members, token: string): object {
  const expires = typeof life === 'number' ? Math.floor(Date.now() / 1000) + life : null;
  const scopes = typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : [];
  return { token, token_type: type, expires_at: expires, scope: scopes };
}

/** A second time with the nonce that the authority wants to see (RFC 9449 section 8). */
async function askTwice(
  url: string,
  options: ExchangeOptions,
  key: SigningKey,
  form: Readonly<Record<string, string>>,
  delegation: string | undefined,
): Promise<Members> {
  let nonce: string | undefined;
  const ask = async (): Promise<Members> => {
    const { id: clientId, issuer = url, bearer } = options;
    const assertion = await createClientAssertion({ key, clientId, issuer });
    const target = `${url}/token`;
    const given = nonce === undefined ? {} : { nonce };
    const proof = { dpop: await createDpopProof({ key, method: 'POST', url: target, ...given }) };
    const sent = fetch(target, {
      method: 'POST',
      headers: {
        ...(bearer === true ? {} : proof),
        ...(delegation === undefined ? {} : { 'agent-delegation': delegation }),
      },
      body: new URLSearchParams({ ...form, client_assertion: assertion }),
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    });
    return readAnswer(
      sent.then((response) => {
        nonce = response.headers.get('dpop-nonce') ?? undefined;
        return response;
      }),
    );
  };
  try {
    return await ask();
  } catch (error) {
    const wantsNonce =
      error instanceof CommandFailure &&
      /^(?:use_dpop_nonce|proof_nonce_required)$/.test(error.code);
    if (!wantsNonce || nonce === undefined) throw error;
    return ask();
  }
}
