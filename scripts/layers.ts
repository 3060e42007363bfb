// The layers of the source tree as one table, turned into import restrictions for the linter

import type { OxlintOverride } from 'oxlint';

/** A rule for the files of one place: what its imports may name, in gitignore's language. */
interface Layer {
  /** The files that the rule is for; a later row replaces an earlier one for the same file. */
  readonly files: readonly string[];
  /** Specifiers that are refused; one that begins with `!` is allowed again. */
  readonly refused: readonly string[];
  readonly reason: string;
}

const published = [
  'index',
  'verify/index',
  'issue/index',
  'seal/index',
  'client/index',
  'audit/index',
];
const internals = ['**/src/**', ...published.map((entry) => `!**/src/${entry}.ts`)];
const itself = ['swarmgate', 'swarmgate/**'];
const rest = (...folders: string[]): string[] => folders.map((folder) => `**/${folder}/**`);

// A folder of src sees itself and its neighbours, not what lies outside src, and no package
const neighbours = ['**', '!./**', '!../**', '../../**', '../index.ts'];

const layers: readonly Layer[] = [
  {
    files: ['src/*.ts'],
    refused: ['**', '!./**'],
    reason: 'src knows nothing of the rest of the repository and imports jose in its folders only',
  },
  {
    files: ['src/*/**/*.ts'],
    refused: [...neighbours, '../issue/**', '../client/**'],
    reason:
      'A folder of src imports its neighbours only: no package, nothing outside src, not the root index; issue and client stand above the others',
  },
  {
    files: ['src/errors/**/*.ts'],
    refused: ['**', '!./**'],
    reason: 'errors is below everything: it imports nothing',
  },
  {
    files: ['src/token/**/*.ts'],
    refused: ['**', '!./**', '!../errors/**'],
    reason: 'token is below everything but errors: it imports errors only',
  },
  {
    files: ['src/keys/**/*.ts', 'src/seal/**/*.ts', 'src/proof/**/*.ts'],
    refused: [...neighbours, '!jose', '../issue/**', '../client/**', '../verify/**'],
    reason: 'keys, seal and proof import jose and what is below them: not verify, issue or client',
  },
  {
    files: ['src/verify/**/*.ts'],
    refused: [...neighbours, '!jose', '../issue/**', '../client/**'],
    reason: 'verify never imports issue or client; of packages it imports jose only',
  },
  {
    files: ['src/issue/**/*.ts'],
    refused: [...neighbours, '!jose', '../client/**'],
    reason: 'issue never imports client; of packages it imports jose only',
  },
  {
    files: ['src/audit/**/*.ts'],
    refused: [...neighbours, '!jose', '../issue/**', '../client/**', '../verify/**'],
    reason: 'audit imports jose and what is below verify: it checks logs, not tokens',
  },
  {
    files: ['src/client/**/*.ts'],
    refused: neighbours,
    reason: 'client imports its neighbours in src only, and reaches jose through them',
  },
  {
    files: ['worker/**/*.ts'],
    refused: [...internals, ...itself, ...rest('cli', 'dashboard', 'test', 'scripts')],
    reason:
      'worker imports src by its public entry points only, and nothing of cli, dashboard, test',
  },
  {
    files: ['worker/gateway/**/*.ts'],
    refused: [...internals, ...itself, ...rest('cli', 'dashboard', 'test', 'scripts', 'bus')],
    reason:
      'In worker/gateway only forward and socket reach the bus, and src by public entries only',
  },
  {
    files: [
      'worker/gateway/{forward,socket}.ts',
      'worker/gateway/{forward,socket}_*.ts',
      'worker/gateway/{forward,socket}/**/*.ts',
    ],
    refused: [...internals, ...itself, ...rest('cli', 'dashboard', 'test', 'scripts')],
    reason:
      'worker imports src by its public entry points only, and nothing of cli, dashboard, test',
  },
  {
    files: ['cli/**/*.ts'],
    refused: [...internals, ...itself, ...rest('worker', 'dashboard', 'test', 'scripts')],
    reason:
      'cli imports src by its public entry points only, and nothing of worker, dashboard, test',
  },
  {
    files: ['dashboard/**/*.{ts,tsx}'],
    refused: [...internals, ...itself, ...rest('worker', 'cli', 'test', 'scripts'), 'node:*'],
    reason:
      'dashboard imports src by its public entry points only, and nothing of worker, cli, test',
  },
  {
    files: ['test/contract/**/*.ts'],
    refused: ['node:*', 'cloudflare:*', 'vitest', 'vitest/**', '**/worker/**', '**/cli/**'],
    reason: 'The contract runs in every runtime: no test framework, no Node, no Workers',
  },
  {
    files: ['test/contract/contract.test.ts'],
    refused: ['node:*', 'cloudflare:*'],
    reason: 'The contract runs in every runtime: no Node, no Workers',
  },
];

// Refuses `./../x` and `a/../b`, which could slip past the patterns above; it must come first,
// since the linter stops at a pattern that allows the path again
const untidy = {
  regex: String.raw`^\./\.|[^./]/\.\.?(/|$)|//`,
  message: 'Write the shortest relative path',
};

/** The linter's overrides, one for each layer. */
export const layerOverrides: OxlintOverride[] = layers.map(({ files, refused, reason }) => ({
  files: [...files],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [untidy, { group: [...refused], message: reason }] },
    ],
  },
}));
