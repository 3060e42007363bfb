// Where a command gets an enrolment code from

import { CommandFailure, exitCodes, usage } from '../output/failure.ts';
import { readSecret, refusalOf, type SecretPlaces } from './secret_input.ts';

const places: SecretPlaces = {
  what: 'code',
  option: '--code-file',
  variable: 'SWARMGATE_CODE',
  maxBytes: 256,
};

/** Why a code does not belong in an argument, and where it does belong. */
export const codeRefusal: string = refusalOf(places);

const form = /^[\w-]{16}\.[\w-]{43}$/;

/** Tells whether an argument looks like a code, alone or behind `--option=`. */
export function looksLikeCode(argument: string): boolean {
  return form.test(argument.slice(argument.lastIndexOf('=') + 1));
}

/** Reads the code. What cannot be one is not sent anywhere: it may be another secret. */
export async function readCode(codeFile: string | undefined): Promise<string> {
  const { secret, source } = await readSecret(codeFile, places);
  if ('text' in secret && secret.text === '') throw usage(`There is no code in ${source}`);
  if ('text' in secret && form.test(secret.text)) return secret.text;
  throw new CommandFailure(
    'enrollment_refused',
    exitCodes.refused,
    `What is in ${source} is not an enrolment code`,
  );
}
