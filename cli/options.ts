// Options that several commands share: choices, readers of values, and the look of examples

import { InvalidArgumentError } from 'commander';
import type { SigningAlgorithm, VerificationAlgorithm } from '../src/index.ts';

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

/** The examples below a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`).join('\n')}`;
}
