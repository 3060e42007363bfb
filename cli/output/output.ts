// What a command prints: its result on standard output, notes on standard error, colour on terminals only

import type { WriteStream } from 'node:tty';
import { printable, printableJson } from './text.ts';

const styles = { good: 32, bad: 31, warn: 33, dim: 2, bold: 1 } as const;

/** The meanings that colours have here. */
export type Style = keyof typeof styles;

type Stream = Pick<WriteStream, 'isTTY' | 'write'>;

/** Colours a text when the stream is a terminal and NO_COLOR (no-color.org) is not set. */
export function paint(style: Style, text: string, stream: Stream = process.stdout): string {
  const { NO_COLOR: refused = '', TERM: terminal } = process.env;
  if (!stream.isTTY || refused !== '' || terminal === 'dumb') return text;
  return `\u001B[${styles[style]}m${text}\u001B[0m`;
}

/** Prints a result: the object with `--json`, else the text made for people. */
export function printResult(json: boolean | undefined, result: object, text: () => string): void {
  process.stdout.write(`${json === true ? printableJson(result, 2) : text()}\n`);
}

/** Prints a note that is not part of the result. */
export function printNote(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}
