// Builds the gateway as the published command runs it: one file, and what miniflare must be told of it

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { localWorkerOptions } from './local_worker.ts';
import { readJson, root } from './tools.ts';

const folder = join(root, 'dist/dev');

/** What of wrangler.toml a gateway on somebody's own machine needs. */
const members = ['compatibilityDate', 'compatibilityFlags', 'durableObjects', 'ratelimits'];

/** Writes `dist/dev/worker.js` and `dist/dev/worker.json`. */
export async function buildDevGateway(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, 'worker/index.ts')],
    absWorkingDir: root,
    outfile: join(folder, 'worker.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    legalComments: 'inline',
    logLevel: 'warning',
  });
  const found: Readonly<Record<string, unknown>> = localWorkerOptions();
  const { devDependencies: versions } = readJson<{
    readonly devDependencies: Readonly<Record<string, string>>;
  }>('package.json');
  const settings = {
    version: versions['miniflare'],
    ...Object.fromEntries(members.map((name) => [name, found[name]])),
  };
  writeFileSync(join(folder, 'worker.json'), JSON.stringify(settings));
}
