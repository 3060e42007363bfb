// Reports ratios to who runs several benches: a line of JSON for each row, in the file that BENCH_RESULTS names.

import { appendFileSync } from 'node:fs';

/** A row of a bench's table. */
export interface Row {
  /** The title of the table. */
  readonly title: string;
  readonly what: string;
  /** To the first row of the table. */
  readonly ratio: number;
  /** Of a time, or of a rate. */
  readonly of: 'time' | 'rate';
  readonly spread: string;
}

/** Reports a row, where somebody collects them. */
export function report(row: Row): void {
  const file = process.env['BENCH_RESULTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
