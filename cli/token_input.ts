// Where a command gets the token from: a file, the environment or standard input; never an argument

import { TokenError } from '../src/index.ts';
import { usage } from './failure.ts';
import { openNamed, readHandle, readStandardInput, type Capped } from './read_capped.ts';

/** A token, and where it came from. */
export interface TokenInput {
  readonly token: string;
  readonly source: string;
}

// Longer than every token that any verifier here accepts, with room for a line ending
const maxBytes = 8192;

/** Why a token does not belong in an argument, and where it does belong. */
export const argumentRefusal: string = [
  'A token is not taken from an argument: every user of this machine can read it there, and it stays in the shell history',
  'Pipe it in, name a file with --token-file, or set SWARMGATE_TOKEN',
].join('\n');

const compact = /(?:^|=)[\w-]{8,}\.[\w-]*\.[\w-]*(?:\.[\w-]*\.[\w-]*)?$/;

/** Tells whether an argument looks like a token, alone or behind `--option=`. */
export function looksLikeToken(argument: string): boolean {
  return compact.test(argument) && /(?:^|=)eyJ/.test(argument);
}

/**
 * Reads the token: `--token-file` (`-` is standard input) before SWARMGATE_TOKEN before standard
 * input. One final line ending is not part of the token; anything else is.
 */
export async function readToken(tokenFile: string | undefined): Promise<TokenInput> {
  if (tokenFile !== undefined && tokenFile !== '-') {
    const handle = await openNamed('--token-file', tokenFile);
    try {
      const capped = await readHandle(handle, tokenFile, maxBytes);
      return { token: tokenOf(capped), source: tokenFile };
    } finally {
      await handle.close();
    }
  }
  const { SWARMGATE_TOKEN: token = '' } = process.env;
  if (tokenFile === undefined && token !== '') return { token, source: 'SWARMGATE_TOKEN' };
  if (process.stdin.isTTY) {
    throw usage('No token: pipe it in, name a file with --token-file, or set SWARMGATE_TOKEN');
  }
  return { token: tokenOf(await readStandardInput(maxBytes)), source: 'standard input' };
}

function tokenOf(capped: Capped): string {
  if ('tooLarge' in capped) throw new TokenError('token_too_large');
  const token = capped.text.replace(/\r?\n$/, '');
  if (token === '') throw new TokenError('token_missing');
  return token;
}
