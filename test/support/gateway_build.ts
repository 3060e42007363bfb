// Builds the Worker once for all tests of a run: loading wrangler and bundling take a second each time

import { build, stop } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { localWorkerOptions } from '../../scripts/local_worker.ts';

/** The Worker as one module, and what wrangler.toml says of it, as Miniflare wants it. */
export interface BuiltGateway {
  readonly script: string;
  readonly options: ReturnType<typeof localWorkerOptions>;
}

declare module 'vitest' {
  interface ProvidedContext {
    gateway: BuiltGateway;
  }
}

const root = new URL('../../', import.meta.url).pathname;

/** Bundles an entry of the Worker, or of another one. */
export async function bundleEntry(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [root + entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  await stop();
  return outputFiles[0]?.text ?? '';
}

/** Vitest calls it before the first test of the project. */
export async function setup({ provide }: TestProject): Promise<void> {
  const script = await bundleEntry('worker/index.ts');
  provide('gateway', { script, options: localWorkerOptions() });
}
