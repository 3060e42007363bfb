// Runs the Worker of wrangler.toml in workerd on this machine, at one loopback port

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build, stop } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { localWorkerOptions } from './local_worker.ts';
import { host } from './port.ts';
import { root } from './tools.ts';

/** A gateway that runs. */
export interface Gateway {
  /** Its origin. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** How a gateway is to run. */
export interface GatewayOptions {
  readonly port: number;
  /** The Worker's variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Where its Durable Objects keep their state; left out: in a folder that goes with it. */
  readonly stateFolder?: string;
  /** Where workerd's inspector is to listen; left out: there is none. */
  readonly inspectorPort?: number;
}

const refusedConfiguration = /"event":"configuration_refused".*"fault":"((?:[^"\\]|\\.)*)"/;

/** Starts the gateway and waits until it answers; rejects with words for the person at the terminal. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { port, variables, stateFolder, inspectorPort } = options;
  const script = await bundleWorker(
    variables['BUS'] === 'nats' ? 'worker/nats.ts' : 'worker/index.ts',
  );
  const workerOptions = localWorkerOptions();
  const log: string[] = [];
  let started = false;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...(stateFolder === undefined ? {} : { resourcePersistencePath: stateFolder }),
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      host,
      port: 0,
      // Without these two Miniflare asks the network for itself
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => (started ? console.error(message) : log.push(message)),
      workers: [
        {
          ...workerOptions,
          name: 'gateway',
          modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
          bindings: { ...(workerOptions['bindings'] as object), ...variables },
          // The runtime's own socket: nothing stands between a client and the Worker
          unsafeDirectSockets: [{ host, port }],
        },
      ],
    }),
  );
  const url = `http://${host}:${port}`;
  try {
    await miniflare.ready;
    if (!(await isHealthy(url))) throw new Error(await faultOf(log));
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    throw error;
  }
  started = true;
  return { url, stop: () => miniflare.dispose() };
}

async function bundleWorker(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  // Its service process has nothing more to do
  await stop();
  return outputFiles[0]?.text ?? '';
}

/** Tells whether a gateway answers at an origin. */
export async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) });
    const { status } = (await response.json()) as { status?: unknown };
    return response.ok && status === 'ok';
  } catch {
    return false;
  }
}

/** What the Worker has logged about its configuration, in words; its log comes after its answer. */
async function faultOf(log: readonly string[]): Promise<string> {
  for (let tries = 0; tries < 20; tries++) {
    for (const line of log) {
      const [, fault] = refusedConfiguration.exec(line) ?? [];
      if (fault !== undefined) return `The configuration is refused: ${JSON.parse(`"${fault}"`)}`;
    }
    await pause(100);
  }
  return ['The gateway does not answer', ...log].join('\n');
}
