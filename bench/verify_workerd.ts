// Verifying inside workerd, whose clock stands still while it computes: counted in the CPU time of its process.

import { machine, printRatios, type Reading } from './support/interleave.ts';
import { bundleWorker, computed, startWorkers } from './support/workers.ts';

const quick = process.argv.includes('--quick');
const count = quick ? 200 : 500;
const rounds = quick ? 4 : 25;
const names = new Map([
  ['bare', 'bare crypto.subtle.verify'],
  ['swarmgate', 'swarmgate verifyAgentToken'],
  ['flattened', 'jose.flattenedVerify (signature alone)'],
  ['jose', 'jose.jwtVerify'],
  ['hono', 'hono/jwt'],
  ['tsndr', '@tsndr/cloudflare-worker-jwt'],
  ['again', 'swarmgate verifyAgentToken, again'],
]);

const code = `
import { answer } from './bench/support/verify_worker.ts';
export default { fetch: answer };`;
const script = await bundleWorker({ code });
const workers = await startWorkers([{ name: 'verify', script }]);

/** Microseconds of CPU for one verification. */
async function once(alg: string, by: string, width: number): Promise<number> {
  const before = computed(workers.pid) ?? Number.NaN;
  const asked = new URLSearchParams({ alg, by, count: String(count), width: String(width) });
  const response = await fetch(`${workers.url('verify')}/?${asked}`);
  if ((await response.text()) !== 'done') throw new Error(`Failed: ${by}`);
  return ((computed(workers.pid) ?? Number.NaN) - before) / count;
}

function read(name: string, times: readonly number[]): Reading {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;
  return { name, median: at(0.5), lower: at(0.25), upper: at(0.75) };
}

try {
  process.stdout.write(`${machine()}; workerd\n`);
  for (const alg of ['ES256', 'RS256']) {
    // What has not run ten thousand times is not yet compiled for good
    for (let turn = 0; turn < (quick ? 5 : 30); turn++) {
      for (const by of names.keys()) await once(alg, by, 64);
    }
    for (const width of [1, 64]) {
      const times = new Map([...names.keys()].map((by) => [by, [] as number[]]));
      for (let round = 0; round < rounds; round++) {
        for (const by of [...names.keys()].toSorted(() => Math.random() - 0.5)) {
          times.get(by)?.push(await once(alg, by, width));
        }
      }
      const readings = [...names].map(([by, name]) => read(name, times.get(by) ?? []));
      printRatios(`workerd, CPU, ${alg}, first time, ${width} in flight`, readings);
    }
  }
} finally {
  await workers.stop();
}
