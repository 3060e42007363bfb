// `swarmgate proof`: the DPoP header for one request with a bound token, for curl and other clients

import type { Command } from 'commander';
import { createDpopProof } from '../src/index.ts';
import { namedKey } from './connection.ts';
import { usage } from './output/failure.ts';
import { examples } from './input/options.ts';
import { printResult } from './output/output.ts';
import { argumentRefusal, readToken } from './input/token_input.ts';

interface ProofOptions {
  readonly method: string;
  readonly url: string;
  readonly key?: string;
  readonly nonce?: string;
  readonly tokenFile?: string;
  readonly token: boolean;
  readonly json?: true;
}

/** Adds the command. */
export function addProof(program: Command): void {
  program
    .command('proof')
    .description('make the proof for one request with a bound token (RFC 9449), and print it alone')
    .argument('[token...]', 'refused: a token is not taken from an argument')
    .requiredOption('--method <name>', 'the method of the request, such as GET')
    .requiredOption('--url <url>', 'the address of the request')
    .option('--key <file>', 'the private key that the token is bound to (default: SWARMGATE_KEY)')
    .option('--token-file <file>', 'read the token from a file; "-" is standard input')
    .option('--no-token', 'for a request without a token, as to /token')
    .option('--nonce <text>', "the server's nonce, from its DPoP-Nonce header")
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The token comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'A proof is good once, for a minute.',
        examples(
          'URL=https://gate.example/whoami\ncurl "$URL" -H "Authorization: DPoP $(cat planner.token)" \\\n  -H "DPoP: $(swarmgate proof --method GET --url "$URL" --key planner.key.json < planner.token)"',
        ),
      ].join('\n'),
    )
    .action(prove);
}

async function prove(words: readonly string[], options: ProofOptions): Promise<void> {
  if (words.length > 0) throw usage(argumentRefusal);
  const { method, url, nonce, json } = options;
  // A proof names the method as it is sent, and methods know upper from lower case
  if (!/^[A-Z]{1,20}$/.test(method)) throw usage('--method must be in capitals, such as GET');
  const key = await namedKey(options);
  const token = options.token ? (await readToken(options.tokenFile)).token : undefined;
  const proof = await makeProof({
    key,
    method,
    url,
    ...(token === undefined ? {} : { token }),
    ...(nonce === undefined ? {} : { nonce }),
  });
  printResult(json, { proof }, () => proof);
}

async function makeProof(options: Parameters<typeof createDpopProof>[0]): Promise<string> {
  try {
    return await createDpopProof(options);
  } catch (error) {
    if (error instanceof TypeError) throw usage(`The proof cannot be made: ${error.message}`);
    throw error;
  }
}
