// The variables of what is observed: the audit log, its shards, its key, how long it is kept, and /metrics.

import * as v from 'valibot';
import { parseJson } from '../src/verify/index.ts';
import { ConfigError, text } from './env_values.ts';

/** What is observed, checked. */
export interface AuditConfig {
  /** `required`: nothing is forwarded before its record is durable. */
  readonly mode: 'best-effort' | 'required';
  readonly shards: number;
  /** How long records are kept, in seconds. */
  readonly keepFor: number;
  /** How many bytes of records a shard keeps. */
  readonly keepBytes: number;
  /** A private JWK for a gateway without an authority. Never to be logged or answered. */
  readonly signingKey: Readonly<Record<string, unknown>> | undefined;
  /** What a scraper of /metrics may present instead of an agent's token. Never to be logged. */
  readonly metricsToken: string | undefined;
}

const count = (min: number, max: number, fallback: number): v.GenericSchema<unknown, number> =>
  v.optional(
    v.pipe(
      v.string('must be text'),
      v.regex(/^[1-9]\d{0,6}$/, 'must be a whole number'),
      v.transform(Number),
      v.minValue(min, `must be at least ${min}`),
      v.maxValue(max, `must be at most ${max}`),
    ),
    String(fallback),
  );

const signingKey = v.pipe(
  text,
  v.rawTransform(({ dataset, addIssue, NEVER }): Readonly<Record<string, unknown>> => {
    try {
      const jwk = parseJson(dataset.value);
      if (typeof jwk === 'object' && jwk !== null && 'd' in jwk) return { ...jwk };
    } catch {
      // Reported below, without the value
    }
    addIssue({ message: 'must be a private JWK: EC P-256 or Ed25519' });
    return NEVER;
  }),
);

const variables = v.object({
  AUDIT: v.optional(
    v.picklist(['best-effort', 'required'], 'must be "best-effort" or "required"'),
    'best-effort',
  ),
  AUDIT_SHARDS: count(1, 64, 4),
  AUDIT_DAYS: count(1, 3650, 30),
  AUDIT_MEGABYTES: count(1, 8000, 1000),
  AUDIT_SIGNING_KEY: v.optional(signingKey),
  METRICS_TOKEN: v.optional(
    v.pipe(
      text,
      v.regex(/^[\w.~+/-]{32,512}=*$/, 'must be 32 to 512 characters of a bearer token'),
    ),
  ),
});

/**
 * Checks the variables of what is observed.
 *
 * @throws ConfigError that names the variable and what is wrong with it, never its value
 */
export function readAudit(
  env: Readonly<Record<string, unknown>>,
  hasAuthority: boolean,
): AuditConfig {
  const parsed = v.safeParse(variables, env, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new ConfigError(String(issue.path?.[0]?.key), issue.message);
  }
  const { output } = parsed;
  if (hasAuthority && output.AUDIT_SIGNING_KEY !== undefined) {
    throw new ConfigError(
      'AUDIT_SIGNING_KEY',
      'must not be set: the authority has a key of its own',
    );
  }
  return {
    mode: output.AUDIT,
    shards: output.AUDIT_SHARDS,
    keepFor: output.AUDIT_DAYS * 86_400,
    keepBytes: output.AUDIT_MEGABYTES * 1_000_000,
    signingKey: output.AUDIT_SIGNING_KEY,
    metricsToken: output.METRICS_TOKEN,
  };
}
