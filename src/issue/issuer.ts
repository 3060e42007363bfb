// The issuer: agent tokens under one key, with every claim that a verifier will ask for.

import { CompactSign } from 'jose';
import { isScope } from '../authorize/scope.ts';
import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  readClock,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { isSigningAlgorithm } from '../keys/algorithms.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import type { Confirmation, StatusClaim } from '../token/claims.ts';
import { isAgentId } from '../token/identity.ts';
import { defaultMaxTokenBytes } from '../token/parse.ts';
import { isCompactJwe, isConfirmation, isName, isRecord, isStatus } from '../token/shape.ts';
import { readExtraClaims } from './extra_claims.ts';

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

/** What one token says. */
export interface AgentTokenRequest {
  /** The agent id. */
  readonly sub: string;
  readonly tier: string;
  readonly scope: string | readonly string[];
  /** The session; left out: the token belongs to none. */
  readonly sid?: string;
  /** Binds the token to a key: `{ jkt }`, its thumbprint. */
  readonly cnf?: Confirmation;
  /** How many hops of delegation its holder may sign off line, 1 to 3; left out: none. */
  readonly dlgMax?: number;
  /** The client that may exchange the token to act for `sub`, where its issuer allows it (RFC 8693). */
  readonly mayAct?: string;
  /** Claims that only a named recipient can read: see `sealClaims`. */
  readonly sealed?: string;
  /** Where the token's status is published. */
  readonly status?: StatusClaim;
  /** Further claims; none of the reserved names, none that looks like a secret's. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Lifetime of this token in seconds; default: the issuer's. */
  readonly lifetime?: number;
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
const requestNames = [
  'sub',
  'tier',
  'scope',
  'sid',
  'cnf',
  'dlgMax',
  'mayAct',
  'sealed',
  'status',
  'claims',
  'lifetime',
];
const encoder = new TextEncoder();
const tierName = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

interface Settings {
  readonly key: SigningKey;
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly lifetime: number;
  readonly scopeFormat: 'string' | 'array';
  readonly maxTokenBytes: number;
  readonly clock: Clock;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
// No verifier can be configured for it: it would look as if it were for all.
const isAudience = (value: unknown): boolean => isText(value) && value !== '*';
const seconds = { min: 1, max: 3600 };

function readSettings(options: IssuerOptions): Settings {
  checkOptionNames('createIssuer', options, optionNames);
  checkNotUndefined(options, optionNames);
  const { key, scopeFormat = 'string', clock = systemClock } = options;
  const usable = isRecord(key) && key.privateKey?.type === 'private' && isName(key.kid);
  if (!usable || !isSigningAlgorithm(key.alg)) {
    throw new TypeError('"key" must be a signing key with a private, asymmetric key');
  }
  const { issuer = 'yamtam-engine', audience = 'swarm-bus' } = options;
  const audiences: unknown = typeof audience === 'string' ? [audience] : audience;
  if (!isText(issuer)) throw new TypeError('"issuer" must be a non-empty string');
  if (!Array.isArray(audiences) || audiences.length === 0 || !audiences.every(isAudience)) {
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
    lifetime: numberOption('lifetime', options.lifetime, { ...seconds, fallback: 900 }),
    scopeFormat,
    maxTokenBytes: numberOption('maxTokenBytes', options.maxTokenBytes, bytes),
    clock,
  };
}

function readScope(scope: unknown, format: Settings['scopeFormat']): object {
  const members = isText(scope) ? scope.split(' ') : scope === '' ? [] : scope;
  if (!Array.isArray(members) || !members.every(isScope)) {
    throw new TypeError('"scope" must hold well-formed scopes');
  }
  if (format === 'array') return { scope: members };
  return members.length === 0 ? {} : { scope: members.join(' ') };
}

function copyStatus({ status_list: { idx, uri } }: StatusClaim): StatusClaim {
  return { status_list: { idx, uri } };
}

function readClaims(request: AgentTokenRequest, settings: Settings): object {
  checkOptionNames('issueAgentToken', request, requestNames);
  checkNotUndefined(request, requestNames);
  const { sub, tier, sid, cnf, dlgMax, mayAct, sealed, status } = request;
  if (!isAgentId(sub)) throw new TypeError('"sub" must be an agent id');
  if (typeof tier !== 'string' || !tierName.test(tier)) {
    throw new TypeError('"tier" must be a lower-case name');
  }
  if (sid !== undefined && !isName(sid)) throw new TypeError('"sid" must be a short string');
  if (cnf !== undefined && !isConfirmation(cnf)) {
    throw new TypeError('"cnf" must be { jkt }, a SHA-256 thumbprint');
  }
  if (sealed !== undefined && !isCompactJwe(sealed)) {
    throw new TypeError('"sealed" must be a compact JWE');
  }
  if (status !== undefined && !isStatus(status)) {
    throw new TypeError('"status" must be { status_list: { idx, uri } }');
  }
  if (dlgMax !== undefined && ![1, 2, 3].includes(dlgMax)) {
    throw new TypeError('"dlgMax" must be 1, 2 or 3');
  }
  if (mayAct !== undefined && !isAgentId(mayAct)) {
    throw new TypeError('"mayAct" must be an agent id');
  }
  const lifetime = numberOption('lifetime', request.lifetime, {
    ...seconds,
    fallback: settings.lifetime,
  });
  const now = readClock(settings.clock);
  return {
    ...readExtraClaims(request.claims),
    iss: settings.iss,
    aud: settings.aud,
    sub,
    client_id: sub,
    iat: now,
    exp: now + lifetime,
    jti: crypto.randomUUID(),
    ...(sid === undefined ? {} : { sid }),
    tier,
    ...readScope(request.scope, settings.scopeFormat),
    ...(cnf === undefined ? {} : { cnf: { jkt: cnf.jkt } }),
    ...(dlgMax === undefined ? {} : { dlg_max: dlgMax }),
    ...(mayAct === undefined ? {} : { may_act: { sub: mayAct } }),
    ...(sealed === undefined ? {} : { sealed }),
    ...(status === undefined ? {} : { status: copyStatus(status) }),
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
