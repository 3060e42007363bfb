// Cold start: how long workerd computes until a Worker has answered for the first time, beside one that imports jose.

import { randomBytes } from 'node:crypto';
import { median, spread } from './support/http_rounds.ts';
import { bareWorker } from './support/gateway_peers.ts';
import { machine } from './support/interleave.ts';
import { report } from './support/report.ts';
import { bundleWorker, computed, startWorkers, type BenchWorker } from './support/workers.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 15;

const joseWorker = `
import * as jose from 'jose';
export default { fetch: async () => Response.json(Object.keys(jose).length) };
`;
const jose = await bundleWorker({ code: joseWorker });
const gateway = await bundleWorker({ entry: 'worker/index.ts' });
const bindings = {
  ISSUER: 'https://gate.example',
  KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
};
const contenders: readonly BenchWorker[] = [
  { name: 'nothing', script: bareWorker },
  { name: 'jose', script: jose },
  { name: 'gateway', script: gateway, bindings, isGateway: true },
];

/** Milliseconds that workerd computes from its start to the first answer. */
async function startOnce(worker: BenchWorker): Promise<number> {
  const workers = await startWorkers([worker]);
  try {
    await (await fetch(`${workers.url(worker.name)}/health`)).text();
    return (computed(workers.pid) ?? Number.NaN) / 1000;
  } finally {
    await workers.stop();
  }
}

const times = new Map(contenders.map(({ name }) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const worker of contenders.toSorted(() => Math.random() - 0.5)) {
    times.get(worker.name)?.push(await startOnce(worker));
  }
}
process.stdout.write(`${machine()}\n\nFrom the start of workerd to the first answer, CPU\n`);
const of = (name: string): readonly number[] => times.get(name) ?? [];
const base = median(of('jose'));
for (const { name } of contenders) {
  const own = of(name).map((time) => time / base);
  const title = 'From the start of workerd to the first answer';
  report({
    title,
    what: name,
    ratio: Number(median(own).toFixed(3)),
    of: 'time',
    spread: spread(own),
  });
}
console.table(
  contenders.map(({ name, script }) => ({
    what: name,
    'script kB': Math.round(script.length / 1000),
    'CPU ms': Math.round(median(of(name))),
    spread: spread(of(name)),
    ratio: Number((median(of(name)) / base).toFixed(2)),
    'over nothing ms': Math.round(median(of(name)) - median(of('nothing'))),
  })),
);
