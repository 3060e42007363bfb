// Reports what a page and the Worker weigh, minified and compressed; over a limit is a failure

import { gzipSync } from 'node:zlib';
import { build, stop, type BuildOptions } from 'esbuild';
import { root } from './tools.ts';

interface Weighed {
  readonly name: string;
  readonly code: string;
  /** Bytes of gzip. */
  readonly limit: number;
  /** Parts of paths that must not be in it: what tree-shaking has to leave out. */
  readonly without?: RegExp;
  readonly options?: Pick<BuildOptions, 'conditions' | 'external'>;
}

const rows: readonly Weighed[] = [
  {
    name: 'verify only: createVerifier, localKeys',
    code: `export { createVerifier, localKeys } from './src/verify/index.ts';`,
    limit: 18_400,
    without: /src\/(issue|seal|client|revoke|audit)\/|jose\/.*\/(jwe|encrypt|decrypt|sign)\//,
  },
  {
    name: 'verify with remote keys',
    code: `export { createVerifier, remoteKeys } from './src/verify/index.ts';`,
    limit: 19_600,
    without: /src\/(issue|seal|client|audit)\//,
  },
  {
    name: 'seal only: createSealer',
    code: `export { createSealer } from './src/seal/index.ts';`,
    limit: 17_000,
    without: /src\/(verify|issue|client|revoke|proof)\//,
  },
  {
    name: 'scopes only: covers',
    code: `export { covers } from './src/verify/index.ts';`,
    limit: 700,
    without: /jose|src\/(keys|proof|revoke)\//,
  },
  {
    name: 'the Worker',
    code: `export * from './worker/index.ts';\nexport { default } from './worker/index.ts';`,
    limit: 120_000,
    options: { conditions: ['workerd', 'worker', 'browser'], external: ['cloudflare:*'] },
  },
];

let failed = false;
for (const row of rows) {
  const result = await build({
    stdin: { contents: row.code, resolveDir: root, loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2023',
    platform: 'browser',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'error',
    ...row.options,
  } satisfies BuildOptions);
  const { outputFiles, metafile } = result;
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const bytes = gzipSync(code, { level: 9 }).length;
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const parts = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
  const intruders = parts.filter(([path]) => row.without?.test(path));
  const verdict = bytes <= row.limit && intruders.length === 0 ? 'ok' : 'FAILED';
  failed ||= verdict !== 'ok';
  console.log(
    `${row.name.padEnd(40)} ${String(bytes).padStart(7)} of ${String(row.limit).padStart(7)} bytes  ${verdict}`,
  );
  for (const [path, { bytesInOutput }] of parts.slice(0, 8)) {
    console.log(`    ${String(bytesInOutput).padStart(7)} ${path}`);
  }
  for (const [path] of intruders) console.error(`    must not be in it: ${path}`);
}
await stop();
process.exit(failed ? 1 : 0);
