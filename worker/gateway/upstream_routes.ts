// The rows that ROUTES adds to the gateway: the configured routes, and the keys that trusted services check with.

import type { Bindings, Config } from '../env.ts';
import type { Route } from '../route.ts';
import { createTxnKeys, type TxnKeys } from './txn_keys.ts';
import { createTxnSigner, txnRoutes } from './txn_token.ts';
import { upstreamRoutes } from './upstream.ts';

/** What the rows need. */
export interface ConfiguredRouteOptions {
  readonly config: Config;
  readonly bindings: Bindings;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Only who sends transaction tokens has keys for them: an authority whose routes name a trusted service. */
function keysOf({ config, bindings, waitUntil }: ConfiguredRouteOptions): TxnKeys | undefined {
  const { authority: settings, routes } = config;
  if (settings === undefined || !routes.some(({ trusted }) => trusted)) return undefined;
  return createTxnKeys({ config, settings, bindings, waitUntil, now: () => Date.now() });
}

/**
 * Makes the rows.
 *
 * @throws ConfigError when a service is not bound
 */
export function configuredRoutes(options: ConfiguredRouteOptions): readonly Route[] {
  const { config, bindings } = options;
  const keys = keysOf(options);
  const signTxn = keys && createTxnSigner(config, keys, () => Date.now());
  const env = bindings as unknown as Readonly<Record<string, unknown>>;
  return [
    ...upstreamRoutes({ config, env, signTxn }),
    ...(keys === undefined ? [] : txnRoutes(keys)),
  ];
}
