// The claims of a token against the policy: pure, no clock, no I/O. Runs only after the signature verified.

import { parseScopeClaim } from '../authorize/scope.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import { boundedCache } from '../token/bounded_cache.ts';
import { isAgentId } from '../token/identity.ts';
import type { Grant } from './delegation.ts';
import type { TokenProfile } from './header.ts';
import {
  audienceList,
  isCompactJwe,
  isConfirmation,
  isFiniteNumber,
  isName,
  isStatus,
} from '../token/shape.ts';

/** What the claims of one issuer's tokens are held against. */
export interface ClaimRules {
  readonly audience: readonly string[] | null;
  readonly profile: TokenProfile;
  readonly tiers: readonly string[];
}

/** The times of a token, seconds since the epoch. */
export interface TokenTimes {
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
}

/** The claims, read and well-formed: what the token grants, to whom, and when. */
export interface CheckedClaims extends Grant, TokenTimes {
  readonly subject: string;
}

type Claims = Readonly<Record<string, unknown>>;

// RFC 9068 section 2.2; engine tokens are older than that and carry less.
const required: Readonly<Record<TokenProfile, readonly string[]>> = {
  'at+jwt': ['exp', 'iat', 'aud', 'sub', 'client_id', 'jti'],
  engine: ['exp', 'iat', 'aud', 'sub'],
};

const isHopLimit = (value: unknown): boolean => value === 1 || value === 2 || value === 3;

/** Optional claims, each with the test that its value must pass. */
const optional: readonly (readonly [name: string, test: (value: unknown) => boolean])[] = [
  ['nbf', isFiniteNumber],
  ['jti', isName],
  ['sid', isName],
  ['sealed', isCompactJwe],
  ['status', isStatus],
  ['dlg_max', isHopLimit],
];

/** Texts of `scope` that verified tokens had: a swarm has few. */
const knownScopes = boundedCache<readonly string[]>(256);

function readScope(scope: unknown): readonly string[] | undefined {
  if (typeof scope !== 'string') return scope === undefined ? [] : parseScopeClaim(scope);
  const known = knownScopes.get(scope);
  if (known !== undefined) return known;
  const scopes = parseScopeClaim(scope);
  if (scopes !== undefined) knownScopes.set(scope, Object.freeze(scopes));
  return scopes;
}

const refuse = (code: ErrorCode, member?: string): Result<never, TokenError> => ({
  ok: false,
  error: new TokenError(code, member === undefined ? {} : { member }),
});

/**
 * Reads the claims and checks all but the times.
 *
 * Refusals: `claim_missing`, `claim_malformed`, `audience_mismatch`.
 */
export function checkClaims(
  claims: Claims,
  rules: ClaimRules,
  actor: string | undefined,
): Result<CheckedClaims, TokenError> {
  const missing = required[rules.profile].find((name) => !Object.hasOwn(claims, name));
  if (missing !== undefined) return refuse('claim_missing', missing);
  const { exp, iat, sub, aud, client_id, tier, scope, cnf } = claims;
  if (!isFiniteNumber(exp)) return refuse('claim_malformed', 'exp');
  if (!isFiniteNumber(iat)) return refuse('claim_malformed', 'iat');
  if (!isAgentId(sub)) return refuse('claim_malformed', 'sub');
  for (const [name, test] of optional) {
    if (claims[name] !== undefined && !test(claims[name])) return refuse('claim_malformed', name);
  }
  // RFC 9068 section 2.2: the client that the token was issued to, here always the presenter.
  if (client_id !== undefined && client_id !== (actor ?? sub)) {
    return refuse('claim_malformed', 'client_id');
  }
  if (tier !== undefined && !(typeof tier === 'string' && rules.tiers.includes(tier))) {
    return refuse('claim_malformed', 'tier');
  }
  const scopes = readScope(scope);
  if (scopes === undefined) return refuse('claim_malformed', 'scope');
  if (cnf !== undefined && !isConfirmation(cnf)) return refuse('claim_malformed', 'cnf');
  const audience = audienceList(aud);
  if (audience === undefined) return refuse('claim_malformed', 'aud');
  if (rules.audience !== null && !rules.audience.some((entry) => audience.includes(entry))) {
    return refuse('audience_mismatch');
  }
  return {
    ok: true,
    value: {
      // `iss` selected the issuer whose rules these are, and so is a string
      issuer: claims['iss'] as string,
      subject: sub,
      audience,
      tokenId: claims['jti'] as string | undefined,
      sessionId: claims['sid'] as string | undefined,
      notBefore: claims['nbf'] as number | undefined,
      issuedAt: iat,
      expiresAt: exp,
      tier,
      scope: scopes,
      keyThumbprint: undefined,
      jkt: cnf?.jkt,
    },
  };
}

/** Limits on the times of a token, in seconds. */
export interface TimeRules {
  readonly maxLifetime: number;
  readonly clockTolerance: number;
}

/**
 * Checks the times of a token at `now`; `undefined` means that they are right.
 *
 * A token is expired from `exp + tolerance` on, and active from `nbf - tolerance` on.
 */
export function checkTimes(
  times: TokenTimes,
  rules: TimeRules,
  now: number,
): 'token_expired' | 'token_not_active' | 'lifetime_too_long' | 'claim_malformed' | undefined {
  const { issuedAt, expiresAt, notBefore } = times;
  const { maxLifetime, clockTolerance } = rules;
  if (now >= expiresAt + clockTolerance) return 'token_expired';
  if (issuedAt > now + clockTolerance) return 'token_not_active';
  if (notBefore !== undefined && notBefore > now + clockTolerance) return 'token_not_active';
  if (expiresAt - issuedAt > maxLifetime) return 'lifetime_too_long';
  // A lifetime that ends before it begins says that the issuer is broken.
  if (expiresAt <= Math.max(issuedAt, notBefore ?? issuedAt)) return 'claim_malformed';
  return undefined;
}
