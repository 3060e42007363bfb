// Plants one violation of each layer rule in a copy of the set-up and sees the linter refuse it

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readJson, root, toolPath } from '../../scripts/tools.ts';

const refused = [
  ['src/errors/plant.ts', '../token/agent.ts'],
  ['src/errors/plant.ts', 'jose'],
  ['src/token/plant.ts', '../keys/import.ts'],
  ['src/token/plant.ts', 'jose'],
  ['src/keys/plant.ts', '../verify/index.ts'],
  ['src/keys/plant.ts', '../issue/index.ts'],
  ['src/verify/plant.ts', '../issue/index.ts'],
  ['src/verify/plant.ts', './../issue/index.ts'],
  ['src/verify/plant.ts', '../errors/../issue/index.ts'],
  ['src/verify/plant.ts', '../index.ts'],
  ['src/verify/plant.ts', '../client/index.ts'],
  ['src/seal/plant.ts', '../verify/index.ts'],
  ['src/proof/plant.ts', '../issue/index.ts'],
  ['src/authorize/plant.ts', 'jose'],
  ['src/revoke/plant.ts', 'jose'],
  ['src/client/plant.ts', 'jose'],
  ['src/plant.ts', 'jose'],
  ['src/plant.ts', '../worker/index.ts'],
  ['src/verify/plant.ts', '../../worker/index.ts'],
  ['src/verify/plant.ts', '../../cli/main.ts'],
  ['src/verify/plant.ts', 'node:crypto'],
  ['src/verify/plant.ts', 'crypto'],
  ['src/verify/plant.ts', 'cloudflare:workers'],
  ['src/verify/plant.ts', 'hono'],
  ['worker/gateway/plant.ts', '../../src/verify/verifier.ts'],
  ['worker/gateway/plant.ts', '../../src/errors/index.ts'],
  ['worker/gateway/plant.ts', '../bus/durable.ts'],
  ['worker/gateway/plant.ts', 'swarmgate/verify'],
  ['worker/gateway/plant.ts', '../../cli/main.ts'],
  ['worker/gateway/forward_http.ts', '../../src/verify/verifier.ts'],
  ['worker/bus/plant.ts', '../../src/token/json.ts'],
  ['cli/plant.ts', '../src/keys/import.ts'],
  ['cli/plant.ts', '../worker/env.ts'],
  ['dashboard/plant.ts', '../src/keys/import.ts'],
  ['dashboard/plant.ts', 'node:fs'],
  ['test/contract/cases/plant.ts', 'vitest'],
  ['test/contract/cases/plant.ts', 'node:fs'],
] as const;

const allowed = [
  ['src/index.ts', './verify/index.ts'],
  ['src/token/plant.ts', '../errors/index.ts'],
  ['src/keys/plant.ts', 'jose'],
  ['src/verify/plant.ts', 'jose'],
  ['src/verify/plant.ts', '../keys/import.ts'],
  ['src/seal/plant.ts', 'jose'],
  ['src/proof/plant.ts', 'jose'],
  ['src/issue/plant.ts', 'jose'],
  ['src/client/plant.ts', '../issue/index.ts'],
  ['worker/gateway/plant.ts', '../../src/index.ts'],
  ['worker/gateway/plant.ts', '../../src/verify/index.ts'],
  ['worker/gateway/forward.ts', '../bus/durable.ts'],
  ['worker/gateway/socket.ts', '../bus/durable.ts'],
  ['cli/plant.ts', '../src/issue/index.ts'],
  ['cli/plant.ts', 'node:fs'],
  ['test/contract/contract.test.ts', 'vitest'],
] as const;

const imports = (specifier: string): string =>
  `import * as planted from '${specifier}';\nexport { planted };\n`;

const byImport = 'eslint(no-restricted-imports)';
const issue = "'../issue/index.ts'";

