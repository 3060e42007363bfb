// Installs what is packed in a folder of its own, and imports each subpath in every way that people do:
// by runtime, by bundler, by compiler, resolution and ambient types

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build, stop } from 'esbuild';
import { bunFile, denoFile } from './runtime_table.ts';
import { readJson, root } from './tools.ts';

const place = mkdtempSync(join(tmpdir(), 'swarmgate-package-'));
const faults: string[] = [];
let ways = 0;

const { exports: subpaths } = readJson<{ exports: Record<string, unknown> }>(
  join(root, 'package.json'),
);
const names = Object.keys(subpaths)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'swarmgate'));
const library = names.filter((name) => name !== 'swarmgate/gateway');

try {
  const tarball = pack();
  await checkTypesFound(tarball);
  install(tarball);
  importByRuntimes();
  await importByBundler();
  compile();
} finally {
  await stop();
  rmSync(place, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
console.log(`${ways} ways of importing, ${faults.length} failed`);
process.exit(faults.length === 0 ? 0 : 1);

function pack(): string {
  const npm = process.env['npm_execpath'];
  const [command, ...args] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const options = ['pack', '--json', '--ignore-scripts', '--pack-destination', place];
  const printed = execFileSync(command, [...args, ...options], { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(printed) as { filename: string }[];
  return join(place, packed?.filename ?? '');
}

/** Everything that attw knows of: but for CommonJS and Node 10, which a package of ES modules leaves out. */
async function checkTypesFound(tarball: string): Promise<void> {
  const checked = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  ways++;
  if (checked.types === false) {
    faults.push('attw finds no types');
    return;
  }
  const left = checked.problems.filter(
    (problem) =>
      problem.kind !== 'CJSResolvesToESM' &&
      !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
  );
  for (const problem of left) faults.push(`attw: ${JSON.stringify(problem)}`);
}

function install(tarball: string): void {
  const modules = join(place, 'node_modules');
  mkdirSync(join(modules, 'swarmgate'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'swarmgate')]);
  for (const name of ['jose', '@types/node', 'undici-types', '@cloudflare/workers-types']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(place, 'package.json'), '{"type":"module","private":true}');
}

function attempt(what: string, work: () => void): void {
  ways++;
  try {
    work();
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    faults.push(`${what}: ${String(error).slice(0, 300)}\n${stdout}${stderr}`.trimEnd());
  }
}

/** Each subpath in a process of its own: nothing else has prepared the way. */
function importByRuntimes(): void {
  const runtimes: readonly (readonly [string, string | undefined, ...string[]])[] = [
    ['Node', process.execPath],
    ['Bun', bunFile()],
    ['Deno', denoFile(), 'run', '--no-config', '--no-lock', '--node-modules-dir=manual'],
  ];
  for (const [title, command, ...args] of runtimes) {
    if (command === undefined) {
      console.log(`${title}: NOT RUN on this machine`);
      continue;
    }
    for (const name of library) {
      const file = join(place, `import_${name.replace('/', '_')}.mjs`);
      const check = `if (Object.keys(all).length === 0) throw new Error('It exports nothing');`;
      writeFileSync(file, `import * as all from '${name}';\n${check}\n`);
      attempt(`${name} in ${title}`, () =>
        execFileSync(command, [...args, file], { cwd: place, encoding: 'utf8', stdio: 'pipe' }),
      );
    }
  }
}

async function importByBundler(): Promise<void> {
  const objects = workerObjects();
  for (const name of names) {
    ways++;
    const { metafile } = await build({
      stdin: { contents: `export * from '${name}';`, resolveDir: place },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      external: ['cloudflare:*'],
      logLevel: 'silent',
    });
    const [output] = Object.values(metafile.outputs);
    const exported = output?.exports ?? [];
    if (exported.length === 0) faults.push(`${name} in a bundler exports nothing`);
    if (name !== 'swarmgate/gateway') continue;
    const missing = objects.filter((object) => !exported.includes(object));
    for (const object of missing) faults.push(`${name} does not export ${object}`);
  }
}

/** The object classes of wrangler.toml: a Worker that mounts the gateway has to export them all. */
function workerObjects(): string[] {
  const text = readFileSync(join(root, 'wrangler.toml'), 'utf8');
  return Array.from(text.matchAll(/class_name = "(\w+)"/g), ([, name]) => name ?? '');
}

function compile(): void {
  const compilers = ['tools/typescript5', 'tools/typescript6', '.'];
  const ambient: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['DOM only', ['ES2023', 'DOM'], []],
    ['Workers only', ['ES2023'], ['@cloudflare/workers-types']],
    ['Node only', ['ES2023'], ['node']],
  ];
  const resolutions = [
    { module: 'node16', moduleResolution: 'node16' },
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ];
  const imports = names.map((name, at) => `import * as part${at} from '${name}';`);
  const uses = names.map((_, at) => `part${at}`).join(', ');
  writeFileSync(join(place, 'uses.ts'), `${imports.join('\n')}\nexport const all = [${uses}];\n`);
  for (const compiler of compilers) {
    const require = createRequire(join(root, compiler, 'package.json'));
    const folder = dirname(require.resolve('typescript/package.json'));
    const { version } = readJson<{ version: string }>(join(folder, 'package.json'));
    for (const [title, lib, types] of ambient) {
      for (const resolution of resolutions) {
        const skipLibCheck = types.length > 0;
        const compilerOptions = {
          ...resolution,
          lib,
          types,
          strict: true,
          target: 'es2022',
          noEmit: true,
        };
        const config = {
          compilerOptions: { ...compilerOptions, skipLibCheck },
          files: ['uses.ts'],
        };
        writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(config));
        attempt(
          `declarations: TypeScript ${version}, ${resolution.moduleResolution}, ${title}`,
          () =>
            execFileSync(process.execPath, [join(folder, 'bin/tsc'), '-p', place], {
              encoding: 'utf8',
              stdio: 'pipe',
            }),
        );
      }
    }
  }
}
