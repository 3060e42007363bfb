// What the check for unused files, exports and dependencies starts from

import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  workspaces: {
    '.': {
      entry: [
        'src/{index,*/index}.ts',
        'worker/index.ts',
        'cli/main.ts',
        'scripts/*.{ts,js}',
        'bench/*.ts',
        'test/types/**/*.ts',
      ],
      project: ['{src,worker,cli,scripts,bench,test}/**/*.{ts,js}'],
      typescript: { config: ['tsconfig*.json', '*/tsconfig.json', 'test/*/tsconfig.json'] },
    },
  },
};

export default config;
