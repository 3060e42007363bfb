// Type-checks every part of the repository with the types that part may use, and no others

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { root, toolPath } from './tools.ts';

/** Each project, and the files without which it has nothing to check. */
const projects = [
  { config: 'tsconfig.json', needs: '*.config.ts' },
  { config: 'src/tsconfig.json', needs: 'src/**/*.ts' },
  { config: 'worker/tsconfig.json', needs: 'worker/**/*.ts' },
  { config: 'cli/tsconfig.json', needs: 'cli/**/*.ts' },
  { config: 'scripts/tsconfig.json', needs: 'scripts/*.ts' },
  { config: 'bench/tsconfig.json', needs: 'bench/*.ts' },
  { config: 'dashboard/tsconfig.json', needs: 'dashboard/**/*.tsx' },
  { config: 'test/tsconfig.json', needs: 'test/**/*.test.ts' },
  { config: 'test/contract/tsconfig.json', needs: 'test/contract/*.ts' },
  { config: 'test/worker/tsconfig.json', needs: 'test/worker/**/*.ts' },
  { config: 'test/types/tsconfig.json', needs: 'test/types/*.ts' },
];

process.chdir(root);
const tsc = toolPath('typescript', 'tsc');
const failed = projects.filter(({ config, needs }) => !checks(config, needs));
if (failed.length > 0) {
  console.error(`Type errors in ${failed.map(({ config }) => config).join(', ')}`);
  process.exit(1);
}

function checks(config: string, needs: string): boolean {
  if (globSync(needs).length === 0) {
    console.log(`${config}: nothing to check`);
    return true;
  }
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  console.log(`${config}: ${status === 0 ? 'ok' : 'failed'}`);
  return status === 0;
}
