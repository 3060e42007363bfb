// `swarmgate revoke token`: ends one token, by an operator or by the agent whose token it is

import type { Command } from 'commander';
import { createClientAssertion, decodeUnverified } from '../src/index.ts';
import { readAnswer } from './output/answer.ts';
import { addOperator, connect, type Connection, type ConnectionOptions } from './connection.ts';
import { usage } from './output/failure.ts';
import { examples } from './input/options.ts';
import { printNote, printResult } from './output/output.ts';
import { argumentRefusal, readToken } from './input/token_input.ts';

interface RevokeTokenOptions extends ConnectionOptions {
  readonly tokenFile?: string;
  readonly session?: true;
}

/** Adds the command. */
export function addRevokeToken(parent: Command): void {
  const command = parent
    .command('token')
    .description('end a token; an agent ends its own, an operator any (RFC 7009)')
    .argument('[token...]', 'refused: a token is not taken from an argument')
    .option('--token-file <file>', 'read the token from a file; "-" is standard input')
    .option('--session', 'end the whole session that the token belongs to');
  addOperator(command)
    .addHelpText(
      'after',
      [
        '',
        'The token comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'The answer is the same for what is no token, or not yours: it tells nothing of it.',
        examples(
          'swarmgate revoke token --key operator.key.json < leaked.token',
          'swarmgate revoke token --id planner --key planner.key.json --session < planner.token',
        ),
      ].join('\n'),
    )
    .action(revoke);
}

async function revoke(words: readonly string[], options: RevokeTokenOptions): Promise<void> {
  if (words.length > 0) throw usage(argumentRefusal);
  const { token } = await readToken(options.tokenFile);
  const form = new URLSearchParams({
    token,
    ...(options.session === true ? { revoke_session: 'true' } : {}),
  });
  const connection = await connect(options);
  if (isOwn(token, connection.id)) await revokeOwn(form, connection, options.issuer);
  else await connection.call('POST', '/revoke', form);
  if (options.json === true) printResult(true, { asked: true }, String);
  else printNote('The authority ends the token, if it is one and you may');
}

/** Whether the token says that it is for whoever asks; the authority then checks it. */
function isOwn(token: string, id: string): boolean {
  const { claims } = decodeUnverified(token);
  return claims['sub'] === id || claims['client_id'] === id;
}

/** As the client itself (RFC 7009 section 2.1): an agent without scopes may end its own token too. */
async function revokeOwn(
  form: URLSearchParams,
  { url, id, key }: Connection,
  issuer = url,
): Promise<void> {
  form.set('client_id', id);
  form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  form.set('client_assertion', await createClientAssertion({ key, clientId: id, issuer }));
  await readAnswer(
    fetch(`${url}/revoke`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    }),
  );
}
