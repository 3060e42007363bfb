// Where a command gets the token from

import { TokenError } from '../../src/index.ts';
import { readSecret, refusalOf, type SecretPlaces } from './secret_input.ts';

/** A token, and where it came from. */
export interface TokenInput {
  readonly token: string;
  readonly source: string;
}

const places: SecretPlaces = {
  what: 'token',
  option: '--token-file',
  variable: 'SWARMGATE_TOKEN',
  // Longer than every token that any verifier here accepts, with room for a line ending
  maxBytes: 8192,
};

/** Why a token does not belong in an argument, and where it does belong. */
export const argumentRefusal: string = refusalOf(places);

const compact = /(?:^|=)[\w-]{8,}\.[\w-]*\.[\w-]*(?:\.[\w-]*\.[\w-]*)?$/;

/** Tells whether an argument looks like a token, alone or behind `--option=`. */
export function looksLikeToken(argument: string): boolean {
  return compact.test(argument) && /(?:^|=)eyJ/.test(argument);
}

/** Reads the token. */
export async function readToken(tokenFile: string | undefined): Promise<TokenInput> {
  const { secret, source } = await readSecret(tokenFile, places);
  if ('tooLarge' in secret) throw new TokenError('token_too_large');
  if (secret.text === '') throw new TokenError('token_missing');
  return { token: secret.text, source };
}
