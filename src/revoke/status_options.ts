// Options of statusListSource: what they are, their defaults, and the checks that stop a wrong start.

import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { isSigningAlgorithm, type VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeySource } from '../keys/key_source.ts';
import type { FetchKeys, WaitUntil } from '../keys/remote_options.ts';

/** One issuer whose tokens refer to status lists. */
export interface StatusIssuerOptions {
  /** Exact `iss`. */
  readonly issuer: string;
  /** The keys that sign its lists: as a rule those of its tokens. */
  readonly keys: KeySource;
  /** Where its lists may be, such as `https://status.example`. Default: the issuer's own origin. */
  readonly origins?: readonly string[];
  /** Accepted signature algorithms; default ES256 alone. */
  readonly algorithms?: readonly VerificationAlgorithm[];
}

/** Options of {@link statusListSource}. All times are in seconds. */
export interface StatusListOptions {
  readonly issuers: readonly StatusIssuerOptions[];
  /** What to do with a token without a status: `refuse`, which is the default, or `accept`. */
  readonly unlisted?: 'refuse' | 'accept';
  /** How old a list may be before it is fetched again, whatever its `ttl`. Default: 300. */
  readonly maxAge?: number;
  /** How old, while its address does not answer, but never past its `exp`. Default: `maxAge`. */
  readonly staleLimit?: number;
  /** Least time between two fetches of a list, whatever its `ttl`. Default: 5, or `maxAge`. */
  readonly cooldown?: number;
  /** Time for one fetch, and how long to wait for another's. Default: 3. */
  readonly timeout?: number;
  /** Largest status list token, in bytes. Default: 2 MiB. */
  readonly maxBytes?: number;
  /** Largest list once it is unfolded, in bytes. Default: 1 MiB. */
  readonly maxListBytes?: number;
  /** Lists kept. Default: 64. */
  readonly maxLists?: number;
  /** Accepted difference between clocks, 0 to 60. Default: 5. */
  readonly clockTolerance?: number;
  /** Replaces `fetch`. */
  readonly fetch?: FetchKeys;
  /** Seconds since the epoch. */
  readonly clock?: Clock;
  /** Keeps a fetch alive beyond the request that began it, where the runtime needs that. */
  readonly waitUntil?: WaitUntil;
}

/** One issuer, checked. */
export interface StatusIssuer {
  readonly keys: KeySource;
  readonly origins: ReadonlySet<string>;
  readonly algorithms: ReadonlySet<unknown>;
}

/** Checked options. */
export interface StatusSettings extends Required<
  Pick<
    StatusListOptions,
    | 'unlisted'
    | 'maxAge'
    | 'staleLimit'
    | 'cooldown'
    | 'timeout'
    | 'maxBytes'
    | 'maxListBytes'
    | 'maxLists'
    | 'clockTolerance'
    | 'fetch'
    | 'clock'
  >
> {
  readonly issuers: ReadonlyMap<string, StatusIssuer>;
  readonly waitUntil: WaitUntil | undefined;
}

const issuerNames = ['issuer', 'keys', 'origins', 'algorithms'];
const optionNames = [
  'issuers',
  'unlisted',
  'maxAge',
  'staleLimit',
  'cooldown',
  'timeout',
  'maxBytes',
  'maxListBytes',
  'maxLists',
  'clockTolerance',
  'fetch',
  'clock',
  'waitUntil',
] as const satisfies readonly (keyof StatusListOptions)[];

const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** The origin of an https address (http on a loopback host); `undefined` for any other. */
export function originOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, hostname, username, password, origin } = new URL(address);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname));
  return isSafe && username === '' && password === '' ? origin : undefined;
}

function readOrigins({ issuer, origins }: StatusIssuerOptions): ReadonlySet<string> {
  if (origins === undefined) {
    const own = originOf(issuer);
    if (own !== undefined) return new Set([own]);
    throw new TypeError('"origins" is needed: the issuer is no https URL');
  }
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new TypeError('"origins" must name at least one origin');
  }
  for (const origin of origins) {
    if (typeof origin !== 'string' || originOf(origin) !== origin) {
      throw new TypeError('"origins" must be https origins (http only on loopback), without path');
    }
  }
  return new Set(origins);
}

function readIssuer(options: StatusIssuerOptions): StatusIssuer {
  checkOptionNames('An entry of "issuers"', options, issuerNames);
  checkNotUndefined(options, issuerNames);
  const { issuer, keys, algorithms = ['ES256'] } = options;
  if (typeof issuer !== 'string' || issuer === '') {
    throw new TypeError('"issuer" must be a non-empty string');
  }
  if (typeof keys?.find !== 'function' || Array.isArray(keys)) {
    throw new TypeError('"keys" must be a key source: see localKeys and remoteKeys');
  }
  const known = (name: unknown): boolean => name === 'EdDSA' || isSigningAlgorithm(name);
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every(known)) {
    throw new TypeError('"algorithms" must hold asymmetric algorithms of the table');
  }
  const names = new Set<unknown>(algorithms);
  if (names.has('Ed25519')) names.add('EdDSA');
  return { keys, origins: readOrigins(options), algorithms: names };
}

/** Reads the options, or throws a TypeError that says what is wrong. */
export function readStatusOptions(options: StatusListOptions): StatusSettings {
  checkOptionNames('statusListSource', options, optionNames);
  checkNotUndefined(options, optionNames);
  const { issuers, unlisted = 'refuse', clock = systemClock, waitUntil } = options;
  // Looked up at the call, so that a runtime's or a test's later fetch is the one that is used
  const { fetch: fetchList = (address, init) => fetch(address, init) } = options;
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw new TypeError('"issuers" must be a non-empty list');
  }
  const entries = new Map<string, StatusIssuer>();
  for (const entry of options.issuers) {
    const read = readIssuer(entry);
    if (entries.has(entry.issuer)) throw new TypeError('"issuers" names one issuer twice');
    entries.set(entry.issuer, read);
  }
  if (unlisted !== 'refuse' && unlisted !== 'accept') {
    throw new TypeError('"unlisted" must be "refuse" or "accept"');
  }
  for (const [name, hook] of Object.entries({ fetch: fetchList, clock, waitUntil })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`"${name}" must be a function`);
    }
  }
  const number = (name: Limit, min: number, max: number, fallback: number): number =>
    numberOption(name, options[name], { min, max, fallback });
  const maxAge = number('maxAge', 1, 86_400, 300);
  return {
    issuers: entries,
    unlisted,
    maxAge,
    staleLimit: number('staleLimit', maxAge, 604_800, maxAge),
    cooldown: number('cooldown', 1, maxAge, Math.min(5, maxAge)),
    timeout: number('timeout', 0.001, 60, 3),
    maxBytes: number('maxBytes', 256, 67_108_864, 2_097_152),
    maxListBytes: number('maxListBytes', 1, 67_108_864, 1_048_576),
    maxLists: number('maxLists', 1, 10_000, 64),
    clockTolerance: number('clockTolerance', 0, 60, 5),
    fetch: fetchList,
    clock,
    waitUntil,
  };
}

type Limit =
  | 'maxAge'
  | 'staleLimit'
  | 'cooldown'
  | 'timeout'
  | 'maxBytes'
  | 'maxListBytes'
  | 'maxLists'
  | 'clockTolerance';
