// The authority: what its modules share, and all of their routes in one table.

import type { RevocationSource } from '../../src/index.ts';
import type { Bindings, Config } from '../env.ts';
import type { Route } from '../route.ts';
import type { AuthorityContext } from './context.ts';
import { keyRoutes } from './key_routes.ts';
import { createOwnKeys, type OwnKeys } from './own_keys.ts';

/** An authority, for the gateway that it runs in. */
export interface Authority {
  readonly keys: OwnKeys;
  /** Where the gateway looks up what is revoked. */
  readonly revocation: RevocationSource | undefined;
  readonly routes: readonly Route[];
}

/** Each module's rows; a module that has nothing real to answer has no row. */
const modules: readonly ((context: AuthorityContext) => readonly Route[])[] = [keyRoutes];

/** Makes the authority of a configuration, unless that has none. Calls no object yet. */
export function createAuthority(
  config: Config,
  bindings: Bindings,
  waitUntil: AuthorityContext['waitUntil'],
): Authority | undefined {
  const { authority: settings } = config;
  if (settings === undefined) return undefined;
  const now = (): number => Date.now();
  const keys = createOwnKeys({ config, settings, bindings, waitUntil, now });
  const context: AuthorityContext = { config, settings, bindings, keys, waitUntil, now };
  return { keys, revocation: undefined, routes: modules.flatMap((rows) => rows(context)) };
}
