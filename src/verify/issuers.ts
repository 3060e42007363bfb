// The issuers that a verifier trusts, checked: each with its keys, its audience and its profile.

import { checkNotUndefined, checkOptionNames } from '../errors/caller.ts';
import { canonicalAlgorithm, type VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeySource } from '../keys/key_source.ts';
import { isFilledList, isText } from '../token/shape.ts';
import type { HeaderRules, TokenProfile } from './header.ts';

/** One issuer that a verifier trusts. */
export interface TrustedIssuerOptions {
  /** Exact `iss`; default `yamtam-engine`; `null` accepts any issuer whose tokens the keys verify. */
  readonly issuer?: string | null;
  readonly keys: KeySource;
  /** Exact `aud`, one of several; default `swarm-bus`; `null` does not look at the audience. */
  readonly audience?: string | readonly string[] | null;
  /** Accepted signature algorithms; default ES256 alone. */
  readonly algorithms?: readonly VerificationAlgorithm[];
  /** Default `at+jwt`. */
  readonly profile?: TokenProfile;
}

/** One trusted issuer, checked. */
export interface TrustedIssuer extends HeaderRules {
  readonly issuer: string | null;
  readonly keys: KeySource;
  readonly audience: readonly string[] | null;
}

/** All of them. */
export interface TrustedIssuers {
  /** The loosest header rules of any issuer: what a token of an unknown issuer is held against first. */
  readonly anyIssuer: HeaderRules;
  readonly issuerFor: (issuer: unknown) => TrustedIssuer | undefined;
}

const issuerOptionNames = ['issuer', 'keys', 'audience', 'algorithms', 'profile'];

function readAudience(options: TrustedIssuerOptions): readonly string[] | null {
  const { audience = 'swarm-bus' } = options;
  if (audience === null) return null;
  const list = typeof audience === 'string' ? [audience] : audience;
  if (!isFilledList(list) || !list.every((entry) => isText(entry) && entry !== '*')) {
    throw new TypeError('"audience" must be a non-empty string, a list of them, or null');
  }
  return [...list];
}

function readAlgorithms(options: TrustedIssuerOptions): ReadonlySet<unknown> {
  const { algorithms = ['ES256'] } = options;
  if (!isFilledList(algorithms) || !algorithms.every(canonicalAlgorithm)) {
    throw new TypeError('"algorithms" must be a non-empty list of asymmetric algorithms');
  }
  // RFC 9864: Ed25519 is the specific name of what EdDSA named; a key decides which curve it is.
  const names = new Set<unknown>(algorithms);
  if (names.has('Ed25519')) names.add('EdDSA');
  return names;
}

function readIssuer(options: TrustedIssuerOptions): TrustedIssuer {
  const { issuer = 'yamtam-engine' } = options;
  if (issuer !== null && !isText(issuer)) {
    throw new TypeError('"issuer" must be a non-empty string, or null');
  }
  const { keys, profile = 'at+jwt' } = options;
  // A list of JWKs has a `find` too.
  if (typeof keys?.find !== 'function' || Array.isArray(keys)) {
    throw new TypeError('"keys" must be a key source: see localKeys and remoteKeys');
  }
  if (profile !== 'at+jwt' && profile !== 'engine') {
    throw new TypeError('"profile" must be "at+jwt" or "engine"');
  }
  const audience = readAudience(options);
  return { issuer, keys, audience, algorithms: readAlgorithms(options), profile };
}

function checkOptions(owner: string, options: unknown, names: readonly string[]): void {
  checkOptionNames(owner, options, names);
  checkNotUndefined(options, names);
}

interface SeveralIssuers {
  readonly issuers: readonly TrustedIssuerOptions[];
}

const hasSeveral = (options: TrustedIssuerOptions | SeveralIssuers): options is SeveralIssuers =>
  Object.keys(options ?? {}).includes('issuers');

/** Reads the trusted issuers of a verifier's options, whose names are all checked. */
export function readIssuers(
  options: TrustedIssuerOptions | SeveralIssuers,
  sharedOptionNames: readonly string[],
): TrustedIssuers {
  const several = hasSeveral(options);
  checkOptions(`createVerifier${several ? ' with "issuers"' : ''}`, options, [
    ...(several ? ['issuers'] : issuerOptionNames),
    ...sharedOptionNames,
  ]);
  const list: readonly TrustedIssuerOptions[] = several ? options.issuers : [options];
  if (!isFilledList(list)) throw new TypeError('"issuers" must be a non-empty list');
  const entries = new Map<unknown, TrustedIssuer>();
  const profiles = new Map<unknown, TokenProfile>();
  for (const entry of list) {
    if (several) checkOptions('An entry of "issuers"', entry, issuerOptionNames);
    const trusted = readIssuer(entry);
    const { issuer, keys, profile } = trusted;
    if (entries.has(issuer)) throw new TypeError('"issuers" names one issuer twice');
    // As far as it can be told beforehand: a remote source knows its keys only later
    for (const key of [keys, ...(keys.thumbprints ?? [])]) {
      if ((profiles.get(key) ?? profile) !== profile) {
        throw new TypeError('"issuers" trusts one key under two profiles');
      }
      profiles.set(key, profile);
    }
    entries.set(issuer, trusted);
  }
  const any = entries.get(null);
  if (any !== undefined && entries.size > 1) {
    throw new TypeError('"issuer": null cannot stand beside other issuers');
  }
  const all = [...entries.values()];
  return {
    anyIssuer: {
      profile: all.some(({ profile }) => profile === 'engine') ? 'engine' : 'at+jwt',
      algorithms: new Set(all.flatMap(({ algorithms }) => [...algorithms])),
    },
    issuerFor:
      any === undefined
        ? (issuer) => entries.get(issuer)
        : (issuer) => (isText(issuer) ? any : undefined),
  };
}
