// Options of createTokenSource: what they are, their defaults, and the checks that stop a wrong start.

import { checkOptionNames, numberOption, systemClock, type Clock } from '../errors/caller.ts';
import { isSigningAlgorithm } from '../keys/algorithms.ts';
import type { WaitUntil } from '../keys/remote_options.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { isRecord } from '../token/shape.ts';
import type { ClientFetch } from './authority_http.ts';
import { endpointOption, readEndpoint } from './endpoint.ts';
import type { AuthorityEndpoints } from './metadata.ts';

/** Options of {@link createTokenSource}. All times are in seconds. */
export interface TokenSourceOptions {
  /** The authority: an https URL (http on loopback), exactly as its metadata names it. */
  readonly issuer: string;
  /** Where tokens are asked for. Default: discovered from the issuer (RFC 8414). */
  readonly tokenEndpoint?: string | URL;
  /** Where tokens are revoked on `close`. Default: discovered, unless `tokenEndpoint` is given. */
  readonly revocationEndpoint?: string | URL;
  /** The id that the agent is registered under. */
  readonly clientId: string;
  /**
   * The key that the agent is registered with, or a key store: a function that is asked before
   * each request, such as `() => browserKey('planner')`.
   */
  readonly key: SigningKey | (() => SigningKey | Promise<SigningKey>);
  /** What to ask for; left out: what the authority gives. */
  readonly scope?: string | readonly string[];
  /** The name of the service that the token is for. */
  readonly audience?: string;
  /** The address of the service that the token is for (RFC 8707). */
  readonly resource?: string;
  /**
   * Names the session, one run of the agent: all tokens of the source belong to it, and end with
   * it. The authority makes their `sid` of this and the client's id. 22 to 64 of
   * `A-Z a-z 0-9 _ -`. Default: a random one.
   */
  readonly sid?: string;
  /** Whether the token is bound to the key (RFC 9449). Default: `true`. */
  readonly dpop?: boolean;
  /** The part of a token's lifetime after which it is renewed, 0.1 to 0.99. Default: 14/15. */
  readonly renewAt?: number;
  /** The part of a lifetime by which a renewal may come earlier, at random, 0 to 0.1. Default: 1/60. */
  readonly jitter?: number;
  /** Time for one renewal, discovery included. Default: 10. */
  readonly timeout?: number;
  /** Largest answer, decoded, in bytes. Default: 65,536. */
  readonly maxBytes?: number;
  /** Replaces the runtime's `fetch`. */
  readonly fetch?: ClientFetch;
  /** Seconds since the epoch. Default: the system's clock. */
  readonly clock?: Clock;
  /** A number from 0 to 1. Default: `Math.random`; nothing secret depends on it. */
  readonly random?: () => number;
  /**
   * Keeps a renewal alive beyond the request that began it: in Workers, `waitUntil` of
   * `cloudflare:workers`. With it no caller waits for a renewal as long as the old token is valid.
   */
  readonly waitUntil?: WaitUntil;
}

/** Checked options. */
export interface SourceSettings {
  readonly issuer: string;
  /** `undefined`: to be discovered. */
  readonly endpoints: AuthorityEndpoints | undefined;
  readonly clientId: string;
  readonly readKey: () => SigningKey | Promise<SigningKey>;
  /** The fields of a token request besides those that authenticate the client. */
  readonly fields: Readonly<Record<string, string>>;
  readonly dpop: boolean;
  readonly renewAt: number;
  readonly jitter: number;
  readonly timeout: number;
  readonly maxBytes: number;
  readonly fetch: ClientFetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly waitUntil: WaitUntil | undefined;
}

const names = [
  'issuer',
  'tokenEndpoint',
  'revocationEndpoint',
  'clientId',
  'key',
  'scope',
  'audience',
  'resource',
  'sid',
  'dpop',
  'renewAt',
  'jitter',
  'timeout',
  'maxBytes',
  'fetch',
  'clock',
  'random',
  'waitUntil',
] as const satisfies readonly (keyof TokenSourceOptions)[];

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Tells whether a value is a key that can sign. */
export function isSigningKey(value: unknown): value is SigningKey {
  if (!isRecord(value) || !isSigningAlgorithm(value['alg'])) return false;
  const { privateKey } = value;
  return privateKey instanceof CryptoKey && privateKey.type === 'private';
}

/** Reads the options, or throws a TypeError that says what is wrong. */
export function readSourceOptions(options: TokenSourceOptions): SourceSettings {
  checkOptionNames('createTokenSource', options, names);
  const { issuer, clientId, key, dpop = true, clock = systemClock, waitUntil } = options;
  // Looked up at the call, so that a runtime's or a test's later fetch is the one that is used
  const { random = Math.random, fetch: ask = (input, init) => fetch(input, init) } = options;
  for (const [name, hook] of Object.entries({ fetch: ask, clock, random, waitUntil })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`"${name}" must be a function`);
    }
  }
  const url = readEndpoint(issuer);
  if (typeof issuer !== 'string' || url === undefined || url.search !== '') {
    throw new TypeError('"issuer" must be an https URL (http only on loopback) without query');
  }
  if (!isText(clientId)) throw new TypeError('"clientId" must be a non-empty string');
  if (typeof key !== 'function' && !isSigningKey(key)) {
    throw new TypeError('"key" must be a signing key, or a function that gives one');
  }
  if (typeof dpop !== 'boolean') throw new TypeError('"dpop" must be a boolean');
  const number = (name: Limit, min: number, max: number, fallback: number): number =>
    numberOption(name, options[name], { min, max, fallback });
  return {
    issuer,
    endpoints: readEndpoints(options),
    clientId,
    readKey: typeof key === 'function' ? key : () => key,
    fields: readFields(options),
    dpop,
    renewAt: number('renewAt', 0.1, 0.99, 14 / 15),
    jitter: number('jitter', 0, 0.1, 1 / 60),
    timeout: number('timeout', 0.001, 120, 10),
    maxBytes: number('maxBytes', 1024, 1_048_576, 65_536),
    fetch: ask,
    clock,
    random,
    waitUntil,
  };
}

type Limit = 'renewAt' | 'jitter' | 'timeout' | 'maxBytes';

function readEndpoints(options: TokenSourceOptions): AuthorityEndpoints | undefined {
  const { tokenEndpoint, revocationEndpoint } = options;
  if (tokenEndpoint === undefined) {
    if (revocationEndpoint === undefined) return undefined;
    throw new TypeError('"revocationEndpoint" goes with "tokenEndpoint": both are discovered');
  }
  return {
    token: endpointOption('tokenEndpoint', tokenEndpoint).href,
    revocation:
      revocationEndpoint === undefined
        ? undefined
        : endpointOption('revocationEndpoint', revocationEndpoint).href,
  };
}

function readFields(options: TokenSourceOptions): Record<string, string> {
  const { scope, audience, resource, sid = crypto.randomUUID() } = options;
  const wanted: unknown = Array.isArray(scope) ? scope.join(' ') : scope;
  const fields = Object.entries({ scope: wanted, audience, resource, sid });
  const wrong = fields.find(([, value]) => value !== undefined && !isText(value));
  if (wrong !== undefined) throw new TypeError(`"${wrong[0]}" must not be empty`);
  if (!/^[\w-]{22,64}$/.test(sid)) {
    throw new TypeError('"sid" must be 22 to 64 of A-Z, a-z, 0-9, "_" and "-"');
  }
  return Object.fromEntries(fields.filter((field): field is [string, string] => isText(field[1])));
}
