// Bindings and variables → checked Config, or a start-up error that names the variable.

import * as v from 'valibot';
import type { Agent } from './authority/agent/agent.ts';
import type { KeyRing } from './authority/keys/key_ring.ts';
import type { RevocationLog } from './authority/revoke/revocation_log.ts';
import type { StatusLists } from './authority/status/status_lists.ts';
import type { Connections } from './bus/connections.ts';
import type { Directory } from './directory.ts';
import type { Mailbox } from './bus/mailbox.ts';
import type { Outbox } from './bus/outbox.ts';
import { readAdmission, type AdmissionConfig } from './env_admission.ts';
import { readAudit, type AuditConfig } from './env_audit.ts';
import { readAuthority, type AuthorityConfig } from './env_authority.ts';
import { readBus, type BusConfig } from './env_bus.ts';
import { ConfigError, isSecureOrigin, nameList, text } from './env_values.ts';
import { readTrustedIssuers, type TrustedIssuer } from './env_issuers.ts';
import { readRoutes, readTrustDomain, type UpstreamRoute } from './env_routes.ts';
import type { AuditLog } from './observe/audit_log.ts';

/** What wrangler.toml binds, and the variables, which are not checked yet. */
export interface Bindings {
  readonly AGENT: DurableObjectNamespace<Agent>;
  readonly CONNECTIONS: DurableObjectNamespace<Connections>;
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly MAILBOX: DurableObjectNamespace<Mailbox>;
  readonly OUTBOX: DurableObjectNamespace<Outbox>;
  readonly KEY_RING: DurableObjectNamespace<KeyRing>;
  readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
  readonly STATUS_LISTS: DurableObjectNamespace<StatusLists>;
  readonly AUDIT_LOG: DurableObjectNamespace<AuditLog>;
  /** The dashboard's files. */
  readonly ASSETS?: Fetcher;
  /** The bus elsewhere, where BUS is "http" and BUS_URL is not set. */
  readonly BUS_SERVICE?: Fetcher;
  /** What the platform counts: refusals by address, and bearer tokens by agent. */
  readonly ANONYMOUS_LIMIT?: RateLimitBinding;
  readonly BEARER_LIMIT?: RateLimitBinding;
}

