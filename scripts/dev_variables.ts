// The Worker's variables in development: from the environment, and invented where they are missing

import type { SigningKey } from '../src/index.ts';
import type { DevelopmentKeys } from './dev_keys.ts';

/** What is passed through; the Worker checks the values, and names the variable that is wrong. */
const passed = [
  'ISSUER',
  'PUBLIC_URL',
  'AUDIENCE',
  'TIERS',
  'TRUSTED_ISSUERS',
  'ROUTES',
  'ALLOWED_ORIGINS',
  'TRUST_DOMAIN',
  'BUS',
  'AUDIT',
  'OPERATOR_JWK',
  'KEY_ENCRYPTION_KEY',
  'TOKEN_SECONDS',
  'KEY_ACTIVE_SECONDS',
  'KEY_PUBLISH_SECONDS',
  'KEY_RETIRE_SECONDS',
  'KEY_KEEP_SECONDS',
  'DPOP_TIERS',
  'DPOP_NONCE',
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a gateway at this address. */
export interface DevelopmentVariables {
  readonly variables: Readonly<Record<string, string>>;
  /** Who signs development tokens; `undefined` where the environment says whom to trust. */
  readonly signer: Signer | undefined;
}

/** A development key with what its tokens must say to count. */
export interface Signer {
  readonly name: keyof DevelopmentKeys;
  readonly key: SigningKey;
  readonly issuer: string;
  readonly audience: string;
}

/** Takes the variables from the environment; what a start needs and is not there is made up. */
export function developmentVariables(
  environment: Environment,
  url: string,
  keys: DevelopmentKeys,
): DevelopmentVariables {
  const given = Object.fromEntries(
    passed.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const { ISSUER: issuer = url, AUDIENCE: audience = 'swarm-bus' } = given;
  // With a key to seal keys with, the gateway is the authority: it makes its own issuer's keys itself
  const isAuthority = given['KEY_ENCRYPTION_KEY'] !== undefined;
  const own = { issuer, jwks: { keys: [keys.issuer.publicJwk] } };
  const engine = {
    issuer: 'yamtam-engine',
    profile: 'engine',
    jwks: { keys: [keys.engine.publicJwk] },
  };
  const trusted = isAuthority ? [engine] : [own, engine];
  const variables = { ISSUER: issuer, TRUSTED_ISSUERS: JSON.stringify(trusted), ...given };
  if (given['TRUSTED_ISSUERS'] !== undefined || given['TIERS'] !== undefined) {
    return { variables, signer: undefined };
  }
  const name = isAuthority ? 'engine' : 'issuer';
  return {
    variables,
    signer: { name, key: keys[name], issuer: isAuthority ? engine.issuer : issuer, audience },
  };
}
