// ROUTES: path prefixes that lead to services behind the gateway, and what each of them takes.

import * as v from 'valibot';
import { parseJson } from '../src/verify/index.ts';
import {
  mebibyte,
  writtenRoutes,
  type UpstreamMethod,
  type WrittenRoute,
} from './env_route_schema.ts';
import { ConfigError } from './env_values.ts';

/** One configured route, with its defaults filled in. Times in seconds, sizes in bytes. */
export interface UpstreamRoute {
  /** The beginning of the path, without a final slash: itself and everything below it. */
  readonly prefix: string;
  /** The origin of the service, as URLs serialize it. */
  readonly origin: string;
  /** The path of the service that the prefix stands for, without a final slash. */
  readonly base: string;
  /** The service binding that is called instead of the network. */
  readonly service: string | undefined;
  readonly methods: readonly UpstreamMethod[];
  readonly scopes: readonly string[];
  /** Whose agents may use it; `undefined`: all. */
  readonly tiers: readonly string[] | undefined;
  /** `required`: a token that is not bound to a key is refused. */
  readonly dpop: 'optional' | 'required';
  /** Until the headers of the answer. */
  readonly timeout: number;
  /** Between two pieces of a body, in either direction. Event streams may be silent. */
  readonly idleTimeout: number;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  /** What tokens must be for; `undefined`: what they must be for on the gateway's own routes. */
  readonly audience: string | undefined;
  /** Whether the service gets a transaction token. */
  readonly trusted: boolean;
  /** Whether it is an MCP server. */
  readonly mcp: boolean;
}

/** What the routes are checked against. */
export interface RouteSurroundings {
  readonly issuer: string;
  readonly publicUrl: string;
  /** `undefined`: the library's own. */
  readonly tiers: readonly string[] | undefined;
  /** Whether the gateway has keys of its own, and so can sign transaction tokens. */
  readonly signs: boolean;
}

const name = 'ROUTES';
/**
 * Checks the value of ROUTES. A member that is not known is a mistake, not ignored.
 *
 * @throws ConfigError that names the row and the member
 */
export function readRoutes(
  value: string | readonly unknown[] | undefined,
  surroundings: RouteSurroundings,
): readonly UpstreamRoute[] {
  if (value === undefined) return [];
  const written = typeof value === 'string' ? parse(value) : value;
  const parsed = v.safeParse(writtenRoutes, written, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ConfigError(`${name}${place(issue.path)}`, faultOf(issue));
  }
  const routes = parsed.output.map((row, at) => {
    const route = fill(row, surroundings);
    checkRow(route, row, at, surroundings);
    return route;
  });
  refuseOverlap(routes);
  return routes;
}

/** A strict object reports an unknown member as expecting "never", and a missing one as received undefined. */
function faultOf({ expected, received, message }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'is not a member of a route';
  return received === 'undefined' ? 'is required' : message;
}

function parse(json: string): unknown {
  try {
    return parseJson(json);
  } catch {
    throw new ConfigError(name, 'must be JSON without duplicate names');
  }
}

function place(path: readonly { readonly key: unknown }[] | undefined): string {
  return (path ?? [])
    .map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('');
}

function fill(row: WrittenRoute, { publicUrl }: RouteSurroundings): UpstreamRoute {
  const { origin, pathname } = new URL(row.upstream);
  // Streamable HTTP: messages by POST, an event stream by GET, the end of a session by DELETE
  const methods = row.methods ?? (row.mcp ? ['GET', 'POST', 'DELETE'] : ['GET']);
  return {
    prefix: row.prefix,
    origin,
    base: pathname.replace(/\/$/, ''),
    service: row.service,
    methods,
    scopes: row.scopes ?? [],
    tiers: row.tiers,
    dpop: row.dpop,
    timeout: row.timeout,
    idleTimeout: row.idle_timeout,
    maxRequestBytes: row.max_request_bytes ?? (row.mcp ? mebibyte : 10 * mebibyte),
    maxResponseBytes: row.max_response_bytes ?? (row.mcp ? 10 * mebibyte : 100 * mebibyte),
    audience: row.audience ?? (row.mcp ? publicUrl + row.prefix : undefined),
    trusted: row.trusted,
    mcp: row.mcp,
  };
}

function checkRow(
  route: UpstreamRoute,
  { scopes }: WrittenRoute,
  at: number,
  surroundings: RouteSurroundings,
): void {
  const refuse = (member: string, fault: string): ConfigError =>
    new ConfigError(`${name}[${at}].${member}`, fault);
  const own = [surroundings.publicUrl, surroundings.issuer];
  if (own.includes(route.origin)) throw refuse('upstream', 'must not be the gateway itself');
  const { tiers = ['fast', 'power'] } = surroundings;
  if (route.tiers?.some((tier) => !tiers.includes(tier))) {
    throw refuse('tiers', 'must hold tiers of TIERS');
  }
  if (route.trusted && !surroundings.signs) {
    throw refuse('trusted', 'needs KEY_ENCRYPTION_KEY: without keys there is nothing to sign with');
  }
  const { methods } = route;
  if (route.mcp && methods.some((method) => method === 'PUT' || method === 'PATCH')) {
    throw refuse('methods', 'must be GET, POST and DELETE at most: no other has a meaning in MCP');
  }
  // Forgotten, it would let every agent through that has any token at all
  if (!route.mcp && scopes === undefined) throw refuse('scopes', 'is required: [] asks for none');
}

function refuseOverlap(routes: readonly UpstreamRoute[]): void {
  routes.forEach(({ prefix }, at) => {
    const other = routes.findIndex(
      (route, place) =>
        place < at &&
        (`${prefix}/`.startsWith(`${route.prefix}/`) ||
          `${route.prefix}/`.startsWith(`${prefix}/`)),
    );
    if (other >= 0) throw new ConfigError(`${name}[${at}].prefix`, `overlaps that of row ${other}`);
  });
}

/**
 * The audience of transaction tokens: none that an agent's token could have, or either could be
 * taken for the other.
 *
 * @throws ConfigError
 */
export function readTrustDomain(
  given: string | undefined,
  { audience, publicUrl, trustedIssuers, routes }: Audiences,
): string {
  const trustDomain = given ?? new URL(publicUrl).host;
  const audiences = [
    audience,
    publicUrl,
    ...trustedIssuers.flatMap((trusted) => trusted.audience),
    ...routes.flatMap((route) => route.audience ?? []),
  ];
  // Nobody is told of a default that nobody uses
  const matters = given !== undefined || routes.some(({ trusted }) => trusted);
  if (!matters || !audiences.includes(trustDomain)) return trustDomain;
  throw new ConfigError('TRUST_DOMAIN', 'must not be an audience of tokens');
}

interface Audiences {
  readonly audience: string;
  readonly publicUrl: string;
  readonly trustedIssuers: readonly { readonly audience: readonly string[] }[];
  readonly routes: readonly UpstreamRoute[];
}
