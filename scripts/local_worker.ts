// What wrangler.toml says of a Worker, for a runtime on this machine

import { join } from 'node:path';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { root } from './tools.ts';

type WorkerOptions = ReturnType<typeof unstable_getMiniflareWorkerOptions>['workerOptions'];

/** The dashboard's files as a folder that a Worker reads, as plain workerd has them too. */
export const dashboardFiles = (folder: string) => ({
  ASSETS: { disk: { path: folder, writable: false } },
});

/**
 * Reads a configuration. The dashboard's files come straight from their folder: the platform's asset
 * router would stand before the Worker, and resolve the dots of a path before the Worker sees it.
 */
export function localWorkerOptions(config = 'wrangler.toml'): WorkerOptions {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, config));
  const { assets, ...rest } = workerOptions;
  return assets === undefined
    ? rest
    : { ...rest, serviceBindings: dashboardFiles(join(root, 'dist/dashboard')) };
}
