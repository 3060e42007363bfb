// What a record costs: the decision alone against a bare signature check, and whole requests with and without audit.

import { createServer } from 'node:net';
import { build, type Plugin } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { localWorkerOptions } from '../scripts/local_worker.ts';
import { createIssuer, generateSigningKey } from '../src/index.ts';
import {
  inFlight,
  machine,
  oneAtATime,
  printRatios,
  type Contender,
} from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const root = new URL('../', import.meta.url).pathname;
const tokens = quick ? 50 : 500;
const width = { width: 64, batch: quick ? 300 : 1000, rounds: quick ? 4 : 8 };

/** The same Worker with an observer that takes nothing down. */
const withoutAudit: Plugin = {
  name: 'without-audit',
  setup({ onLoad }) {
    onLoad({ filter: /worker\/observe\/observer\.ts$/ }, () => ({
      contents:
        'export const createObserver = () => ({ record: () => undefined, measure: () => {} });',
      loader: 'ts',
    }));
  },
};

async function bundle(plugins: Plugin[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}worker/index.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    plugins,
  });
  return outputFiles[0]?.text ?? '';
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The gateway's own observer, outside of the runtime that it is written for. */
interface Parts {
  readonly createObserver: (options: object) => {
    readonly record: (decision: object) => unknown;
    readonly measure: (sample: object) => void;
  };
  readonly clientWho: (id: string, issuer: string, known: object) => object;
  readonly traceOf: (header: null) => object;
}

async function loadParts(): Promise<Parts> {
  const contents = ['observer', 'decision', 'trace']
    .map((name) => `export * from './worker/observe/${name}.ts';`)
    .join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
  });
  const text = Buffer.from(outputFiles[0]?.text ?? '').toString('base64');
  return (await import(`data:text/javascript;base64,${text}`)) as Parts;
}

async function ofTheDecision(): Promise<void> {
  const { createObserver, clientWho, traceOf } = await loadParts();
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign', 'verify'],
  );
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const data = crypto.getRandomValues(new Uint8Array(400));
  const signature = await crypto.subtle.sign(algorithm, privateKey, data);
  const namespace = { getByName: () => ({ append: async () => undefined }) };
  const observer = createObserver({
    audit: { mode: 'best-effort', shards: 1 },
    namespace,
    now: () => Date.now(),
    waitUntil: () => undefined,
  });
  const who = clientWho('planner', 'https://gate.example', {
    tokenId: crypto.randomUUID(),
    sessionId: crypto.randomUUID(),
    keyThumbprint: 'x'.repeat(43),
  });
  const decision = (): object => ({
    at: Date.now(),
    via: 'http',
    trace: traceOf(null),
    route: '/bus/messages',
    method: 'POST',
    who,
    action: 'bus:publish',
    resource: 'review-code',
    allowed: true,
    code: undefined,
    status: undefined,
  });
  const contenders: readonly Contender[] = [
    {
      name: 'a bare crypto.subtle.verify',
      run: () => crypto.subtle.verify(algorithm, publicKey, signature, data),
    },
    {
      name: 'a decision recorded and measured',
      run: () => {
        void observer.record(decision());
        observer.measure({ timings: { view: 1, admission: 2, upstream: 3, total: 6 } });
      },
    },
  ];
  const inputs = Array.from({ length: quick ? 500 : 5000 }, String);
  printRatios('A decision', await oneAtATime(contenders, inputs));
}

async function ofRequests(): Promise<void> {
  const key = await generateSigningKey();
  const issuer = 'https://issuer.example';
  const trusted = JSON.stringify([{ issuer, jwks: { keys: [key.publicJwk] } }]);
  const workerOptions = localWorkerOptions();
  const [audited, bare] = await Promise.all([bundle([]), bundle([withoutAudit])]);
  const kinds = [
    { name: 'without', script: bare, variables: {} },
    { name: 'best-effort', script: audited, variables: { AUDIT: 'best-effort' } },
    { name: 'required', script: audited, variables: { AUDIT: 'required' } },
  ];
  const workers = await Promise.all(
    kinds.map(async ({ name, script, variables }) => {
      const port = await freePort();
      const options = {
        ...workerOptions,
        name,
        modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: script }],
        bindings: {
          ISSUER: 'https://gate.example',
          TRUSTED_ISSUERS: trusted,
          RATE_LIMITS: 'fast=1000000,power=1000000',
          ...variables,
        },
        unsafeDirectSockets: [{ host: '127.0.0.1', port }],
      };
      return { name, url: `http://127.0.0.1:${port}/whoami`, options };
    }),
  );
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      workers: workers.map(({ options }) => options),
    }),
  );
  await miniflare.ready;
  try {
    const issue = createIssuer({ key, issuer });
    const issued = await Promise.all(
      Array.from({ length: tokens }, (_, at) =>
        issue.issueAgentToken({ sub: `agent-${at}`, tier: 'fast', scope: ['bus:receive'] }),
      ),
    );
    const contenders = workers.map(({ name, url }): Contender => ({
      name: `GET /whoami, audit: ${name}`,
      async run(token) {
        const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
        if (response.status !== 200) throw new Error(`Refused: ${response.status}`);
        await response.arrayBuffer();
      },
    }));
    await inFlight(contenders, issued, { ...width, rounds: 2 });
    printRatios('Requests, 64 in flight', await inFlight(contenders, issued, width));
  } finally {
    await miniflare.dispose();
  }
}

process.stdout.write(`${machine()}; ${tokens} tokens\n`);
await ofTheDecision();
await ofRequests();
