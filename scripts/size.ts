// Reports what a page and the Worker weigh, minified and compressed; over a limit is a failure

import { stop } from 'esbuild';
import { weighFile, weighPage } from './weigh.ts';

interface Page {
  readonly name: string;
  readonly code: string;
  /** Bytes of gzip that are fetched first. */
  readonly first: number;
  /** Bytes of gzip of all that is fetched, when each part on demand was needed. */
  readonly all: number;
  /** Parts of paths that must not be in what is fetched first: what tree-shaking has to leave out. */
  readonly without: RegExp;
}

const pages: readonly Page[] = [
  {
    name: 'verify only: createVerifier, localKeys',
    code: `export { createVerifier, localKeys } from './src/verify/index.ts';`,
    first: 12_800,
    all: 20_600,
    without:
      /src\/(issue|seal|client|revoke|audit|proof)\/|src\/verify\/(hops|delegation)|json_scan|jose\/.*\/(jwe|encrypt|decrypt|sign)\//,
  },
  {
    name: 'verify with remote keys',
    code: `export { createVerifier, remoteKeys } from './src/verify/index.ts';`,
    first: 15_700,
    all: 21_200,
    without: /src\/(issue|seal|client|audit|proof)\//,
  },
  {
    name: 'seal only: createSealer',
    code: `export { createSealer } from './src/seal/index.ts';`,
    first: 15_100,
    all: 15_100,
    without: /src\/(verify|issue|client|revoke|proof)\//,
  },
  {
    name: 'scopes only: covers',
    code: `export { covers } from './src/verify/index.ts';`,
    first: 400,
    all: 400,
    without: /jose|src\/(keys|proof|revoke)\//,
  },
];

let failed = false;

function report(name: string, bytes: number, limit: number): void {
  const verdict = bytes <= limit ? 'ok' : 'FAILED';
  failed ||= verdict !== 'ok';
  console.log(
    `${name.padEnd(52)} ${String(bytes).padStart(7)} of ${String(limit).padStart(7)} bytes  ${verdict}`,
  );
}

function list(sources: readonly (readonly [path: string, bytes: number])[]): void {
  for (const [path, bytes] of sources.toSorted(([, a], [, b]) => b - a).slice(0, 8)) {
    console.log(`    ${String(bytes).padStart(7)} ${path}`);
  }
}

for (const { name, code, first, all, without } of pages) {
  const weight = await weighPage(code);
  report(`${name}, fetched first`, weight.first.bytes, first);
  report(`${name}, all parts`, weight.all.bytes, all);
  list(weight.first.sources);
  for (const [path, bytes] of weight.first.sources) {
    if (bytes === 0 || !without.test(path)) continue;
    failed = true;
    console.error(`    must not be in it: ${path}`);
  }
}

const worker = await weighFile(
  `export * from './worker/index.ts';\nexport { default } from './worker/index.ts';`,
  { conditions: ['workerd', 'worker', 'browser'], external: ['cloudflare:*'] },
);
report('the Worker', worker.bytes, 120_000);
list(worker.sources);

await stop();
process.exit(failed ? 1 : 0);