/** The rate-limit binding of Workers. */
export interface RateLimitBinding {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** The variables, checked. */
export interface Config {
  /** The gateway's own issuer: an origin. */
  readonly issuer: string;
  /** The only origin used for `htu`, metadata and challenges. */
  readonly publicUrl: string;
  readonly audience: string;
  readonly trustedIssuers: readonly TrustedIssuer[];
  readonly allowedOrigins: ReadonlySet<string>;
  /** What carries the messages. */
  readonly bus: BusConfig;
  /** The tiers, lowest first; `undefined` leaves them to the library's default. */
  readonly tiers: readonly string[] | undefined;
  /** How requests are admitted. */
  readonly admission: AdmissionConfig;
  /** The services behind the gateway. */
  readonly routes: readonly UpstreamRoute[];
  /** The audience of transaction tokens. */
  readonly trustDomain: string;
  /** What is written down about decisions, and for how long. */
  readonly audit: AuditConfig;
  /** `undefined`: this gateway issues nothing, and trusts an authority elsewhere. */
  readonly authority: AuthorityConfig | undefined;
}

const secureOrigin = v.pipe(
  text,
  v.check(
    isSecureOrigin,
    'must be an https URL (http on loopback only) without path, query, fragment or final slash',
  ),
);

const audience = v.pipe(
  text,
  v.regex(/^[\x21-\x7e]{1,512}$/, 'must be printable, without spaces, at most 512 characters'),
  v.check((value) => value !== '*', 'must be one exact audience'),
);

const origins = v.pipe(
  nameList,
  v.checkItems(
    (origin) => isSecureOrigin(origin) && !origin.includes('*'),
    'must hold exact https origins (http on loopback only), no "*"',
  ),
);

const tiers = v.pipe(
  nameList,
  v.minLength(1, 'must name at least one tier'),
  v.checkItems((name) => /^[a-z0-9-]{1,64}$/.test(name), 'must hold tiers of a-z, 0-9 and "-"'),
);

const variables = v.object({
  ISSUER: secureOrigin,
  PUBLIC_URL: v.optional(secureOrigin),
  AUDIENCE: v.optional(audience, 'swarm-bus'),
  TRUSTED_ISSUERS: v.optional(text),
  ALLOWED_ORIGINS: v.optional(origins, ''),
  TIERS: v.optional(tiers),
  // A list where wrangler's file holds it, text where the environment does
  ROUTES: v.optional(v.union([text, v.array(v.unknown())], 'must be JSON')),
  TRUST_DOMAIN: v.optional(audience),
});

const objects = ['AGENT', 'CONNECTIONS', 'DIRECTORY', 'MAILBOX', 'OUTBOX', 'AUDIT_LOG'] as const;
const authorityObjects = ['KEY_RING', 'REVOCATION_LOG', 'STATUS_LISTS'] as const;

/**
 * Checks the variables. Reads no clock and opens nothing, so start scripts can call it in Node.
 *
 * @throws ConfigError that names the variable and what is wrong with it, never its value
 */
export function readConfig(env: Readonly<Record<string, unknown>>): Config {
  const parsed = v.safeParse(variables, env, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const name = String(issue.path?.[0]?.key);
    throw new ConfigError(name, env[name] === undefined ? 'is required' : issue.message);
  }
  const { output } = parsed;
  const authority = readAuthority(env, output.TIERS);
  const { ISSUER: issuer, PUBLIC_URL: publicUrl = issuer, AUDIENCE: audience } = output;
  const trustedIssuers = trustedBeside(authority, output);
  const signs = authority !== undefined;
  const routes = readRoutes(output.ROUTES, { issuer, publicUrl, tiers: output.TIERS, signs });
  return {
    issuer,
    publicUrl,
    audience,
    trustedIssuers,
    routes,
    trustDomain: readTrustDomain(output.TRUST_DOMAIN, {
      audience,
      publicUrl,
      trustedIssuers,
      routes,
    }),
    allowedOrigins: new Set(output.ALLOWED_ORIGINS),
    bus: readBus(env),
    tiers: output.TIERS,
    admission: readAdmission(env, { tiers: output.TIERS, issues: authority !== undefined }),
    audit: readAudit(env, authority !== undefined),
    authority,
  };
}

/** The issuers elsewhere. Somebody must be trusted, and our own issuer has our own keys. */
function trustedBeside(
  authority: AuthorityConfig | undefined,
  { ISSUER, TRUSTED_ISSUERS, AUDIENCE }: v.InferOutput<typeof variables>,
): readonly TrustedIssuer[] {
  if (TRUSTED_ISSUERS === undefined) {
    if (authority !== undefined) return [];
    throw new ConfigError('TRUSTED_ISSUERS', 'is required, or KEY_ENCRYPTION_KEY');
  }
  const trusted = readTrustedIssuers(TRUSTED_ISSUERS, AUDIENCE);
  if (authority !== undefined && trusted.some(({ issuer }) => issuer === ISSUER)) {
    throw new ConfigError('TRUSTED_ISSUERS', 'must not name ISSUER: KEY_ENCRYPTION_KEY is set');
  }
  return trusted;
}

/**
 * Checks that the Durable Objects are bound, which a Worker that mounts the gateway may forget.
 *
 * @throws ConfigError that names the binding
 */
export function readBindings(
  env: Readonly<Record<string, unknown>>,
  { authority }: Pick<Config, 'authority'> = { authority: undefined },
): Bindings {
  for (const name of authority === undefined ? objects : [...objects, ...authorityObjects]) {
    const bound = env[name];
    if (typeof bound !== 'object' || bound === null || !('idFromName' in bound)) {
      throw new ConfigError(name, 'must be bound to its Durable Object class');
    }
  }
  return env as unknown as Bindings;
}
