// Builds the dashboard into the folder that the Worker serves

import { join } from 'node:path';
import { build } from 'vite';
import { root } from './tools.ts';

/** Builds the page. */
export async function buildDashboard(): Promise<void> {
  await build({ configFile: join(root, 'dashboard/vite.config.ts'), logLevel: 'warn' });
}
