// Runs the gateway that comes with the package in workerd, with whatever miniflare is installed beside it

import { setTimeout as pause } from 'node:timers/promises';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as miniflare from 'miniflare';
import { environment, systemCode } from './output/failure.ts';

/** How it is to run. */
export interface DevGateway {
  readonly host: string;
  readonly port: number;
  readonly stateFolder: string;
  readonly variables: Readonly<Record<string, string>>;
}

const refused = /"event":"configuration_refused".*"fault":"((?:[^"\\]|\\.)*)"/;
const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Starts it, and answers what stops it; throws words for the person at the terminal. */
export async function startDevGateway(gateway: DevGateway): Promise<() => Promise<void>> {
  const { host, port, stateFolder, variables } = gateway;
  const { convertV4MiniflareOptions, Log, LogLevel, Miniflare: Runtime } = await load();
  const { version: _, ...settings } = builtSettings();
  const dashboard = beside('../dashboard');
  const worker = {
    ...settings,
    ...filesOf(dashboard),
    name: 'gateway',
    modules: [
      {
        type: 'ESModule' as const,
        path: 'worker.js',
        contents: readFileSync(beside('../dev/worker.js'), 'utf8'),
      },
    ],
    bindings: variables,
    // The runtime's own socket: nothing stands between a client and the Worker
    unsafeDirectSockets: [{ host, port }],
  };
  const log: string[] = [];
  const runtime = new Runtime(
    convertV4MiniflareOptions({
      resourcePersistencePath: stateFolder,
      host,
      port: 0,
      // Without these two Miniflare asks the network for itself
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => {
        log.push(message);
        process.stderr.write(`${message}\n`);
      },
      workers: [worker],
    }),
  );
  const stop = async (): Promise<void> => {
    await runtime.dispose().catch(() => {});
  };
  try {
    await runtime.ready;
    const response = await fetch(`http://${host}:${port}/health`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok) return stop;
    // Its log comes after its answer
    for (let tries = 0; tries < 20 && !refused.test(log.join('\n')); tries++) await pause(100);
  } catch {
    // Said below
  }
  await stop();
  const [, fault] = refused.exec(log.join('\n')) ?? [];
  throw environment(
    fault === undefined
      ? `The gateway does not answer at port ${port}; perhaps something else listens there`
      : `The configuration is refused: ${JSON.parse(`"${fault}"`)}`,
  );
}

/** What the build has written down; `version` is of the miniflare that it is for. */
type BuiltSettings = { readonly version: string } & Pick<
  miniflare.V4WorkerOptions,
  'compatibilityDate' | 'compatibilityFlags' | 'durableObjects' | 'ratelimits'
>;

function builtSettings(): BuiltSettings {
  return JSON.parse(readFileSync(beside('../dev/worker.json'), 'utf8')) as BuiltSettings;
}

/** The dashboard's files straight from their folder: no asset router reads a URL before the gateway. */
function filesOf(path: string): Pick<miniflare.V4WorkerOptions, 'serviceBindings'> {
  return existsSync(path)
    ? { serviceBindings: { ASSETS: { disk: { path, writable: false } } } }
    : {};
}

async function load(): Promise<typeof miniflare> {
  if (!existsSync(beside('../dev/worker.js'))) {
    throw environment('This installation has no gateway in it: build it with npm run build');
  }
  try {
    return await import('miniflare');
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    const { version } = builtSettings();
    throw environment(
      `The gateway runs in workerd, which miniflare brings and the package leaves out\nInstall it beside swarmgate: npm install --save-dev miniflare@${version}`,
    );
  }
}
