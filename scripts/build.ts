// Builds what is published: the library as ES modules with declarations, and the command as one file

import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { root, toolPath } from './tools.ts';

process.chdir(root);
rmSync('dist', { recursive: true, force: true });
emitLibrary();
await bundleCommand();

function emitLibrary(): void {
  const tsc = toolPath('typescript', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
}

async function bundleCommand(): Promise<void> {
  const outfile = 'dist/cli/main.js';
  await build({
    entryPoints: ['cli/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    legalComments: 'inline',
    banner: { js: banner() },
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
}

// commander is CommonJS inside: in an ES module its require() of node: modules needs one to call
function banner(): string {
  const own = readFileSync('cli/main.ts', 'utf8').startsWith('#!') ? [] : ['#!/usr/bin/env node'];
  const shim = "import { createRequire } from 'node:module';";
  return [...own, shim, 'const require = createRequire(import.meta.url);'].join('\n');
}
