// The options of a verifier, checked once and turned into a policy that nobody can change afterwards.

import { checkOptionNames, numberOption, systemClock, type Clock } from '../errors/caller.ts';
import type { ReplayGuard } from '../proof/replay.ts';
import type { RevocationSource } from '../revoke/revocation_source.ts';
import { boundedCache } from '../token/bounded_cache.ts';
import { isFilledList, isText } from '../token/shape.ts';
import {
  defaultMaxDelegatedTokenBytes,
  defaultMaxTokenBytes,
  type KnownHeaders,
} from '../token/take_apart.ts';
import { readIssuers, type TrustedIssuerOptions, type TrustedIssuers } from './issuers.ts';

/** Answers exactly `true` for an id whose registered key has this thumbprint. */
export type AuthenticateActor = (agentId: string, jkt: string) => boolean | Promise<boolean>;

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
  /**
   * Tells whether the agent registered under an id holds the key with this thumbprint. Asked for
   * each delegate of an off-line chain, whose id is only its delegator's word. Omitted: no
   * delegate is authenticated, and a chain acts for its root alone.
   */
  readonly authenticateActor?: AuthenticateActor;
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

/** Headers that a verifier keeps: one for each key of its issuers, with room for strangers'. */
const knownHeaders = 64;

/** The whole policy, checked. */
export interface Policy extends TrustedIssuers {
  /** Headers that were taken apart before. */
  readonly headers: KnownHeaders;
  readonly tiers: readonly string[];
  readonly maxLifetime: number;
  readonly clockTolerance: number;
  readonly revocation: RevocationSource | undefined;
  readonly authenticateActor: AuthenticateActor | undefined;
  /** `undefined`: a memory of the verifier's own. */
  readonly replay: ReplayGuard | null | undefined;
  readonly cacheEntries: number;
  readonly clock: Clock;
  readonly maxTokenBytes: number;
  readonly maxDelegatedTokenBytes: number;
}

const defaultCacheEntries = 5000;
const sharedOptionNames = [
  'tiers',
  'maxLifetime',
  'clockTolerance',
  'revocation',
  'authenticateActor',
  'replay',
  'cache',
  'clock',
  'maxTokenBytes',
  'maxDelegatedTokenBytes',
];

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
  const issuers = readIssuers(options, sharedOptionNames);
  const { revocation, authenticateActor, replay, clock = systemClock } = options;
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  if (revocation !== undefined && typeof revocation?.isRevoked !== 'function') {
    throw new TypeError('"revocation" must be a revocation source');
  }
  if (authenticateActor !== undefined && typeof authenticateActor !== 'function') {
    throw new TypeError('"authenticateActor" must be a function');
  }
  if (replay !== undefined && replay !== null && typeof replay.use !== 'function') {
    throw new TypeError('"replay" must be a replay guard, or null');
  }
  const bytes = { min: 256, max: 65_536 };
  return {
    headers: boundedCache(knownHeaders),
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
    authenticateActor,
    replay,
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
