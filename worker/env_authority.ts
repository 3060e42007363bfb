// The authority's variables: it is on when KEY_ENCRYPTION_KEY is set, and everything else has a default.

import * as v from 'valibot';
import type { RotationPolicy } from '../src/issue/index.ts';
import { parseJson } from '../src/verify/index.ts';
import { publicJwk, type ConfiguredJwk } from './env_issuers.ts';
import { ConfigError, nameList, readSecrets, text } from './env_values.ts';

/** What the authority works with, checked. Times in seconds. */
export interface AuthorityConfig {
  /** Base64url of 32 bytes each: the first seals, all open. Never to be logged or answered. */
  readonly sealingKeys: readonly string[];
  /** The lifetime of an access token. */
  readonly tokenLifetime: number;
  readonly rotation: RotationPolicy;
  /** Tiers whose agents get bound tokens only, whatever their registration says. */
  readonly dpopTiers: ReadonlySet<string>;
  /** Whether a proof at the token endpoint needs a nonce of ours. One that is sent is checked anyway. */
  readonly dpopNonce: 'optional' | 'required';
  /** The first operator's public key. */
  readonly operatorJwk: ConfiguredJwk | undefined;
}

/** How long isolates may sign with a key after the ring moved on, and clocks may differ, together. */
const signingSlack = 10;
const day = 86_400;

const seconds = (min: number, max: number, fallback: number): v.GenericSchema<unknown, number> =>
  v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^[1-9][0-9]{0,9}$/, 'must be whole seconds'),
      v.transform(Number),
      v.minValue(min, `must be at least ${min}`),
      v.maxValue(max, `must be at most ${max}`),
    ),
    String(fallback),
  );

const jwk = v.pipe(
  text,
  v.rawTransform(({ dataset, addIssue, NEVER }): unknown => {
    try {
      return parseJson(dataset.value);
    } catch {
      addIssue({ message: 'must be JSON without duplicate names' });
      return NEVER;
    }
  }),
  publicJwk,
);

const variables = v.object({
  TOKEN_SECONDS: seconds(1, 3600, 900),
  KEY_ACTIVE_SECONDS: seconds(5, 3650 * day, 30 * day),
  KEY_PUBLISH_SECONDS: seconds(2, 365 * day, day),
  KEY_RETIRE_SECONDS: v.optional(seconds(1, 365 * day, 1)),
  KEY_KEEP_SECONDS: seconds(1, 3650 * day, 90 * day),
  DPOP_TIERS: v.optional(nameList, ''),
  DPOP_NONCE: v.optional(
    v.picklist(['optional', 'required'], 'must be "optional" or "required"'),
    'optional',
  ),
  OPERATOR_JWK: v.optional(jwk),
});

/**
 * Checks the authority's variables; `undefined` where it is off.
 *
 * @throws ConfigError that names the variable and what is wrong with it, never its value
 */
export function readAuthority(
  env: Readonly<Record<string, unknown>>,
  tiers: readonly string[] = ['fast', 'power'],
): AuthorityConfig | undefined {
  if (env['KEY_ENCRYPTION_KEY'] === undefined) return undefined;
  const sealingKeys = readSecrets('KEY_ENCRYPTION_KEY', env['KEY_ENCRYPTION_KEY']);
  const parsed = v.safeParse(variables, env, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ConfigError(String(issue.path?.[0]?.key), issue.message);
  }
  const { output } = parsed;
  const unknown = output.DPOP_TIERS.some((tier) => !tiers.includes(tier));
  if (unknown) throw new ConfigError('DPOP_TIERS', 'must hold tiers of TIERS');
  return {
    sealingKeys,
    tokenLifetime: output.TOKEN_SECONDS,
    rotation: readRotation(output),
    dpopTiers: new Set(output.DPOP_TIERS),
    dpopNonce: output.DPOP_NONCE,
    operatorJwk: output.OPERATOR_JWK,
  };
}

function readRotation(output: v.InferOutput<typeof variables>): RotationPolicy {
  const { TOKEN_SECONDS: life, KEY_ACTIVE_SECONDS: activeFor } = output;
  const { KEY_PUBLISH_SECONDS: publishFor, KEY_KEEP_SECONDS: keepFor } = output;
  const { KEY_RETIRE_SECONDS: retireFor = life + 120 } = output;
  if (publishFor > activeFor) {
    throw new ConfigError('KEY_PUBLISH_SECONDS', 'must be at most KEY_ACTIVE_SECONDS');
  }
  // A key that goes before its last token would refuse that token
  if (retireFor < life + signingSlack) {
    throw new ConfigError(
      'KEY_RETIRE_SECONDS',
      `must be at least TOKEN_SECONDS and ${signingSlack} more`,
    );
  }
  return { activeFor, publishFor, retireFor, keepFor };
}
