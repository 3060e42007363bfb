// Makes the reference of the library's public names from their comments, and fails where one has
// none, or names a type that nobody can import; `--html=folder` writes it to read

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { denoFile } from './runtime_table.ts';
import { readJson, root } from './tools.ts';

const { values } = parseArgs({ options: { html: { type: 'string' } } });
const deno = denoFile();
if (deno === undefined) {
  console.log('NOT RUN on this machine: the reference is made by Deno, which npm has not for it');
  process.exit(0);
}

/** A brand cannot be named outside: that is what it is for. What jose's JWK is made of is jose's. */
const unnameable = /references private type '(?:verified|authorized)'|public type 'JWK'/;

process.chdir(root);
const { exports: entries } = readJson<{ exports: Record<string, string> }>('jsr.json');
const files = Object.values(entries);
const faults = [...undocumented(), ...unnamed(), ...unpublishable()];
for (const fault of faults) console.error(fault);
if (values.html !== undefined) {
  run('doc', '--html', '--name=SwarmGate', `--output=${values.html}`, ...files);
}
process.exit(faults.length === 0 ? 0 : 1);

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  const options = { encoding: 'utf8', env, maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(deno ?? '', args, options);
  return { status, stdout, stderr };
}

interface Documented {
  readonly name: string;
  readonly declarations?: readonly { readonly kind: string; readonly jsDoc?: { doc?: string } }[];
}

/** Every exported name has a sentence of its own. */
function undocumented(): string[] {
  const { status, stdout, stderr } = run('doc', '--json', ...files);
  if (status !== 0) return [`deno doc: ${stderr}`];
  const { nodes } = JSON.parse(stdout) as {
    nodes: Readonly<Record<string, { readonly symbols: readonly Documented[] }>>;
  };
  const symbols = Object.values(nodes).flatMap((module) => module.symbols);
  console.log(`${symbols.length} public names`);
  if (symbols.length < 50) return ['The reference has hardly any names'];
  return (
    symbols
      // A name that another entry exports too stands there only once with its comment
      .filter(({ declarations = [] }) => declarations.some(({ kind }) => kind !== 'reference'))
      .filter(
        ({ declarations = [] }) => !declarations.some(({ jsDoc }) => jsDoc?.doc !== undefined),
      )
      .map(({ name }) => `"${name}" has no comment`)
  );
}

function unnamed(): string[] {
  const { stdout, stderr } = run('doc', '--lint', ...files);
  return (stdout + stderr)
    .split('\n')
    .filter((line) => line.startsWith('error[private-type-ref]') && !unnameable.test(line));
}

/** What the registry for TypeScript sources would refuse; types are checked elsewhere. */
function unpublishable(): string[] {
  const place = mkdtempSync(join(tmpdir(), 'swarmgate-jsr-'));
  try {
    for (const name of ['src', 'LICENSE', 'README.md', 'jsr.json']) {
      cpSync(name, join(place, name), { recursive: true });
    }
    rmSync(join(place, 'src/tsconfig.json'));
    mkdirSync(join(place, 'node_modules'));
    symlinkSync(join(root, 'node_modules/jose'), join(place, 'node_modules/jose'), 'junction');
    const { version, dependencies } = readJson<{ version: string; dependencies: object }>(
      'package.json',
    );
    const own = readJson<{ version: string }>('jsr.json').version;
    if (own !== version) return [`jsr.json says ${own}, package.json ${version}`];
    writeFileSync(join(place, 'package.json'), JSON.stringify({ dependencies }));
    const flags = ['--dry-run', '--allow-dirty', '--no-provenance', '--no-check'];
    const config = ['--config', join(place, 'jsr.json'), '--node-modules-dir=manual'];
    process.chdir(place);
    const { status, stdout, stderr } = run('publish', ...flags, ...config);
    return status === 0 ? [] : [`deno publish --dry-run: ${stdout}${stderr}`];
  } finally {
    process.chdir(root);
    rmSync(place, { recursive: true, force: true });
  }
}
