// Options that several commands share: choices, readers of values, and the look of examples

import { InvalidArgumentError, type Command } from 'commander';
import {
  isAgentId,
  isScope,
  type SigningAlgorithm,
  type VerificationAlgorithm,
} from '../../src/index.ts';
import { usage } from '../output/failure.ts';

/** The algorithms that keys are made for. */
export const signingAlgorithms: readonly SigningAlgorithm[] = [
  'ES256',
  'ES384',
  'RS256',
  'PS256',
  'Ed25519',
];

/** The algorithms that a token's header may name. */
const verificationAlgorithms: readonly VerificationAlgorithm[] = [...signingAlgorithms, 'EdDSA'];

/** Seconds in the units that a duration may be written in. */
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Reads a duration: `900`, `900s`, `15m`, `1h`. */
export function readDuration(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 1);
  if (digits === '' || seconds < 1 || seconds > 3600) {
    throw new InvalidArgumentError('It must be from 1 second to 1 hour, such as 900, 15m or 1h.');
  }
  return seconds;
}

/** Reads the duration of an enrolment: 1 minute to 24 hours. */
export function readLongDuration(text: string): number {
  const [, digits = '', unit = 's'] = /^(\d{1,6})([smh])?$/.exec(text) ?? [];
  const seconds = Number(digits) * (units[unit] ?? 1);
  if (digits !== '' && seconds >= 60 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('It must be from 1 minute to 24 hours, such as 900, 15m or 24h.');
}

/** Adds the words of a repeatable option; one value may hold several, separated by spaces. */
export function addWords(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...text.split(/\s+/).filter((word) => word !== '')];
}

/** Adds one value of a repeatable option. */
export function addValue(text: string, before: readonly string[] | undefined): string[] {
  if (text === '' || text === '*') throw new InvalidArgumentError('It must be one exact name.');
  return [...(before ?? []), text];
}

/** Reads algorithm names, separated by commas. */
export function readAlgorithms(text: string): VerificationAlgorithm[] {
  return text.split(',').map((name) => {
    const found = verificationAlgorithms.find((algorithm) => algorithm === name.trim());
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Allowed are ${verificationAlgorithms.join(', ')}.`);
  });
}

/** Reads an agent id. */
export function readAgentId(text: string): string {
  if (isAgentId(text)) return text;
  throw new InvalidArgumentError(
    'It must be 1 to 128 of A-Z a-z 0-9 . _ : @ / - and begin and end with a letter or digit.',
  );
}

/** Adds an agent id of a repeatable option. */
export function addAgentIds(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), ...text.split(/\s+/).map(readAgentId)];
}

/** Refuses what is not a scope, before anything is asked or signed. */
export function checkScopes(scopes: readonly string[]): void {
  const malformed = scopes.find((scope): boolean => !isScope(scope));
  if (malformed === undefined) return;
  throw usage(
    `"${malformed}" is not a scope: write resource:action or resource:action:pattern, such as bus:publish:news-*`,
  );
}

/** Adds how much of a list is wanted. */
export function addLimit(command: Command): Command {
  return command.option('--limit <n>', 'at most so many, up to 10000', readLimit, 100);
}

function readLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= 10_000) return limit;
  throw new InvalidArgumentError('It must be from 1 to 10000.');
}

/** The examples below a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`).join('\n')}`;
}
