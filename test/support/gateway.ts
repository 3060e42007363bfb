// Runs the built Worker in workerd and talks to it over real HTTP

import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { inject } from 'vitest';
import type { BuiltGateway } from './gateway_build.ts';
import { makeKey, type TestKey } from './tokens.ts';

/** The public origin that test gateways are configured with: proofs name it, whatever port is used. */
export const publicUrl = 'https://gate.example';

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
  /** Takes an object out of memory; what it stored stays. */
  readonly evict: (className: string, name: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How a test wants its gateway. */
export interface GatewaySetup {
  /** Variables that differ from the default ones; `undefined` leaves a variable out. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** A module whose object classes, all of them, stand in for the gateway's own. */
  readonly objects?: string;
  /** The Worker as one module, where it is not worker/index.ts. */
  readonly script?: string;
}

interface ObjectDesignator {
  readonly className: string;
  readonly useSQLite: true;
  readonly scriptName?: string;
}

/**
 * The variables of a gateway that trusts one issuer of the test's own, and the engine.
 *
 * Its rates are out of reach: who watches for a change asks as fast as the machine can.
 */
function defaultVariables(issuer: string, key: TestKey, engineKey: TestKey): object {
  const trusted = [
    { issuer, jwks: { keys: [key.publicJwk] } },
    { issuer: 'yamtam-engine', profile: 'engine', jwks: { keys: [engineKey.publicJwk] } },
  ];
  return {
    ISSUER: publicUrl,
    TRUSTED_ISSUERS: JSON.stringify(trusted),
    RATE_LIMITS: 'fast=1000000,power=1000000',
  };
}

/** Starts a gateway as two Workers of one instance, with everything else as in wrangler.toml. */
export async function startGateway(setup: GatewaySetup = {}): Promise<RunningGateway> {
  const { script: built, options }: BuiltGateway = inject('gateway');
  const { script = built } = setup;
  const [key, engineKey] = await Promise.all([makeKey(), makeKey()]);
  const issuer = 'https://issuer.example';
  const variables = { ...defaultVariables(issuer, key, engineKey), ...setup.variables };
  const bindings = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
  const own = options['durableObjects'] as Readonly<Record<string, ObjectDesignator>>;

  const worker = (name: string, source: string, scriptName?: string) => ({
    ...options,
    name,
    modules: [{ type: 'ESModule' as const, path: 'worker.js', contents: source }],
    bindings,
    durableObjects: Object.fromEntries(
      Object.entries(own).map(([binding, { className }]) => [
        binding,
        { className, useSQLite: true, ...(scriptName === undefined ? {} : { scriptName }) },
      ]),
    ),
    unsafeDirectSockets: [{ port: 0 }],
  });
  const lines: string[] = [];
  const stand = setup.objects;
  const owner = stand === undefined ? 'gateway' : 'objects';
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        worker('gateway', script, stand === undefined ? undefined : owner),
        worker('other', script, owner),
        ...(stand === undefined ? [] : [worker('objects', stand)]),
      ],
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: ({ message }) => lines.push(message),
    }),
  );
  await miniflare.ready;
  const origin = async (name: string): Promise<string> =>
    (await miniflare.unsafeGetDirectURL(name)).origin;
  return {
    url: await origin('gateway'),
    otherUrl: await origin('other'),
    issuer,
    key,
    engineKey,
    logs: () => lines.join('\n'),
    evict: (className, name) => miniflare.unsafeEvictDurableObject(owner, className, { name }),
    stop: () => miniflare.dispose(),
  };
}
