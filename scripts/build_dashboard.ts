// Builds the dashboard into the folder that the Worker serves, and the page that verifies on its own

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { root } from './tools.ts';

const output = join(root, 'dist/dashboard');

/** What a browser loads before it can show the first view, all together, in bytes of gzip. */
const firstViewLimit = 80 * 1024;

/** Builds both pages. */
export async function buildDashboard(): Promise<void> {
  const page = (await build({
    configFile: join(root, 'dashboard/vite.config.ts'),
    logLevel: 'warn',
  })) as Rolldown.RolldownOutput;
  const weight = firstView(page).reduce((sum, text) => sum + gzipSync(text).length, 0);
  console.log(`The dashboard's first view: ${weight} of ${firstViewLimit} bytes`);
  if (weight > firstViewLimit) throw new Error('The first view of the dashboard is too large');
  writeFileSync(join(output, 'verify.html'), await standalonePage());
}

/** The page, its pictures and styles, and every script that its entry imports at once. */
function firstView({ output: files }: Rolldown.RolldownOutput): readonly (string | Uint8Array)[] {
  const wanted = new Set(files.filter((file) => file.type === 'chunk' && file.isEntry));
  for (const file of wanted) {
    const imported = file.type === 'chunk' ? file.imports : [];
    for (const each of files) if (imported.includes(each.fileName)) wanted.add(each);
  }
  const scripts = [...wanted].flatMap((file) => (file.type === 'chunk' ? [file.code] : []));
  const others = files.flatMap((file) => (file.type === 'asset' ? [file.source] : []));
  return [...scripts, ...others, readFileSync(join(output, 'icon.svg'))];
}

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** One file that needs nothing else: it runs from a disk, and its policy lets it reach nothing. */
async function standalonePage(): Promise<string> {
  const built = (await build({
    configFile: false,
    root: join(root, 'dashboard/standalone'),
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2023',
      modulePreload: { polyfill: false },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })) as Rolldown.RolldownOutput;
  const style = textOf(built, '.css');
  // In a page, nothing in a script may look like its end
  const script = textOf(built, '.js').replaceAll('</', String.raw`<\/`);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    `<meta http-equiv="content-security-policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>SwarmGate: verify tokens</title>',
    `<style>${style}</style>`,
    '<div id="app"></div>',
    '<noscript>Tokens are verified in your browser, which needs JavaScript for it.</noscript>',
    `<script type="module">${script}</script>`,
    '</html>',
    '',
  ].join('\n');
}

function textOf({ output: files }: Rolldown.RolldownOutput, ending: string): string {
  const found = files.filter(({ fileName }) => fileName.endsWith(ending));
  const [file] = found;
  if (file === undefined || found.length > 1) throw new Error(`${found.length} files ${ending}`);
  return file.type === 'chunk' ? file.code : String(file.source);
}
