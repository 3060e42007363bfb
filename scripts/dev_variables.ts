// The Worker's variables in development: from the environment, and invented where they are missing

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
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of a gateway at this address. */
export interface DevelopmentVariables {
  readonly variables: Readonly<Record<string, string>>;
  readonly issuer: string;
  readonly audience: string;
  /** Whether tokens under the development keys count: not when the environment says whom to trust. */
  readonly trustsKeys: boolean;
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
  const trusted = [
    { issuer, jwks: { keys: [keys.issuer.publicJwk] } },
    { issuer: 'yamtam-engine', profile: 'engine', jwks: { keys: [keys.engine.publicJwk] } },
  ];
  const variables = { ISSUER: issuer, TRUSTED_ISSUERS: JSON.stringify(trusted), ...given };
  const trustsKeys = given['TRUSTED_ISSUERS'] === undefined && given['TIERS'] === undefined;
  return { variables, issuer, audience, trustsKeys };
}

/** The port that PORT names, or 8787. */
export function readPort(environment: Environment): number {
  const { PORT: text = '8787' } = environment;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new Error('PORT must be a number from 1 to 65535');
  }
  return port;
}
