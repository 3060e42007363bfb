// What admission costs: the one call to an agent's object, against a bare call of an object in the same run.

import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import {
  inFlight,
  machine,
  oneAtATime,
  printRatios,
  type Contender,
} from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 10 : 50;
/** Calls in one request to the Worker: so many that the way to it hardly counts. */
const calls = 20;
const agents = 16;

const kinds = {
  'a bare call': 'bare(n).ping()',
  'a bare call that writes one row, with an index': 'bare(n).write(id())',
  'admission: a proof and the bucket': 'agent(n).admitRequest({ use: use(), quota: 1e6 })',
  'admission: the bucket alone': 'agent(n).admitRequest({ quota: 1e6 })',
  'admission: a proof, the bucket, a message':
    'agent(n).admitRequest({ use: use(), quota: 1e6, message: message() })',
  'admission: a proof that was used':
    "agent(n).admitRequest({ use: { id: 'k:used', expiresAt: later() } })",
} as const;

const source = `
  import { DurableObject } from 'cloudflare:workers';
  import { Agent } from './worker/index.ts';
  export { Agent };
  export class Bare extends DurableObject {
    constructor(ctx, env) {
      super(ctx, env);
      ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS t (id TEXT PRIMARY KEY, at INTEGER) WITHOUT ROWID');
      ctx.storage.sql.exec('CREATE INDEX IF NOT EXISTS t_at ON t (at)');
    }
    ping() {}
    write(id) {
      this.ctx.storage.sql.exec('INSERT INTO t VALUES (?, ?)', id, Date.now());
    }
  }
  const later = () => Date.now() / 1000 + 60;
  const id = () => crypto.randomUUID();
  const use = () => ({ id: 'key:' + id(), expiresAt: later() });
  const message = () => ({ nonce: id(), id: id(), digest: id(), to: 'b', expiresAt: Date.now() + 300000 });
  export default {
    async fetch(request, env) {
      const bare = (n) => env.BARE.getByName('bare-' + n);
      const agent = (n) => env.AGENT.getByName('agent-' + n);
      const kinds = [${Object.values(kinds)
        .map((call) => `(n) => ${call}`)
        .join(', ')}];
      const at = Number(new URL(request.url).searchParams.get('kind'));
      for (let n = 0; n < ${calls}; n++) await kinds[at](n % ${agents});
      return new Response();
    },
  };
`;

const { outputFiles } = await build({
  stdin: { contents: source, resolveDir: new URL('../', import.meta.url).pathname, loader: 'ts' },
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2023',
  conditions: ['workerd', 'worker', 'browser'],
  external: ['cloudflare:*'],
  logLevel: 'error',
});
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: outputFiles[0]?.text ?? '' }],
    compatibilityDate: '2026-10-01',
    compatibilityFlags: ['no_nodejs_compat', 'no_nodejs_compat_v2'],
    durableObjects: {
      AGENT: { className: 'Agent', useSQLite: true },
      BARE: { className: 'Bare', useSQLite: true },
    },
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.NONE),
  }),
);
try {
  const { origin } = await miniflare.ready;
  const contenders = Object.keys(kinds).map((name, at): Contender => ({
    name,
    async run() {
      const response = await fetch(`${origin}/?kind=${at}`);
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
    },
  }));
  const inputs = Array.from({ length: rounds }, (_, at) => String(at));
  await oneAtATime(contenders, inputs.slice(0, 3));
  process.stdout.write(`${machine()}; workerd, ${agents} agents, ${calls} calls in a row\n`);
  printRatios(`One at a time, ${calls} calls`, await oneAtATime(contenders, inputs));
  const width = { width: 16, batch: 32, rounds: quick ? 3 : 10 };
  printRatios(`16 in flight, ${calls} calls`, await inFlight(contenders, inputs, width));
} finally {
  await miniflare.dispose();
}
