// Checks what would be published: publint's rules, and that exactly the expected files are packed

import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { readJson, root } from './tools.ts';

process.chdir(root);
const problems = [...(await lintPackage()), ...compareFiles(expectedFiles(), packedFiles())];
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);

async function lintPackage(): Promise<string[]> {
  const { messages } = await publint({ pkgDir: root, pack: 'npm', strict: true });
  const manifest = readJson<Record<string, unknown>>('package.json');
  return messages.map((message) => formatMessage(message, manifest) ?? message.code);
}

/** Each source file's three outputs, the files of the command, and what npm always takes: nothing else. */
function expectedFiles(): string[] {
  const sources = globSync('src/**/*.ts').map((path) => path.replace(/\.ts$/, ''));
  const library = sources.flatMap((path) =>
    ['js', 'js.map', 'd.ts'].map((ending) => `dist/${path}.${ending}`),
  );
  const command = ['main.js', 'gate_entry.js', 'program.js', 'gate.sh'].map(
    (name) => `dist/cli/${name}`,
  );
  // What `swarmgate dev` runs
  const gateway = ['dist/dev/worker.js', 'dist/dev/worker.json'];
  const mounted = ['js', 'js.map', 'd.ts'].map((ending) => `dist/gateway/index.${ending}`);
  return [...library, ...mounted, ...command, ...gateway, 'LICENSE', 'README.md', 'package.json'];
}

function packedFiles(): string[] {
  const npm = process.env['npm_execpath'];
  const [command, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const output = execFileSync(command, [...args, ...options], { encoding: 'utf8' });
  const [packed] = JSON.parse(output) as { files: { path: string }[] }[];
  return packed?.files.map(({ path }) => path) ?? [];
}

function compareFiles(expected: readonly string[], packed: readonly string[]): string[] {
  console.log(`${packed.length} files packed`);
  return [
    ...expected.filter((path) => !packed.includes(path)).map((path) => `Not packed: ${path}`),
    ...packed
      .filter((path) => !expected.includes(path))
      .map((path) => `Packed by mistake: ${path}`),
  ];
}
