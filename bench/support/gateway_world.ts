// The gateway and all that it is held against, running: Workers in one workerd, HAProxy beside it, both on one core.

import { randomBytes } from 'node:crypto';
import { makeTokens, tokenIssuer, type BenchTokens } from './bench_tokens.ts';
import { bareHono, bareWorker, gatewayWithRecords, honoJose, objectHop } from './gateway_peers.ts';
import { startHaproxy, type Peer } from './haproxy.ts';
import { bundleWorker, pin, startWorkers, type BenchWorker } from './workers.ts';
import { findWrk, type LoadOptions } from './wrk.ts';

/** What runs. */
export interface GatewayWorld {
  readonly tokens: BenchTokens;
  /** The address of a route of a Worker. */
  readonly at: (name: string, path?: string) => string;
  readonly pid: number;
  readonly haproxy: Peer | undefined;
  /** How wrk is to load them: 64 connections, on another core than theirs. */
  readonly load: Omit<LoadOptions, 'url' | 'first' | 'skip' | 'seconds'>;
  readonly stop: () => Promise<void>;
}

/** How large a world is wanted. */
export interface WorldOptions {
  readonly tokens: number;
  /** Gateways whose log holds so many records, called `records-<count>`. */
  readonly records?: readonly number[];
  readonly inspectorPort?: number;
}

const serverCore = 0;
const clientCore = 1;

/** Starts it all. */
export async function startGatewayWorld(options: WorldOptions): Promise<GatewayWorld> {
  const wrk = findWrk();
  const tokens = await makeTokens(options.tokens);
  const [gateway, withRecords, hono, jose, hop] = await Promise.all([
    bundleWorker({ entry: 'worker/index.ts' }),
    bundleWorker({ code: gatewayWithRecords }),
    bundleWorker({ code: bareHono }),
    bundleWorker({ code: honoJose }),
    bundleWorker({ code: objectHop }),
  ]);
  const jwk = JSON.stringify(tokens.publicJwk);
  const variables = {
    ISSUER: 'https://gate.example',
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    TRUSTED_ISSUERS: `[{"issuer":"${tokenIssuer}","jwks":{"keys":[${jwk}]}}]`,
    // What is measured is the gateway, not how soon it says no
    RATE_LIMITS: 'fast=1000000,power=1000000',
  };
  const own = { isGateway: true, script: gateway };
  const list: readonly BenchWorker[] = [
    { name: 'bare', script: bareWorker },
    { name: 'hono', script: hono },
    { name: 'jose', script: jose, bindings: { KEY: jwk, TOKEN_ISSUER: tokenIssuer } },
    { name: 'gateway', ...own, bindings: variables },
    { name: 'required', ...own, bindings: { ...variables, AUDIT: 'required' } },
    { name: 'hop', ...own, script: hop, objectsOf: 'gateway' },
    ...(options.records ?? []).map((count) => ({
      name: `records-${count}`,
      isGateway: true,
      script: withRecords,
      bindings: { ...variables, RECORDS: String(count) },
    })),
  ];
  const workers = await startWorkers(list, options);
  const haproxy = await startHaproxy(tokens.publicPem, tokenIssuer);
  const pids = haproxy === undefined ? [workers.pid] : [workers.pid, haproxy.pid];
  const isPinned = pids.map((pid) => pin(pid, serverCore)).every(Boolean);
  if (!isPinned) process.stdout.write('taskset is missing: servers and wrk share all cores\n');
  if (haproxy === undefined) process.stdout.write('HAProxy is missing: apt-get install haproxy\n');
  return {
    tokens,
    at: (name, path = '/whoami') => workers.url(name) + path,
    pid: workers.pid,
    haproxy,
    load: { wrk, tokens: tokens.file, connections: 64, core: isPinned ? clientCore : undefined },
    async stop() {
      await Promise.all([workers.stop(), haproxy?.stop()]);
      tokens.remove();
    },
  };
}
