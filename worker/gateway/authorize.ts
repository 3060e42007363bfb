// Authorizes: first that the agent may use a route at all, then the very call.

import {
  authorize as authorizeCall,
  covers,
  TokenError,
  type AuthorizedCall,
  type VerifiedAgent,
} from '../../src/verify/index.ts';
import type { AdmissionConfig } from '../env_admission.ts';
import type { Prepared } from '../target.ts';

/**
 * Refuses an agent that has no scope for a route, whatever the request names, before its body is
 * read. Who administers this authority is its own decision: `admin:*` of another issuer counts for
 * nothing, however far that issuer is trusted.
 *
 * @throws TokenError `scope_insufficient`
 */
export function admitScope(
  agent: VerifiedAgent,
  scopes: readonly string[],
  ownIssuer: string,
): void {
  for (const wanted of scopes) {
    if (wanted.startsWith('admin:') && agent.issuer !== ownIssuer) {
      throw new TokenError('scope_insufficient');
    }
    const some = agent.scope.some((held) => held.startsWith(`${wanted}:`) || covers(held, wanted));
    if (!some) throw new TokenError('scope_insufficient');
  }
}

/**
 * Refuses an agent whose tier is not among those of a route.
 *
 * @throws TokenError `tier_insufficient`
 */
export function admitTier({ tier }: VerifiedAgent, tiers: readonly string[] | undefined): void {
  if (tiers !== undefined && !tiers.includes(tier)) throw new TokenError('tier_insufficient');
}

/**
 * Refuses a token that is bound to no key where the tier, or a scope that is used, needs one.
 *
 * @throws TokenError `proof_required`
 */
export function admitUnbound(
  { jkt, tier }: VerifiedAgent,
  { proofTiers, proofScopes }: Pick<AdmissionConfig, 'proofTiers' | 'proofScopes'>,
  used: readonly string[],
): void {
  if (jkt !== undefined) return;
  const needs = used.some((scope) => proofScopes.some((named) => covers(named, scope)));
  if (needs || proofTiers.has(tier)) throw new TokenError('proof_required');
}

/**
 * Authorizes a call for exactly what it requires.
 *
 * @throws TokenError `scope_insufficient`
 */
export function authorize(agent: VerifiedAgent, { required }: Prepared): AuthorizedCall {
  return authorizeCall(agent, required);
}
