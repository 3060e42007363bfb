// Builds `swarmgate/gateway`: the Worker's parts as one module beside the library, which it shares

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from './tools.ts';

const entry = 'worker/package_entry.ts';
const library = /^(?:\.\.\/)+src\/(.*)\.ts$/;

// One copy of the library for whoever uses both: its brands and errors are then the same
const besideLibrary: Plugin = {
  name: 'beside-library',
  setup({ onResolve }) {
    onResolve({ filter: library }, ({ path }) => ({
      path: path.replace(library, '../src/$1.js'),
      external: true,
    }));
  },
};

/** Writes the module, its source map and its declarations. */
export async function buildGateway(): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: 'dist/gateway/index.js',
    bundle: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'jose'],
    plugins: [besideLibrary],
    sourcemap: true,
    legalComments: 'inline',
    logLevel: 'warning',
  });
  writeFileSync('dist/gateway/index.d.ts', declarations());
}

interface OlderCompiler {
  transpileDeclaration(
    text: string,
    options: { readonly compilerOptions: object },
  ): { readonly outputText: string; readonly diagnostics?: readonly unknown[] };
}

/** The entry names every type itself, so that its text alone is enough; version 7 has no call for it. */
function declarations(): string {
  const require = createRequire(join(root, 'tools/typescript5/package.json'));
  const { transpileDeclaration } = require('typescript') as OlderCompiler;
  const compilerOptions = { isolatedDeclarations: true, declaration: true, strict: true };
  const text = readFileSync(entry, 'utf8');
  const { outputText, diagnostics = [] } = transpileDeclaration(text, { compilerOptions });
  if (diagnostics.length > 0) throw new Error(`${entry} must name the type of all that it exports`);
  return outputText.replaceAll(/(from '\.\.\/src\/[^']*)\.ts'/g, "$1.js'");
}
