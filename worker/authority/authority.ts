// The authority: what its modules share, and all of their routes in one table.

import type { RevocationSource } from '../../src/verify/index.ts';
import type { Bindings, Config } from '../env.ts';
import type { Route } from '../route.ts';
import { createActorCheck, type Actors } from './agent/actor_check.ts';
import { agentParts } from './enroll/agent_parts.ts';
import { agentRoutes } from './enroll/agent_routes.ts';
import { createClientRegistry } from './token/client_registry.ts';
import type { AuthorityContext } from './context.ts';
import { createDpopNonces, type DpopNonces } from './token/dpop_nonce.ts';
import { keyRoutes } from './keys/key_routes.ts';
import { createLookupBudget } from './http/lookup_budget.ts';
import { metadataRoutes, type MetadataPart } from './metadata.ts';
import { findRegistration } from './enroll/operator.ts';
import { createOwnKeys, type OwnKeys } from './keys/own_keys.ts';
import { revocationMetadata, revocationRoutes } from './revoke/revocation_routes.ts';
import { createRevocations } from './revoke/revocation_view.ts';
import { statusMetadata, statusRoutes } from './status/status_route.ts';
import { tokenRoutes } from './token/token.ts';
import { createTokenIssuer } from './token/token_issuer.ts';
import type { TokenReader } from './http/token_reader.ts';

/** An authority, for the gateway that it runs in. */
export interface Authority {
  readonly keys: OwnKeys;
  /** Where the gateway looks up what is revoked. */
  readonly revocation: RevocationSource;
  /** Which delegates of a chain are the agents that they are said to be. */
  readonly actors: Actors;
  /** The nonces that proofs name. */
  readonly nonces: DpopNonces;
  /** The routes, for a gateway that reads tokens in this way. */
  readonly routesWith: (tokens: TokenReader) => readonly Route[];
}

/** A part of the authority; one that has nothing real to answer has no row. */
interface Module {
  readonly routes: (context: AuthorityContext) => readonly Route[];
  /** What it adds to the metadata of the authority (RFC 8414 section 2). */
  readonly metadata?: MetadataPart;
}

const modules: readonly Module[] = [
  { routes: keyRoutes },
  { routes: tokenRoutes },
  { routes: agentRoutes },
  { routes: revocationRoutes, metadata: revocationMetadata },
  { routes: statusRoutes, metadata: statusMetadata },
];

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
  const revocation = createRevocations({ config, bindings, waitUntil });
  const parts = agentParts({ config, settings, bindings, now });
  const shared: Omit<AuthorityContext, 'tokens'> = {
    config,
    settings,
    bindings,
    keys,
    clients: createClientRegistry({
      load: (id) => findRegistration(parts, id),
      budget: createLookupBudget(now),
      now,
    }),
    nonces: createDpopNonces({ keys: keys.nonceKeys, now }),
    issueToken: createTokenIssuer({ config, settings, now }),
    revocation,
    waitUntil,
    now,
  };
  const metadata = modules.flatMap((module) => module.metadata ?? []);
  return {
    keys,
    revocation,
    nonces: shared.nonces,
    actors: createActorCheck({
      load: (id) => bindings.AGENT.getByName(id).registration(),
      now,
    }),
    routesWith(tokens) {
      const context = { ...shared, tokens };
      const rows = modules.flatMap(({ routes }) => routes(context));
      return [...rows, ...metadataRoutes(context, metadata)];
    },
  };
}
