// Workers for benchmarks: one workerd process, each Worker on a port of its own with nothing in front of it.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { localWorkerOptions } from '../../scripts/local_worker.ts';

const root = new URL('../../', import.meta.url).pathname;

/** A Worker to start. */
export interface BenchWorker {
  readonly name: string;
  /** One module. */
  readonly script: string;
  /** Where it is to listen; a port of its choice otherwise. */
  readonly port?: number;
  readonly bindings?: Readonly<Record<string, string>>;
  /** With the objects and limits of wrangler.toml. */
  readonly isGateway?: boolean;
  /** The Worker whose object classes it uses, where they are not its own. */
  readonly objectsOf?: string;
}

/** Workers that run. */
export interface BenchWorkers {
  readonly url: (name: string) => string;
  /** The process that they all run in. */
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

interface ObjectDesignator {
  readonly className: string;
}

/** Bundles an entry, or a module that is written here and imports from the root of the repository. */
export async function bundleWorker(source: { entry: string } | { code: string }): Promise<string> {
  const { outputFiles } = await build({
    ...('entry' in source
      ? { entryPoints: [root + source.entry] }
      : {
          stdin: { contents: source.code, resolveDir: root, sourcefile: 'bench.ts', loader: 'ts' },
        }),
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The processes that this one has started, by what their command line says. */
function childrenWith(word: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const parent = / \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return Number(parent) === process.pid && command.includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The object classes of wrangler.toml, in this Worker or in another. */
function objectsIn(scriptName: string | undefined): object {
  const own = localWorkerOptions()['durableObjects'] as Readonly<Record<string, ObjectDesignator>>;
  const where = scriptName === undefined ? {} : { scriptName };
  const bindings = Object.entries(own).map(([binding, { className }]) => [
    binding,
    { className, useSQLite: true, ...where },
  ]);
  return { durableObjects: Object.fromEntries(bindings) as object };
}

function optionsOf({ name, script, bindings, isGateway, objectsOf }: BenchWorker, port: number) {
  return {
    ...(isGateway === true
      ? { ...localWorkerOptions(), ...objectsIn(objectsOf) }
      : { compatibilityDate: '2026-10-01' }),
    name,
    modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: script }],
    ...(bindings === undefined ? {} : { bindings: { ...bindings } }),
    unsafeDirectSockets: [{ host: '127.0.0.1', port }],
  };
}

/** Starts Workers. `inspectorPort` is for looking into one that is slow. */
export async function startWorkers(
  workers: readonly BenchWorker[],
  { inspectorPort }: { readonly inspectorPort?: number } = {},
): Promise<BenchWorkers> {
  const known = new Set(childrenWith('workerd'));
  // Objects keep their files in memory: on one thread with everything else, a busy disk would stop it all
  if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';
  const ports = new Map<string, number>();
  for (const { name, port } of workers) ports.set(name, port ?? (await freePort()));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      workers: workers.map((worker) => optionsOf(worker, ports.get(worker.name) ?? 0)),
    }),
  );
  await miniflare.ready;
  return {
    url: (name) => `http://127.0.0.1:${ports.get(name)}`,
    pid: childrenWith('workerd').find((pid) => !known.has(pid)) ?? 0,
    stop: () => miniflare.dispose(),
  };
}

/** Microseconds that a process has computed so far, all of its threads; `undefined` where nobody says. */
export function computed(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    // Nanoseconds on a core come first in it
    const read = (id: string): number =>
      Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000;
    return threads.map(read).reduce((sum, time) => sum + time, 0);
  } catch {
    return undefined;
  }
}

/** Keeps a process with all of its threads on one core; `false` where that is not possible. */
export function pin(pid: number, core: number): boolean {
  if (pid === 0) return false;
  try {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
