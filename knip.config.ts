// What the check for unused files, exports and dependencies starts from

import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // A type that a signature of its own file uses may be exported without another importer
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    '.': {
      entry: [
        'src/{index,*/index}.ts',
        'cli/main.ts',
        'worker/{nats,bus_service,package_entry}.ts',
        'scripts/*.{ts,js}',
        'bench/*.ts',
        'dashboard/{main.tsx,standalone/main.tsx,vite.config.ts}',
        'test/types/**/*.ts',
        // What scripts/runtime_bundle.ts bundles
        'test/runtimes/main.ts',
        // What test/gateway/client_page.test.ts and bench/verify_workerd.ts bundle
        'test/gateway/page.ts',
        'bench/support/verify_worker.ts',
      ],
      project: ['{src,worker,cli,scripts,bench,test,dashboard}/**/*.{ts,tsx,js}'],
      // The prefix of `cloudflare:workers`, which the runtime itself provides; what a script that is
      // written by scripts/runtime_process.ts imports
      ignoreDependencies: ['cloudflare', 'edge-runtime'],
      // From the system, for the benches and cli/bridge/lock.ts, which say so where it is missing
      ignoreBinaries: ['flock', 'hyperfine', 'mkfifo', 'taskset'],
      typescript: { config: ['tsconfig*.json', '*/tsconfig.json', 'test/*/tsconfig.json'] },
    },
  },
};

export default config;
