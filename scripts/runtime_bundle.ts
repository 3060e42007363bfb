// The contract as modules that any runtime loads, in a folder of its own that goes with the run

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, stop, type BuildOptions } from 'esbuild';
import { root } from './tools.ts';

/** Where the modules are. */
export interface RuntimeBundle {
  readonly folder: string;
  /** Exports `main`. */
  readonly module: string;
  /** The same for where there are no modules: sets the global `contract`. */
  readonly script: string;
  readonly remove: () => void;
}

/** Bundles the contract twice, as a module and as a script. */
export async function bundleContract(): Promise<RuntimeBundle> {
  const parent = join(root, '.wrangler');
  mkdirSync(parent, { recursive: true });
  // Inside the repository: a module there finds its packages
  const folder = mkdtempSync(join(parent, 'runtimes-'));
  const module = join(folder, 'contract.mjs');
  const script = join(folder, 'contract.js');
  const shared = {
    entryPoints: [join(root, 'test/runtimes/main.ts')],
    bundle: true,
    target: 'es2023',
    charset: 'utf8',
    logLevel: 'error',
  } satisfies BuildOptions;
  await build({ ...shared, format: 'esm', outfile: module });
  await build({ ...shared, format: 'iife', globalName: 'contract', outfile: script });
  await stop();
  writeFileSync(
    join(folder, 'page.html'),
    '<!doctype html><meta charset="utf-8"><title>Contract</title>',
  );
  return { folder, module, script, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
