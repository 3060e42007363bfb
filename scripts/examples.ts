// Type-checks and runs every example of the documentation; names file and line of one that fails

import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { docCommentBlocks, markdownBlocks, type ExampleBlock } from './example_blocks.ts';
import { root, toolPath } from './tools.ts';

interface Example extends ExampleBlock {
  readonly source: string;
  /** Where a TypeScript example is written: its lines have the numbers of the source's lines. */
  readonly file: string;
}

const folder = '.examples';
const seconds = 60;

process.chdir(root);
fs.rmSync(folder, { recursive: true, force: true });
const examples = [
  ...collect('src/**/*.ts', docCommentBlocks, join(folder, 'library')),
  ...collect('{README.md,docs/**/*.md}', markdownBlocks, join(folder, 'guides')),
];
const failures = [...checkTypes(), ...examples.flatMap(run)];
for (const failure of failures) console.error(`${failure}\n`);
console.log(`${examples.length} examples, ${failures.length} failed`);
if (examples.length === 0) console.error('No example was found');
if (failures.length === 0) fs.rmSync(folder, { recursive: true, force: true });
process.exit(failures.length === 0 && examples.length > 0 ? 0 : 1);

function collect(
  pattern: string,
  extract: (text: string) => ExampleBlock[],
  target: string,
): Example[] {
  return fs
    .globSync(pattern)
    .sort()
    .flatMap((source) =>
      extract(fs.readFileSync(source, 'utf8')).map((block) => {
        const file = join(target, `${source}.${block.line}.ts`);
        return { ...block, source, file };
      }),
    );
}

/** The library's examples see what every runtime has; those of the guides see Node's types too. */
function checkTypes(): string[] {
  const typed = examples.filter(({ language }) => language === 'ts');
  for (const { file, code, line } of typed) {
    fs.mkdirSync(dirname(file), { recursive: true });
    fs.writeFileSync(file, '\n'.repeat(line - 1) + code);
  }
  const projects = [
    { name: 'library', types: [] },
    { name: 'guides', types: ['node'] },
  ];
  return projects
    .map((project) => ({ ...project, path: join(folder, project.name) }))
    .filter(({ path }) => typed.some(({ file }) => file.startsWith(path)))
    .flatMap(({ path, types }) => {
      const compilerOptions = { types, noPropertyAccessFromIndexSignature: false };
      const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['.'] };
      fs.writeFileSync(join(path, 'tsconfig.json'), JSON.stringify(config));
      const tsc = [toolPath('typescript', 'tsc'), '--pretty', 'false', '-p', path];
      const { status, stdout } = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
      return status === 0 ? [] : [`Examples with type errors:\n${asSources(stdout)}`];
    });
}

function run(example: Example): string[] {
  return example.language === 'ts' ? runTypeScript(example) : runShell(example);
}

function runTypeScript({ source, line, file }: Example): string[] {
  const options = { encoding: 'utf8', timeout: seconds * 1000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], options);
  const what = signal === null ? `exit code ${status}` : `stopped after ${seconds} s`;
  return status === 0 ? [] : [`${source}:${line}: ${what}\n${asSources(stdout + stderr)}`];
}

/** A shell example finds `swarmgate` as an installed package offers it, in an empty folder. */
function runShell({ source, line, code }: Example): string[] {
  const place = fs.mkdtempSync(join(tmpdir(), 'swarmgate-example-'));
  try {
    const commands = join(place, 'node_modules', '.bin');
    fs.mkdirSync(commands, { recursive: true });
    fs.symlinkSync(join(root, 'dist/cli/main.js'), join(commands, 'swarmgate'));
    const path = [commands, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
    const { status, signal, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: place,
      encoding: 'utf8',
      timeout: seconds * 1000,
      env: { ...process.env, PATH: path },
    });
    const what = signal === null ? `exit code ${status}` : `stopped after ${seconds} s`;
    return status === 0 ? [] : [`${source}:${line}: ${what}\n${stdout}${stderr}`];
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

function asSources(output: string): string {
  return examples.reduce((text, { file, source }) => text.replaceAll(file, source), output);
}
