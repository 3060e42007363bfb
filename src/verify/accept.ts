// What a verifier remembers of a token that passed: the agent with its identities, its grant, its times and its key.

import type { KeyQuery, KeySource, VerificationKey } from '../keys/key_source.ts';
import { brandAgent, type VerifiedAgent } from '../token/agent.ts';
import type { AgentClaims } from '../token/claims.ts';
import type { TokenIdentity } from '../token/identity.ts';
import type { CheckedClaims, TokenTimes } from './claims.ts';
import type { Chain } from './chain.ts';
import type { Grant } from './delegation.ts';

/** The key of a token, and how it was found: asked again each time the token is seen. */
export interface KeyFinding {
  readonly keys: KeySource;
  readonly query: KeyQuery;
  readonly key: VerificationKey;
}

/** A token, alone or with a chain of hops, that passed signatures, claims and narrowing. */
export interface AcceptedToken extends KeyFinding {
  /** The agent; of a chain, one that acts for its root alone. */
  readonly agent: VerifiedAgent;
  /** What is granted; of a chain, by its last hop. */
  readonly grant: Grant;
  /** The bounds of all times of the chain. */
  readonly times: TokenTimes;
  /** The off-line delegates, oldest first. */
  readonly delegates: readonly Delegate[];
}

/** The delegate of a hop: an id that its delegator claims, and the key that it names. */
export interface Delegate {
  readonly agentId: string;
  readonly jkt: string;
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}

/** What revocation knows one link by. */
export function identify(
  grant: Grant,
  agentIds: readonly string[],
  keyThumbprint: string,
  status?: TokenIdentity['status'],
): TokenIdentity {
  return Object.freeze({
    issuer: grant.issuer,
    tokenId: grant.tokenId,
    sessionId: grant.sessionId,
    agentIds: Object.freeze(agentIds),
    keyThumbprint: grant.keyThumbprint ?? keyThumbprint,
    jkt: grant.jkt,
    issuedAt: grant.issuedAt,
    expiresAt: grant.expiresAt,
    status: status && Object.freeze({ idx: status.idx, uri: status.uri }),
  });
}

const none: readonly never[] = Object.freeze([]);

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
  const own = identify(checked, [subject, ...actors], thumbprint, claims.status?.status_list);
  // An ancestor was issued before the newer actors joined: actor n counts from the second link on.
  const earlier = ancestors.map((link, index) =>
    identify(link, [subject, ...actors.slice(actors.length - index)], thumbprint),
  );
  const agent = brandAgent({
    agentId: actors[0] ?? subject,
    subjectId: subject,
    tier: checked.tier ?? tiers[0] ?? '',
    tiers,
    scope: Object.freeze(checked.scope),
    audience: Object.freeze(checked.audience),
    issuer: claims.iss,
    tokenId: checked.tokenId,
    sessionId: checked.sessionId,
    issuedAt: checked.issuedAt,
    expiresAt: checked.expiresAt,
    actors:
      actors.length === 0
        ? none
        : Object.freeze(
            actors.map((agentId) =>
              Object.freeze({ agentId, authenticated: true, jkt: undefined }),
            ),
          ),
    jkt,
    keyThumbprint: thumbprint,
    claims: deepFreeze(claims),
    identities: Object.freeze([own, ...earlier]),
  });
  return { ...finding, agent, grant: checked, times: checked, delegates: none };
}
