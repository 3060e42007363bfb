// Where a command gets a secret from: a file, the environment or standard input; never an argument

import { usage } from '../output/failure.ts';
import { openNamed, readHandle, readStandardInput, type Capped } from './read_capped.ts';

/** Which secret, and the names of the places. */
export interface SecretPlaces {
  /** In words, such as `token`. */
  readonly what: string;
  /** The option that names a file. */
  readonly option: string;
  readonly variable: string;
  readonly maxBytes: number;
}

/** A secret, and where it came from. */
export interface SecretInput {
  /** One final line ending is not part of it; anything else is. */
  readonly secret: Capped;
  readonly source: string;
}

/** Why a secret does not belong in an argument, and where it does belong. */
export function refusalOf({ what, option, variable }: SecretPlaces): string {
  return [
    `A ${what} is not taken from an argument: every user of this machine can read it there, and it stays in the shell history`,
    `Pipe it in, name a file with ${option}, or set ${variable}`,
  ].join('\n');
}

/** Reads it: the file (`-` is standard input) before the variable before standard input. */
export async function readSecret(
  file: string | undefined,
  { what, option, variable, maxBytes }: SecretPlaces,
): Promise<SecretInput> {
  if (file !== undefined && file !== '-') {
    const handle = await openNamed(option, file);
    try {
      return { secret: trimmed(await readHandle(handle, file, maxBytes)), source: file };
    } finally {
      await handle.close();
    }
  }
  const { [variable]: value = '' } = process.env;
  if (file === undefined && value !== '') {
    return { secret: { text: value }, source: variable };
  }
  if (process.stdin.isTTY) {
    throw usage(`No ${what}: pipe it in, name a file with ${option}, or set ${variable}`);
  }
  return { secret: trimmed(await readStandardInput(maxBytes)), source: 'standard input' };
}

function trimmed(capped: Capped): Capped {
  return 'text' in capped ? { text: capped.text.replace(/\r?\n$/, '') } : capped;
}
