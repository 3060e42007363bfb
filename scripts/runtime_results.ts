// What the last full run found in each runtime, kept for the page that is made of it

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Introduction } from '../test/runtimes/main.ts';
import { root } from './tools.ts';

/** One runtime of a run. */
export interface RuntimeResult {
  readonly introduction: Introduction;
  /** As its driver tells it, else as it tells itself. */
  readonly version: string | undefined;
  /** Cases that passed, by what was run. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What is kept of it. */
export interface KeptResult {
  readonly can: readonly string[];
  readonly version: string | undefined;
  readonly counts: Readonly<Record<string, number>>;
}

/** Where a run is kept; git ignores it. */
export const resultsFile: string = join(root, '.wrangler', 'runtimes.json');

/** Keeps a run. */
export function saveRun(results: ReadonlyMap<string, RuntimeResult>): void {
  const kept = [...results].map(([id, { introduction, version, counts }]) => {
    return [id, { can: introduction.can, version, counts } satisfies KeptResult];
  });
  writeFileSync(resultsFile, JSON.stringify(Object.fromEntries(kept), undefined, 2));
}
