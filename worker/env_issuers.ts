// TRUSTED_ISSUERS: the issuers whose tokens count, each with one entry, one profile and its own keys.

import * as v from 'valibot';
import { parseJson, type TokenProfile, type VerificationAlgorithm } from '../src/verify/index.ts';
import { ConfigError, isSecure } from './env_values.ts';

/** A public key as configured. The library checks its members when the gateway starts. */
export type ConfiguredJwk = Readonly<Record<string, unknown>> & { readonly kty: string };

/** One entry, with its defaults filled in. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly profile: TokenProfile;
  readonly algorithms: readonly VerificationAlgorithm[] | undefined;
  /** Keys inline, or where they are published: exactly one of the two. */
  readonly keys: { readonly jwks: readonly ConfiguredJwk[] } | { readonly uri: string };
  /** Its public revocation feed, if it has one that is to be followed. */
  readonly revocationsUri: string | undefined;
}

const name = 'TRUSTED_ISSUERS';
const algorithms = [
  'ES256',
  'ES384',
  'RS256',
  'PS256',
  'Ed25519',
  'EdDSA',
] as const satisfies readonly VerificationAlgorithm[];
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const printable = v.pipe(
  v.string('must be text'),
  v.regex(/^[\x21-\x7e]{1,512}$/, 'must be printable, without spaces, at most 512 characters'),
);
const audience = v.pipe(
  printable,
  v.check((value) => value !== '*', 'must be exact'),
);

/** A public key in configuration. */
export const publicJwk: v.GenericSchema<unknown, ConfiguredJwk> = v.pipe(
  v.looseObject({ kty: v.picklist(['EC', 'RSA', 'OKP'], 'must be EC, RSA or OKP') }),
  v.check(
    (jwk) => !secretMembers.some((member) => member in jwk),
    'must be a public key, without private members',
  ),
);

const secureUrl = v.pipe(
  v.string('must be text'),
  v.check(isSecure, 'must be an https URL (http on loopback only) without a fragment'),
);

const entry = v.pipe(
  v.strictObject({
    issuer: printable,
    audience: v.optional(
      v.union(
        [audience, v.pipe(v.array(audience), v.minLength(1, 'must not be empty'))],
        'must be an audience or a non-empty list of them',
      ),
    ),
    jwks: v.optional(
      v.strictObject({
        keys: v.pipe(
          v.array(publicJwk, 'must be a list of public keys'),
          v.minLength(1, 'must hold a key'),
          v.maxLength(20, 'must hold at most 20 keys'),
        ),
      }),
    ),
    jwks_uri: v.optional(secureUrl),
    revocations_uri: v.optional(secureUrl),
    profile: v.optional(v.picklist(['at+jwt', 'engine'], 'must be "at+jwt" or "engine"'), 'at+jwt'),
    algorithms: v.optional(
      v.pipe(
        v.array(v.picklist(algorithms, 'must be an asymmetric algorithm of the table')),
        v.minLength(1, 'must not be empty'),
      ),
    ),
  }),
  v.check(
    ({ jwks, jwks_uri }) => (jwks === undefined) !== (jwks_uri === undefined),
    'must have exactly one of "jwks" and "jwks_uri"',
  ),
);

const list = v.pipe(
  v.array(entry, 'must be a JSON array'),
  v.minLength(1, 'must hold at least one issuer'),
);

/**
 * Checks the value of TRUSTED_ISSUERS. An option that is not known is a mistake, not ignored.
 *
 * @throws ConfigError that names the entry and the option
 */
export function readTrustedIssuers(json: string, defaultAudience: string): TrustedIssuer[] {
  const parsed = v.safeParse(list, parse(json), { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    // A strict object reports an unknown option under its own key, as expecting "never".
    const fault = issue.expected === 'never' ? 'is not an option' : issue.message;
    throw new ConfigError(`${name}${place(issue.path)}`, fault);
  }
  const issuers = parsed.output.map((option): TrustedIssuer => ({
    issuer: option.issuer,
    audience: [option.audience ?? defaultAudience].flat(),
    profile: option.profile,
    algorithms: option.algorithms,
    keys:
      option.jwks_uri === undefined
        ? { jwks: option.jwks?.keys ?? [] }
        : { uri: new URL(option.jwks_uri).href },
    revocationsUri: option.revocations_uri,
  }));
  refuseShared(issuers);
  return issuers;
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

/** A key under two issuers would let either sign as the other, by whichever profile is laxer. */
function refuseShared(issuers: readonly TrustedIssuer[]): void {
  const owners = new Map<string, number>();
  issuers.forEach(({ issuer, keys }, at) => {
    const marks = 'uri' in keys ? [`uri ${keys.uri}`] : keys.jwks.map(keyMark);
    for (const mark of [`issuer ${issuer}`, ...marks]) {
      const owner = owners.get(mark);
      if (owner === undefined) {
        owners.set(mark, at);
        continue;
      }
      const what = mark.startsWith('issuer ') ? 'names the issuer' : 'has a key';
      const fault = owner === at ? `${what} twice` : `${what} of entry ${owner} again`;
      throw new ConfigError(`${name}[${at}]`, fault);
    }
  });
}

/** The members of RFC 7638 section 3.2 tell keys apart; their thumbprint is not needed for that. */
function keyMark({ kty, crv, x, y, n, e }: ConfiguredJwk): string {
  return JSON.stringify(['key', kty, crv, x, y, n, e]);
}