/** What is planted besides imports, and the rule that must refuse it; none: it must be accepted. */
const plants: readonly (readonly [file: string, code: string, rule?: string])[] = [
  ['src/verify/plant.ts', `import type { A } from ${issue};\nexport type B = A;\n`, byImport],
  ['src/verify/plant.ts', `export * from ${issue};\n`, byImport],
  ['src/verify/plant.ts', `export const a = () => import(${issue});\n`, byImport],
  ...['process', 'Buffer', 'window', 'document', 'self', 'name'].map(
    (name) =>
      [
        'src/verify/plant.ts',
        `export const a = (): unknown => ${name};\n`,
        'eslint(no-restricted-globals)',
      ] as const,
  ),
  ...['src/verify/plant.ts', 'worker/plant.ts', 'cli/plant.ts'].flatMap(
    (file) =>
      [
        [file, `${'// Line\n'.repeat(249)}export const a = 1;\n`],
        [file, `${'// Line\n'.repeat(250)}export const a = 1;\n`, 'eslint(max-lines)'],
      ] as const,
  ),
  ['src/verify/plant.ts', '// @ts-ignore\nexport const a = 1;\n', 'typescript(ban-ts-comment)'],
  [
    'src/verify/plant.ts',
    '// @ts-expect-error a reason\nexport const a = 1;\n',
    'typescript(ban-ts-comment)',
  ],
  ['test/types/plant.ts', '// @ts-expect-error a reason\nexport const a = 1;\n'],
  [
    'src/verify/plant.ts',
    '// oxlint-disable-next-line no-console\nexport const a = 1;\n',
    'eslint(no-warning-comments)',
  ],
  ['src/verify/plant.ts', '// TODO later\nexport const a = 1;\n', 'eslint(no-warning-comments)'],
  [
    'src/verify/plant.ts',
    'export const a = (b: any): unknown => b;\n',
    'typescript(no-explicit-any)',
  ],
  [
    'src/verify/plant.ts',
    'const b = async () => 1;\nexport const a = (): void => {\n  b();\n};\n',
    'typescript(no-floating-promises)',
  ],
  [
    'src/keys/cycle.ts',
    "import { b } from './round.ts';\nexport const a = (): number => b();\n",
    'import(no-cycle)',
  ],
  [
    'src/keys/round.ts',
    "import { a } from './cycle.ts';\nexport const b = (): number => a();\n",
    'import(no-cycle)',
  ],
  ['src/verify/camelCase.ts', 'export const a = 1;\n', 'unicorn(filename-case)'],
];

const rows = [
  ...refused.map(([file, specifier]) => [file, imports(specifier), byImport] as const),
  ...allowed.map(([file, specifier]) => [file, imports(specifier), undefined] as const),
  ...plants,
].map(([file, code, rule], index) => ({
  file: file.replace('plant.ts', `plant_${index}.ts`),
  code,
  rule,
  title: `${rule ?? 'nothing'} against ${JSON.stringify(code.split('\n')[0])}`,
}));

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[];
}

const copy = mkdtempSync(join(tmpdir(), 'swarmgate-layers-'));
let report: Report;

beforeAll(() => {
  for (const path of [
    'oxlint.config.ts',
    'scripts/layers.ts',
    'package.json',
    'tsconfig.base.json',
    'src/tsconfig.json',
  ]) {
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  for (const { file, code } of rows) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), code);
  }
  // The folders by name: a linked node_modules would be linted too
  const folders = ['src', 'worker', 'cli', 'dashboard', 'test'];
  const args = [toolPath('oxlint'), '--type-aware', '--format=json', ...folders];
  const { stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  writeFileSync(join(copy, 'report.json'), stdout);
  report = readJson<Report>(join(copy, 'report.json'));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(rows)('lint of $file finds $title', ({ file, rule }) => {
  const found = report.diagnostics
    .filter(({ filename }) => filename === file)
    .map(({ code }) => code);
  if (rule === undefined) expect(found).toEqual([]);
  else expect(found).toContain(rule);
});
