// The options of a verifier, checked once and turned into a policy that nobody can change afterwards.

import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { isSigningAlgorithm, type VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeySource } from '../keys/key_source.ts';
import { memoryReplayGuard, type ReplayGuard } from '../proof/replay.ts';
import type { RevocationSource } from '../revoke/revocation_source.ts';
import { defaultMaxDelegatedTokenBytes, defaultMaxTokenBytes } from '../token/parse.ts';
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

/** Options that hold for every issuer. */
export interface SharedVerifierOptions {
  /** The tiers, lowest first; default `fast`, `power`. */
  readonly tiers?: readonly string[];
  /** Longest accepted `exp - iat`, in seconds: 1 to 3,600, which is the default. */
  readonly maxLifetime?: number;
  /** Accepted difference between clocks, in seconds: 0 to 60, default 5. */
  readonly clockTolerance?: number;
  /** Where revocation is looked up. Omitted: revocation is NOT checked. */
  readonly revocation?: RevocationSource;
  /** Where proof ids are recorded; default: the memory of this verifier; `null`: proofs may repeat. */
  readonly replay?: ReplayGuard | null;
  /** Remembers tokens whose signature verified; the last 5,000 at least; `false`: none. */
  readonly cache?: boolean | { readonly maxEntries: number };
  /** The time, in seconds since the epoch. */
  readonly clock?: Clock;
  /** Longest accepted token, in bytes; default 2,048. */
  readonly maxTokenBytes?: number;
  /** Longest accepted token with a delegation chain, in bytes; default 4,096. */
  readonly maxDelegatedTokenBytes?: number;
}

/** Options of `createVerifier`: one trusted issuer, or several. */
export type VerifierOptions =
  | (TrustedIssuerOptions & { readonly issuers?: never } & SharedVerifierOptions)
  | ({ readonly issuers: readonly TrustedIssuerOptions[] } & SharedVerifierOptions);

/** One trusted issuer, checked. */
export interface TrustedIssuer extends HeaderRules {
  readonly issuer: string | null;
  readonly keys: KeySource;
  readonly audience: readonly string[] | null;
}

/** The whole policy, checked. */
export interface Policy {
  /** The loosest header rules of any issuer: what a token of an unknown issuer is held against first. */
  readonly anyIssuer: HeaderRules;
  readonly issuerFor: (issuer: unknown) => TrustedIssuer | undefined;
  readonly tiers: readonly string[];
  readonly maxLifetime: number;
  readonly clockTolerance: number;
  readonly revocation: RevocationSource | undefined;
  readonly replay: ReplayGuard | null;
  readonly cacheEntries: number;
  readonly clock: Clock;
  readonly maxTokenBytes: number;
  readonly maxDelegatedTokenBytes: number;
}

const defaultCacheEntries = 5000;
const issuerOptionNames = ['issuer', 'keys', 'audience', 'algorithms', 'profile'];
const sharedOptionNames = [
  'tiers',
  'maxLifetime',
  'clockTolerance',
  'revocation',
  'replay',
  'cache',
  'clock',
  'maxTokenBytes',
  'maxDelegatedTokenBytes',
];

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isFilledList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0;

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
  const { algorithms } = options;
  if (algorithms === undefined) return new Set(['ES256']);
  if (!isFilledList(algorithms)) {
    throw new TypeError('"algorithms" must be a non-empty list');
  }
  for (const name of algorithms) {
    if (name !== 'EdDSA' && !isSigningAlgorithm(name)) {
      throw new TypeError('"algorithms" must hold asymmetric algorithms of the table');
    }
  }
  // RFC 9864: Ed25519 is the specific name of what EdDSA named; a key decides which curve it is.
  const names = new Set<unknown>(algorithms);
  if (names.has('Ed25519')) names.add('EdDSA');
  return names;
}

