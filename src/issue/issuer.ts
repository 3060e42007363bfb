// The issuer: agent tokens under one key, with every claim that a verifier will ask for.

import { CompactSign } from 'jose';
import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { isSigningAlgorithm } from '../keys/algorithms.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { defaultMaxTokenBytes } from '../token/take_apart.ts';
import { isFilledList, isName, isRecord, isText } from '../token/shape.ts';
import {
  lifetimeSeconds,
  readClaims,
  type AgentTokenRequest,
  type Settings,
} from './token_request.ts';

export type { AgentTokenRequest } from './token_request.ts';

/** Options of {@link createIssuer}. */
export interface IssuerOptions {
  /** The key that signs: `generateSigningKey` or `importSigningKey`. */
  readonly key: SigningKey;
  /** The `iss` claim; default `yamtam-engine`. */
  readonly issuer?: string;
  /** The `aud` claim; default `swarm-bus`. */
  readonly audience?: string | readonly string[];
  /** Lifetime of a token in seconds, 1 to 3,600; default 900. */
  readonly lifetime?: number;
  /** `string` (RFC 8693, the default), or `array` for readers of older tokens. */
  readonly scopeFormat?: 'string' | 'array';
  /** Longest token that is issued, in bytes; default 2,048. */
  readonly maxTokenBytes?: number;
  /** The time, in seconds since the epoch. */
  readonly clock?: Clock;
}

/** Issues agent tokens. */
export interface Issuer {
  /**
   * Issues a token.
   *
   * Does not check that such an agent exists or may have these scopes: the caller decides that.
   *
   * @throws TypeError (as a rejection) for a request that no verifier would accept, for reserved or
   * secret-looking names in `claims`; TokenError `token_too_large`
   */
  issueAgentToken(request: AgentTokenRequest): Promise<string>;
}

const optionNames = [
  'key',
  'issuer',
  'audience',
  'lifetime',
  'scopeFormat',
  'maxTokenBytes',
  'clock',
];
const encoder = new TextEncoder();
// No verifier can be configured for it: it would look as if it were for all.
const isAudience = (value: unknown): boolean => isText(value) && value !== '*';

function readSettings(options: IssuerOptions): Settings {
  checkOptionNames('createIssuer', options, optionNames);
  checkNotUndefined(options, optionNames);
  const { key, scopeFormat = 'string', clock = systemClock } = options;
  const usable = isRecord(key) && key.privateKey?.type === 'private' && isName(key.kid);
  if (!usable || !isSigningAlgorithm(key.alg)) {
    throw new TypeError('"key" must be a signing key with a private, asymmetric key');
  }
  const { issuer = 'yamtam-engine', audience = 'swarm-bus' } = options;
  const audiences = typeof audience === 'string' ? [audience] : audience;
  if (!isText(issuer)) throw new TypeError('"issuer" must be a non-empty string');
  if (!isFilledList(audiences) || !audiences.every(isAudience)) {
    throw new TypeError('"audience" must be a non-empty string, or a list of them');
  }
  if (scopeFormat !== 'string' && scopeFormat !== 'array') {
    throw new TypeError('"scopeFormat" must be "string" or "array"');
  }
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  const bytes = { min: 256, max: 65_536, fallback: defaultMaxTokenBytes };
  return {
    key,
    iss: issuer,
    aud: typeof audience === 'string' ? audience : [...audience],
    lifetime: numberOption('lifetime', options.lifetime, { ...lifetimeSeconds, fallback: 900 }),
    scopeFormat,
    maxTokenBytes: numberOption('maxTokenBytes', options.maxTokenBytes, bytes),
    clock,
  };
}

/**
 * Makes an issuer of agent tokens (RFC 9068) under one signing key.
 *
 * Does not decide who may have what: that is the authority's work. Does not rotate keys: make a
 * new issuer with the new key.
 *
 * @param options the key, and what all tokens share
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 9068 section 2
 * @example
 * ```ts
 * import { createIssuer, generateSigningKey } from 'swarmgate';
 *
 * const issuer = createIssuer({ key: await generateSigningKey() });
 * const token = await issuer.issueAgentToken({
 *   sub: 'planner',
 *   tier: 'fast',
 *   scope: ['bus:publish:news', 'bus:receive'],
 * });
 * if (token.split('.').length !== 3) throw new Error('unexpected');
 * ```
 */
export function createIssuer(options: IssuerOptions): Issuer {
  const settings = readSettings(options);
  const { alg, kid, privateKey } = settings.key;
  const header = { alg, typ: 'at+jwt', kid };
  return Object.freeze({
    async issueAgentToken(request) {
      const claims = readClaims(request, settings);
      const token = await new CompactSign(encoder.encode(JSON.stringify(claims)))
        .setProtectedHeader(header)
        .sign(privateKey);
      if (token.length > settings.maxTokenBytes) throw new TokenError('token_too_large');
      return token;
    },
  } satisfies Issuer);
}
