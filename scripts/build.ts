// Builds what is published: the library as ES modules with declarations, and the command as one file

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { build, type Plugin } from 'esbuild';
import { buildDashboard } from './build_dashboard.ts';
import { buildDevGateway } from './build_dev.ts';
import { buildGateway } from './build_gateway.ts';
import { root, toolPath } from './tools.ts';

/** One file for each way in: the gate's path must not load what all other commands need. */
const entries = {
  main: 'dist/cli/main.js',
  gate_entry: 'dist/cli/gate_entry.js',
  program: 'dist/cli/program.js',
} as const;

/** The other entries stay files of their own, beside the first. */
const besideMain: Plugin = {
  name: 'beside-main',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(?:gate_entry|program)\.ts$/ }, ({ path }) => ({
      path: path.replace(/ts$/, 'js'),
      external: true,
    }));
  },
};

// commander is CommonJS inside: in an ES module its require() of node: modules needs one to call
const commonJs = [
  "import { createRequire } from 'node:module';",
  'const require = createRequire(import.meta.url);',
].join('\n');

process.chdir(root);
rmSync('dist', { recursive: true, force: true });
emitLibrary();
await bundleCommand();
await buildGateway();
await buildDashboard();
await buildDevGateway();

function emitLibrary(): void {
  const tsc = toolPath('typescript', 'tsc');
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  } catch {
    process.exit(1);
  }
}

async function bundleCommand(): Promise<void> {
  for (const [name, outfile] of Object.entries(entries)) {
    await build({
      entryPoints: [`cli/${name}.ts`],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      legalComments: 'inline',
      external: ['miniflare'],
      ...(name === 'program' ? { banner: { js: commonJs } } : {}),
      plugins: name === 'main' ? [besideMain] : [],
      logLevel: 'warning',
    });
  }
  copyFileSync('cli/gate.sh', 'dist/cli/gate.sh');
  chmodSync(entries.main, 0o755);
}
