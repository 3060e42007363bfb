// Runs the built Worker in workerd and talks to it over real HTTP

import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { makeKey, type TestKey } from './tokens.ts';

const root = new URL('../../', import.meta.url).pathname;
const objects = { AGENT: 'Agent', DIRECTORY: 'Directory', MAILBOX: 'Mailbox', OUTBOX: 'Outbox' };

/** A gateway that runs, and what it was configured with. */
export interface RunningGateway {
  /** Without a final slash. */
  readonly url: string;
  /** A second Worker, in an isolate of its own, that shares the first one's objects. */
  readonly otherUrl: string;
  readonly issuer: string;
  readonly key: TestKey;
  readonly engineKey: TestKey;
  /** Everything that the Workers and the runtime have logged so far. */
  readonly logs: () => string;
  readonly miniflare: Miniflare;
  readonly stop: () => Promise<void>;
}

/** Variables that differ from the default ones; `undefined` leaves a variable out. */
export type Variables = Readonly<Record<string, string | undefined>>;

let bundle: Promise<string> | undefined;

/** The Worker as one module. Bundled once, whatever number of gateways run. */
export function bundleWorker(): Promise<string> {
  bundle ??= bundleOnce();
  return bundle;
}

async function bundleOnce(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}worker/index.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** The public origin that test gateways are configured with: proofs name it, whatever port is used. */
export const publicUrl = 'https://gate.example';

/** Starts a gateway that trusts one issuer of the test's own, and the engine. */
export async function startGateway(variables: Variables = {}): Promise<RunningGateway> {
  const [script, key, engineKey] = await Promise.all([bundleWorker(), makeKey(), makeKey()]);
  const issuer = 'https://issuer.example';
  const trusted = [
    { issuer, jwks: { keys: [key.publicJwk] } },
    { issuer: 'yamtam-engine', profile: 'engine', jwks: { keys: [engineKey.publicJwk] } },
  ];
  const bindings = Object.fromEntries(
    Object.entries({
      ISSUER: publicUrl,
      TRUSTED_ISSUERS: JSON.stringify(trusted),
      ...variables,
    }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;

  const lines: string[] = [];
  const worker = (name: string) => ({
    name,
    modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: script }],
    compatibilityDate: '2026-10-01',
    compatibilityFlags: ['no_nodejs_compat', 'no_nodejs_compat_v2'],
    bindings,
    durableObjects: Object.fromEntries(
      Object.entries(objects).map(([binding, className]) => [
        binding,
        name === 'gateway'
          ? { className, useSQLite: true }
          : { className, useSQLite: true, scriptName: 'gateway' },
      ]),
    ),
    unsafeDirectSockets: [{ port: 0 }],
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [worker('gateway'), worker('other')],
      port: 0,
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => lines.push(message),
    }),
  );
  await miniflare.ready;
  const [url, otherUrl] = await Promise.all(
    ['gateway', 'other'].map(async (name) => (await miniflare.unsafeGetDirectURL(name)).origin),
  );
  return {
    url: url ?? '',
    otherUrl: otherUrl ?? '',
    issuer,
    key,
    engineKey,
    logs: () => lines.join('\n'),
    miniflare,
    stop: () => miniflare.dispose(),
  };
}
