// What the unused-code check starts from

import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/{index,*/index}.ts',
    'worker/index.ts',
    'cli/main.ts',
    'scripts/*.{ts,js}',
    'bench/*.ts',
    'test/**/*.test.ts',
    'test/types/**/*.ts',
    '*.config.ts',
  ],
  project: ['{src,worker,cli,scripts,bench,test}/**/*.{ts,js}'],
  includeEntryExports: false,
};

export default config;
