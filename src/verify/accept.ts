// What a verifier remembers of a token that passed: the agent, its identities for revocation, its times and its key.

import type { KeyQuery, KeySource, VerificationKey } from '../keys/key_source.ts';
import { brandAgent, type VerifiedAgent } from '../token/agent.ts';
import type { AgentClaims } from '../token/claims.ts';
import type { TokenIdentity } from '../token/identity.ts';
import type { CheckedClaims, TokenTimes } from './claims.ts';
import type { Chain, Grant } from './delegation.ts';

/** The key of a token, and how it was found: asked again each time the token is seen. */
export interface KeyFinding {
  readonly keys: KeySource;
  readonly query: KeyQuery;
  readonly key: VerificationKey;
}

/** A token that passed signature, claims and narrowing. */
export interface AcceptedToken extends KeyFinding {
  readonly agent: VerifiedAgent;
  /** The token's own identity first, then its ancestors'. */
  readonly identities: readonly TokenIdentity[];
  readonly times: TokenTimes;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

/** The grant of the token itself: the last link of its chain. */
export function ownGrant(issuer: string, checked: CheckedClaims): Grant {
  const { audience, scope, tier, issuedAt, expiresAt, tokenId, sessionId } = checked;
  return {
    issuer,
    audience,
    scope,
    tier,
    issuedAt,
    expiresAt,
    tokenId,
    sessionId,
    keyThumbprint: undefined,
    jkt: checked.jkt,
  };
}

function identify(grant: Grant, agentIds: readonly string[], keyThumbprint: string): TokenIdentity {
  return Object.freeze({
    issuer: grant.issuer,
    tokenId: grant.tokenId,
    sessionId: grant.sessionId,
    agentIds: Object.freeze(agentIds),
    keyThumbprint: grant.keyThumbprint ?? keyThumbprint,
    jkt: grant.jkt,
    issuedAt: grant.issuedAt,
    expiresAt: grant.expiresAt,
  });
}

/** Makes the agent and the identities of a token whose checks have all passed. */
export function acceptToken(
  finding: KeyFinding,
  claims: AgentClaims,
  checked: CheckedClaims,
  chain: Chain,
  tiers: readonly string[],
): AcceptedToken {
  const { subject, jkt } = checked;
  const { actors, ancestors } = chain;
  const { thumbprint } = finding.key;
  const own = identify(ownGrant(claims.iss, checked), [subject, ...actors], thumbprint);
  // An ancestor was issued before the newer actors joined: actor n counts from the second link on.
  const earlier = ancestors.map((grant, index) =>
    identify(grant, [subject, ...actors.slice(actors.length - index)], thumbprint),
  );
  const agent = brandAgent({
    agentId: actors[0] ?? subject,
    subjectId: subject,
    tier: checked.tier ?? tiers[0] ?? '',
    tiers,
    scope: Object.freeze([...checked.scope]),
    issuer: claims.iss,
    tokenId: checked.tokenId,
    sessionId: checked.sessionId,
    issuedAt: checked.issuedAt,
    expiresAt: checked.expiresAt,
    actors: Object.freeze(actors.map((agentId) => Object.freeze({ agentId, authenticated: true }))),
    jkt,
    keyThumbprint: thumbprint,
    claims: deepFreeze(claims),
  });
  return { ...finding, agent, identities: Object.freeze([own, ...earlier]), times: checked };
}
