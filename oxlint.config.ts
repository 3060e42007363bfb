// Lint rules for the whole repository; the layers come from scripts/layers.ts

import { defineConfig } from 'oxlint';
import { layerOverrides } from './scripts/layers.ts';

const notEverywhere =
  'process Buffer global require module __dirname __filename setImmediate clearImmediate ' +
  'Deno Bun WebSocketPair HTMLRewriter window document localStorage sessionStorage alert ' +
  'XMLHttpRequest self navigator location caches indexedDB importScripts postMessage ' +
  'name close origin event status onmessage addEventListener';

const restrictedGlobals = notEverywhere.split(' ').map((name) => ({
  name,
  message: 'The library uses only what every runtime has',
}));

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['dist/**', '.examples/**', 'coverage/**', 'worker-configuration.d.ts'],
  rules: {
    eqeqeq: 'error',
    'no-eval': 'error',
    'no-new-func': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'object-shorthand': 'error',
    'no-warning-comments': [
      'error',
      { terms: ['todo', 'fixme', 'xxx', 'oxlint-disable', 'eslint-disable'], location: 'anywhere' },
    ],
    'import/no-cycle': 'error',
    'import/no-self-import': 'error',
    'import/no-duplicates': 'error',
    'import/no-default-export': 'error',
    'import/no-commonjs': 'error',
    'typescript/ban-ts-comment': ['error', { 'ts-expect-error': true }],
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/no-require-imports': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': 'error',
    'unicorn/filename-case': ['error', { case: 'snakeCase' }],
    'unicorn/prefer-node-protocol': 'error',
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
    // Off: they speak against the project's style, or find nothing but noise in it
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
    'import/no-unassigned-import': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'typescript/no-unnecessary-boolean-literal-compare': 'off',
    'typescript/no-unnecessary-type-parameters': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/no-array-sort': 'off',
    'vitest/expect-expect': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/valid-title': 'off',
    'vitest/require-mock-type-parameters': 'off',
  },
  overrides: [
    ...layerOverrides,
    {
      files: ['src/**/*.ts', 'test/contract/**/*.ts'],
      rules: { 'no-restricted-globals': ['error', ...restrictedGlobals] },
    },
    {
      files: [
        'src/**/*.ts',
        'worker/**/*.ts',
        'cli/**/*.ts',
        'scripts/**/*.ts',
        'dashboard/**/*.{ts,tsx}',
      ],
      rules: { 'max-lines': ['error', { max: 250 }] },
    },
    { files: ['src/**/*.ts', 'worker/**/*.ts'], rules: { 'no-console': 'error' } },
    { files: ['worker/observe/**/*.ts'], rules: { 'no-console': 'off' } },
    {
      files: ['*.config.ts', 'worker/{index,nats,bus_service}.ts', 'test/**/*worker*.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
    {
      files: ['test/types/**/*.ts'],
      rules: {
        'typescript/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
      },
    },
  ],
});
