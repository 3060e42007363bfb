// The variables of admission: how many requests each tier may make, and where a proof is needed.

import * as v from 'valibot';
import { isScope } from '../src/verify/index.ts';
import { ConfigError, nameList, readSecrets } from './env_values.ts';

/** What requests are admitted by, checked. */
export interface AdmissionConfig {
  /** Requests in a minute, for every tier. */
  readonly quotas: ReadonlyMap<string, number>;
  /** Tiers whose agents need bound tokens on every route. */
  readonly proofTiers: ReadonlySet<string>;
  /** Scopes that nobody uses without a bound token. */
  readonly proofScopes: readonly string[];
  /** Whether every proof on a guarded route needs a nonce of ours. */
  readonly nonce: 'optional' | 'required';
  /** Base64url of 32 bytes each: what nonces are made under where there is no authority. */
  readonly nonceSecrets: readonly string[];
}

const defaultTiers = ['fast', 'power'];
/** In a minute: of the lowest tier, and of those above it. */
const defaultQuota = { lowest: 1200, higher: 6000 };
const maxQuota = 1_000_000;

const quota = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9-]{1,64}=[1-9][0-9]{0,6}$/, 'must hold tier=requests, for one minute'),
  v.transform((entry) => {
    const [tier = '', requests] = entry.split('=');
    return [tier, Number(requests)] as const;
  }),
  v.check(([, requests]) => requests <= maxQuota, `must hold at most ${maxQuota} for a tier`),
);

const variables = v.object({
  RATE_LIMITS: v.optional(v.pipe(nameList, v.array(quota)), ''),
  DPOP_REQUIRED: v.optional(nameList, ''),
  DPOP_RESOURCE_NONCE: v.optional(
    v.picklist(['optional', 'required'], 'must be "optional" or "required"'),
    'optional',
  ),
});

/**
 * Checks the variables of admission. `issues` says whether there is an authority in this gateway.
 *
 * @throws ConfigError that names the variable and what is wrong with it, never its value
 */
export function readAdmission(
  env: Readonly<Record<string, unknown>>,
  {
    tiers = defaultTiers,
    issues,
  }: { readonly tiers?: readonly string[] | undefined; readonly issues: boolean },
): AdmissionConfig {
  const parsed = v.safeParse(variables, env, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ConfigError(String(issue.path?.[0]?.key), issue.message);
  }
  const {
    RATE_LIMITS: limits,
    DPOP_REQUIRED: required,
    DPOP_RESOURCE_NONCE: nonce,
  } = parsed.output;
  const proofScopes = required.filter((name) => name.includes(':'));
  if (!proofScopes.every(isScope)) {
    throw new ConfigError('DPOP_REQUIRED', 'must hold tiers of TIERS, and scopes');
  }
  const proofTiers = required.filter((name) => !name.includes(':'));
  if (!proofTiers.every((tier) => tiers.includes(tier))) {
    throw new ConfigError('DPOP_REQUIRED', 'must hold tiers of TIERS, and scopes');
  }
  const nonceSecrets = readNonceSecrets(env['NONCE_KEY'], issues);
  if (nonce === 'required' && !issues && nonceSecrets.length === 0) {
    throw new ConfigError('NONCE_KEY', 'is required: DPOP_RESOURCE_NONCE is');
  }
  return {
    quotas: readQuotas(limits, tiers),
    proofTiers: new Set(proofTiers),
    proofScopes,
    nonce,
    nonceSecrets,
  };
}

function readQuotas(
  limits: readonly (readonly [string, number])[],
  tiers: readonly string[],
): ReadonlyMap<string, number> {
  const quotas = new Map(
    tiers.map((tier, at) => [tier, at === 0 ? defaultQuota.lowest : defaultQuota.higher]),
  );
  const named = new Set<string>();
  for (const [tier, requests] of limits) {
    if (!quotas.has(tier)) throw new ConfigError('RATE_LIMITS', 'must hold tiers of TIERS');
    if (named.has(tier)) throw new ConfigError('RATE_LIMITS', 'must not name a tier twice');
    named.add(tier);
    quotas.set(tier, requests);
  }
  return quotas;
}

/** An authority has secrets of its own, which change every day. */
function readNonceSecrets(value: unknown, issues: boolean): readonly string[] {
  if (value === undefined) return [];
  if (issues) throw new ConfigError('NONCE_KEY', 'must not be set: KEY_ENCRYPTION_KEY is');
  return readSecrets('NONCE_KEY', value);
}
