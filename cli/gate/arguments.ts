// Reads the command line of `swarmgate gate` by its table of options, without loading a parser for all commands

import { parseArgs } from 'node:util';
import { usage } from '../output/failure.ts';
import { gateOptions } from './options.ts';
import type { GivenOptions } from './settings.ts';

/** What was given: options, and the command behind `--`. */
export interface GateArguments {
  readonly options: GivenOptions;
  /** `undefined`: there was no `--`. */
  readonly command: readonly string[] | undefined;
}

const token = /(?:^|=)eyJ[\w-]{5,}\.[\w-]*\.[\w-]*/;

/** Reads the arguments after `gate`. */
export function readGateArguments(argv: readonly string[]): GateArguments {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  if (own.some((argument) => token.test(argument))) {
    throw usage(
      'A token is not taken from an argument: every user of this machine can read it there\nPipe it in, name a file with --token-file, or set SWARMGATE_TOKEN',
    );
  }
  const command = end < 0 ? undefined : argv.slice(end + 1);
  if (command !== undefined && (command[0] ?? '') === '') {
    throw usage('There is no command behind "--"');
  }
  return { options: parse(own), command };
}

function parse(args: readonly string[]): GivenOptions {
  const options = Object.fromEntries(
    gateOptions.map(({ name, value, many }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: many === true } as const,
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    for (const [name, value] of Object.entries(values)) {
      const isEmpty = value === '' || (Array.isArray(value) && value.includes(''));
      // An empty variable in a script must not turn a check off
      if (isEmpty) throw usage(`--${name} must not be empty`);
    }
    return values as GivenOptions;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usage(`${faultOf(error.message)}\nSee --help`);
  }
}

/** Node's own words, without what it advises, and without values that may be secrets. */
function faultOf(message: string): string {
  const [, option] = /^Option '(?:-\w, )?(--[\w-]+)/.exec(message) ?? [];
  if (option !== undefined) {
    return message.includes('does not take')
      ? `${option} takes no value`
      : `${option} needs a value`;
  }
  const [fault = ''] = message.split('. ');
  return fault.replace(/'[^']{48,}'/g, "'…'");
}
