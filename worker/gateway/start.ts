// Starts the gateway of an isolate: its configuration read once, for requests and for objects with sockets alike.

import { waitUntil } from 'cloudflare:workers';
import type { RevocationSource } from '../../src/verify/index.ts';
import { createAuthority } from '../authority/authority.ts';
import { followFeeds } from '../authority/revoke/revocation_view.ts';
import { readBindings, readConfig } from '../env.ts';
import { ConfigError } from '../env_values.ts';
import { logError } from '../observe/log.ts';
import { createObserver } from '../observe/observer.ts';
import { observeRoutes } from '../observe/routes.ts';
import type { Route } from '../route.ts';
import { dashboardRoutes } from './dashboard.ts';
import type { CarrierMaker } from './forward_bus.ts';
import { createServices } from './forward_services.ts';
import { createTokenReader } from './present.ts';
import { resourceMetadataRoutes } from './resource_metadata.ts';
import { routesWith } from './routes.ts';
import type { Ready } from './serve.ts';
import { createAdmissionParts, resourceNonces } from './start_admission.ts';
import { configuredRoutes } from './upstream_routes.ts';
import { createTokenCheck } from './verify.ts';

/** What a Worker that mounts the gateway may add to it. */
export interface GatewayOptions {
  /** Where revocation is looked up. Omitted: revocation is NOT checked. */
  readonly revocation?: RevocationSource;
  /** What makes the bus `nats`, which most Workers do not carry. */
  readonly nats?: CarrierMaker;
}

/** A gateway whose configuration was checked, with all of its routes. */
export interface Started extends Ready {
  readonly routes: readonly Route[];
  /** What the token check asks; `undefined`: revocation is not checked. */
  readonly revocation: RevocationSource | undefined;
  /** Whether that source has to be asked about an issuer's tokens, because nobody tells of them. */
  readonly isPolled: (issuer: string) => boolean;
}

/** Starts the gateway of an environment, once; `undefined` where its configuration is wrong. */
export type Start = (env: object) => Promise<Started | undefined> | Started | undefined;

async function start(env: object, options: GatewayOptions): Promise<Started> {
  const variables = env as Readonly<Record<string, unknown>>;
  const config = readConfig(variables);
  const bindings = readBindings(variables, config);
  const authority = createAuthority(config, bindings, waitUntil);
  const feeds = authority?.revocation ?? followFeeds(config.trustedIssuers, waitUntil);
  const { revocation = feeds } = options;
  const check = await createTokenCheck(config, {
    waitUntil,
    nonces: resourceNonces(config, authority?.nonces),
    ...(authority === undefined
      ? {}
      : { ownKeys: authority.keys, authenticateActor: authority.actors.authenticate }),
    ...(revocation === undefined ? {} : { revocation }),
  });
  const parts = createAdmissionParts(config, bindings, waitUntil);
  const followed = new Set(
    config.trustedIssuers
      .filter(({ revocationsUri }) => revocationsUri !== undefined)
      .map(({ issuer }) => issuer),
  );
  const now = (): number => Date.now();
  const { audit } = config;
  const observer = createObserver({ audit, namespace: bindings.AUDIT_LOG, now, waitUntil });
  const tokens = createTokenReader({ check, ...parts });
  return {
    config,
    check,
    observer,
    ...parts,
    forgetActor: (agentId) => authority?.actors.forget(agentId),
    services: createServices(config, bindings, waitUntil, options.nats),
    routes: [
      ...routesWith(config.bus),
      ...resourceMetadataRoutes(config),
      ...dashboardRoutes(bindings.ASSETS, config.publicUrl),
      ...(authority?.routesWith(tokens) ?? []),
      ...observeRoutes({ config, bindings, tokens, revocation, now }),
      ...configuredRoutes({ config, bindings, waitUntil }),
    ],
    revocation,
    isPolled: (issuer) => options.revocation !== undefined || followed.has(issuer),
  };
}

/** Makes the start of a gateway. What is wrong with a configuration is logged once. */
export function createStart(options: GatewayOptions): Start {
  // Results, not promises: a promise dies with the request that made it, and others would wait for ever
  const started = new WeakMap<object, Started>();
  const broken = new WeakSet<object>();

  async function begin(env: object): Promise<Started | undefined> {
    try {
      const made = await start(env, options);
      // Of several first requests one makes what all of them use: two would each count for themselves
      const first = started.get(env) ?? made;
      started.set(env, first);
      return first;
    } catch (error) {
      broken.add(env);
      logError('configuration_refused', faultOf(error));
      return undefined;
    }
  }

  return (env) => {
    const known = started.get(env);
    return known !== undefined || broken.has(env) ? known : begin(env);
  };
}

let ofThisWorker: Start = createStart({});

/** Makes the start of this Worker's gateway, which its objects then share. */
export function defineStart(options: GatewayOptions): Start {
  ofThisWorker = createStart(options);
  return ofThisWorker;
}

/** Starts the gateway that this Worker has made: objects are made without it, and serve it. */
export async function startHere(env: object): Promise<Started | undefined> {
  return ofThisWorker(env);
}

function faultOf(error: unknown): { readonly variable?: string; readonly fault: string } {
  return error instanceof ConfigError
    ? { variable: error.variable, fault: error.message }
    : { fault: 'The gateway cannot start' };
}
