// The Worker's variables in development: from the environment, and invented where they are missing

import type { SigningKey } from '../src/index.ts';
import type { DevelopmentKeys } from './dev_keys.ts';

/** What is passed through; the Worker checks the values, and names the variable that is wrong. */
export const gatewayVariables = [
  'ISSUER',
  'PUBLIC_URL',
  'AUDIENCE',
  'TIERS',
  'TRUSTED_ISSUERS',
  'ROUTES',
  'ALLOWED_ORIGINS',
  'TRUST_DOMAIN',
  'BUS',
  'BUS_URL',
  'BUS_SECRET',
  'AUDIT',
  'AUDIT_SHARDS',
  'AUDIT_DAYS',
  'AUDIT_MEGABYTES',
  'AUDIT_SIGNING_KEY',
  'METRICS_TOKEN',
  'OPERATOR_JWK',
  'KEY_ENCRYPTION_KEY',
  'TOKEN_SECONDS',
  'KEY_ACTIVE_SECONDS',
  'KEY_PUBLISH_SECONDS',
  'KEY_RETIRE_SECONDS',
  'KEY_KEEP_SECONDS',
  'DPOP_TIERS',
  'DPOP_NONCE',
  'DPOP_REQUIRED',
  'DPOP_RESOURCE_NONCE',
  'NONCE_KEY',
  'RATE_LIMITS',
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a gateway at this address. */
export interface DevelopmentVariables {
  readonly variables: Readonly<Record<string, string>>;
  /** Who may register agents there; `undefined` where the environment names another or none. */
  readonly operator: SigningKey | undefined;
}

/** Takes the variables from the environment; what a start needs and is not there is made up. */
export function developmentVariables(
  environment: Environment,
  url: string,
  keys: DevelopmentKeys,
): DevelopmentVariables {
  const given: Partial<Record<(typeof gatewayVariables)[number], string>> = {};
  for (const name of gatewayVariables) {
    const value = environment[name];
    if (value !== undefined) given[name] = value;
  }
  const { ISSUER: issuer = url, PUBLIC_URL: publicUrl = issuer, TIERS: tiers } = given;
  const engine = {
    issuer: 'yamtam-engine',
    profile: 'engine',
    jwks: { keys: [keys.engine.publicJwk] },
  };
  const invented: Record<string, string> = {
    ISSUER: issuer,
    TRUSTED_ISSUERS: JSON.stringify([engine]),
  };
  // Who says in TRUSTED_ISSUERS whose keys count for the address does not want another authority there
  const isElsewhere = namesIssuer(given.TRUSTED_ISSUERS, issuer);
  if (!isElsewhere) {
    invented['KEY_ENCRYPTION_KEY'] = keys.sealing;
    invented['OPERATOR_JWK'] = JSON.stringify(keys.operator.publicJwk);
  }
  const ours = !isElsewhere && given.OPERATOR_JWK === undefined && tiers === undefined;
  return {
    variables: { ...invented, ...given },
    operator: ours && issuer === url && publicUrl === url ? keys.operator : undefined,
  };
}

/** Tells whether a list of trusted issuers names one; the Worker says what else is wrong with it. */
function namesIssuer(list: string | undefined, issuer: string): boolean {
  try {
    const entries: unknown = JSON.parse(list ?? '[]');
    return (
      Array.isArray(entries) &&
      entries.some((entry: { issuer?: unknown } | null) => entry?.issuer === issuer)
    );
  } catch {
    return false;
  }
}