function readIssuer(options: TrustedIssuerOptions): TrustedIssuer {
  checkNotUndefined(options, issuerOptionNames);
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

/** As far as it can be told beforehand: a remote source knows its keys only later. */
function shareKey(one: KeySource, other: KeySource): boolean {
  if (one === other) return true;
  return [...(one.thumbprints ?? [])].some((name) => other.thumbprints?.has(name) === true);
}

function readIssuers(options: VerifierOptions): Pick<Policy, 'anyIssuer' | 'issuerFor'> {
  const names = [...issuerOptionNames, ...sharedOptionNames];
  checkOptionNames('createVerifier', options, [...names, 'issuers']);
  checkNotUndefined(options, ['issuers']);
  const single = options.issuers === undefined;
  if (!single)
    checkOptionNames('createVerifier with "issuers"', options, ['issuers', ...sharedOptionNames]);
  const list: readonly TrustedIssuerOptions[] = options.issuers ?? [options];
  if (!isFilledList(list)) {
    throw new TypeError('"issuers" must be a non-empty list');
  }
  const entries = new Map<unknown, TrustedIssuer>();
  for (const entry of list) {
    if (!single) checkOptionNames('An entry of "issuers"', entry, issuerOptionNames);
    const trusted = readIssuer(entry);
    if (entries.has(trusted.issuer)) throw new TypeError('"issuers" names one issuer twice');
    for (const other of entries.values()) {
      if (other.profile !== trusted.profile && shareKey(other.keys, trusted.keys)) {
        throw new TypeError('"issuers" trusts one key under two profiles');
      }
    }
    entries.set(trusted.issuer, trusted);
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
    issuerFor: (issuer) => (isText(issuer) ? (any ?? entries.get(issuer)) : undefined),
  };
}

function readTiers(tiers: readonly string[] | undefined): readonly string[] {
  if (tiers === undefined) return Object.freeze(['fast', 'power']);
  if (!isFilledList(tiers) || !tiers.every(isText)) {
    throw new TypeError('"tiers" must be a non-empty list of names, lowest first');
  }
  if (new Set(tiers).size !== tiers.length) throw new TypeError('"tiers" names one tier twice');
  return Object.freeze([...tiers]);
}

function readCache(cache: SharedVerifierOptions['cache'] = true): number {
  if (cache === false) return 0;
  if (cache === true) return defaultCacheEntries;
  checkOptionNames('"cache"', cache, ['maxEntries']);
  const range = { min: 1, max: 1e7, fallback: defaultCacheEntries };
  return numberOption('cache.maxEntries', cache.maxEntries, range);
}

/** Checks the options of a verifier; every mistake is a TypeError that names the option. */
export function readPolicy(options: VerifierOptions): Policy {
  const issuers = readIssuers(options);
  checkNotUndefined(options, sharedOptionNames);
  const { revocation, replay, clock = systemClock } = options;
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  if (revocation !== undefined && typeof revocation?.isRevoked !== 'function') {
    throw new TypeError('"revocation" must be a revocation source');
  }
  if (replay !== undefined && replay !== null && typeof replay.use !== 'function') {
    throw new TypeError('"replay" must be a replay guard, or null');
  }
  const bytes = { min: 256, max: 65_536 };
  return {
    ...issuers,
    tiers: readTiers(options.tiers),
    maxLifetime: numberOption('maxLifetime', options.maxLifetime, {
      min: 1,
      max: 3600,
      fallback: 3600,
    }),
    clockTolerance: numberOption('clockTolerance', options.clockTolerance, {
      min: 0,
      max: 60,
      fallback: 5,
    }),
    revocation,
    replay: replay === undefined ? memoryReplayGuard({ clock }) : replay,
    cacheEntries: readCache(options.cache),
    clock,
    maxTokenBytes: numberOption('maxTokenBytes', options.maxTokenBytes, {
      ...bytes,
      fallback: defaultMaxTokenBytes,
    }),
    maxDelegatedTokenBytes: numberOption('maxDelegatedTokenBytes', options.maxDelegatedTokenBytes, {
      ...bytes,
      fallback: defaultMaxDelegatedTokenBytes,
    }),
  };
}
