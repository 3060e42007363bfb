// Runs the Worker that is a bus and nothing else, as wrangler.bus.toml has it

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { bundleEntry } from './gateway_build.ts';

/** A bus service that runs. */
export interface RunningBusService {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts a bus that takes these secrets, separated by commas. */
export async function startBusService(secrets: string): Promise<RunningBusService> {
  const config = new URL('../../wrangler.bus.toml', import.meta.url).pathname;
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const contents = await bundleEntry('worker/bus_service.ts');
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          ...workerOptions,
          name: 'bus',
          modules: [{ type: 'ESModule', path: 'worker.js', contents }],
          bindings: { BUS_SECRET: secrets },
          unsafeDirectSockets: [{ port: 0 }],
        },
      ],
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
    }),
  );
  await miniflare.ready;
  const { origin } = await miniflare.unsafeGetDirectURL('bus');
  return { url: origin, stop: () => miniflare.dispose() };
}
