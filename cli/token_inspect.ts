// `swarmgate token inspect`: what a token says, decoded and explained, without believing it

import type { Command } from 'commander';
import { decodeUnverified } from '../src/index.ts';
import {
  chainLine,
  decodeHops,
  delegationOption,
  readDelegation,
} from './input/delegation_input.ts';
import { usage } from './output/failure.ts';
import { examples } from './input/options.ts';
import { paint, printResult } from './output/output.ts';
import { isoTime, printable, printableJson, relative, rows } from './output/text.ts';
import { explain, isTime, remarks, withoutTokens } from './output/token_words.ts';
import { argumentRefusal, readToken } from './input/token_input.ts';

interface InspectOptions {
  readonly tokenFile?: string;
  readonly delegationFile?: string;
  readonly json?: true;
}

const warning = 'UNVERIFIED';
const notice =
  'anyone can write these words; "swarmgate token verify" tells whether the token counts';

/** Adds the command. */
export function addTokenInspect(parent: Command): void {
  parent
    .command('inspect')
    .description('decode and explain a token without verifying it')
    .argument('[token...]', 'refused: a token is not taken from an argument')
    .option('--token-file <file>', 'read the token from a file; "-" is standard input')
    .option(...delegationOption)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      [
        '',
        'The token comes from --token-file, else SWARMGATE_TOKEN, else standard input.',
        'Neither its signature nor the token as a whole is printed.',
        examples(
          'swarmgate token inspect < token.txt',
          'swarmgate token inspect --token-file token.txt --json',
          'swarmgate token inspect --token-file token.txt --delegation-file hops.txt',
        ),
      ].join('\n'),
    )
    .action(inspect);
}

async function inspect(words: readonly string[], options: InspectOptions): Promise<void> {
  if (words.length > 0) throw usage(argumentRefusal);
  const { token } = await readToken(options.tokenFile);
  const decoded = decodeUnverified(token);
  const header = withoutTokens(decoded.header);
  const claims = withoutTokens(decoded.claims);
  const hops = decodeHops(await readDelegation(options.delegationFile));
  const chain = chainLine(claims, hops);
  const now = Date.now() / 1000;
  const notes = remarks(header, claims, now);
  const delegation = hops.length === 0 ? {} : { delegation: hops };
  const result = { verified: false, header, claims, ...delegation, remarks: notes };
  printResult(options.json, result, () =>
    [
      `${paint('warn', warning)}: ${notice}`,
      '',
      paint('bold', 'header'),
      table(header, now),
      '',
      paint('bold', 'claims'),
      table(claims, now),
      ...hops.flatMap((hop, at) => [
        '',
        paint('bold', `hop ${at + 1}`),
        table({ ...hop.header, ...hop.claims }, now),
      ]),
      ...(chain === undefined ? [] : ['', paint('bold', 'chain'), `  ${chain}`]),
      ...(notes.length === 0
        ? []
        : ['', paint('bold', 'remarks'), ...notes.map((note) => `  ${note}`)]),
    ].join('\n'),
  );
}

function table(members: Readonly<Record<string, unknown>>, now: number): string {
  const entries = Object.entries(members).map(
    ([name, value]) => [`  ${printable(name)}`, line(name, value, now)] as const,
  );
  return entries.length === 0 ? '  none' : rows(entries);
}

function line(name: string, value: unknown, now: number): string {
  const shown = typeof value === 'string' ? printable(value) : printableJson(value);
  const words = explain(name);
  const time = isTime(name, value)
    ? `${isoTime(value) ?? 'no such date'}, ${relative(value, now)}`
    : undefined;
  const note = [words, time].filter((text) => text !== undefined).join(': ');
  return note === '' ? shown : `${shown}  ${paint('dim', `(${note})`)}`;
}
