// authorize: from a verified agent and the scopes a call needs to an authorized call, or a refusal.

import { TokenError } from '../errors/token_error.ts';
import {
  brandCall,
  isVerifiedAgent,
  type AuthorizedCall,
  type VerifiedAgent,
} from '../token/agent.ts';
import { coversAll } from './covers.ts';
import { isScope } from './scope.ts';

/**
 * Authorizes a call: every required scope must be covered by one of the agent's.
 *
 * Does not check again that the token is still valid, and does not know what the call does: the
 * caller names the scopes that it needs, with what the resource names as the third part.
 *
 * @param agent what a verifier returned; a look-alike is a TypeError
 * @param required one scope or several, all of which are needed
 * @returns a frozen, branded call: the only thing that a forwarder should take
 * @throws TokenError `scope_insufficient`
 * @throws TypeError when `agent` was not made by a verifier, or a required scope is malformed
 * @example
 * ```ts
 * import { authorize, createIssuer, createVerifier, generateSigningKey, localKeys } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const token = await createIssuer({ key }).issueAgentToken({
 *   sub: 'planner',
 *   tier: 'fast',
 *   scope: ['bus:publish'],
 * });
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
 * const call = authorize(await verifier.verifyAgentToken(token), 'bus:publish:news');
 * if (call.agent.agentId !== 'planner') throw new Error('unexpected');
 * ```
 */
export function authorize(
  agent: VerifiedAgent,
  required: string | readonly string[],
): AuthorizedCall {
  if (!isVerifiedAgent(agent)) throw new TypeError('"agent" must come from a verifier');
  const list: unknown = typeof required === 'string' ? [required] : required;
  const scopes = Array.isArray(list) ? list.filter(isScope) : [];
  if (!Array.isArray(list) || scopes.length !== list.length) {
    throw new TypeError('"required" must hold well-formed scopes');
  }
  if (!coversAll(agent.scope, scopes)) throw new TokenError('scope_insufficient');
  return brandCall({ agent, required: Object.freeze(scopes) });
}

/**
 * Requires at least a tier, in the verifier's own order of tiers.
 *
 * @throws TokenError `tier_insufficient`
 * @throws TypeError when `agent` was not made by a verifier, or the tier is not configured there
 * @example
 * ```ts
 * import { createIssuer, createVerifier, generateSigningKey, localKeys, requireTier } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const token = await createIssuer({ key }).issueAgentToken({ sub: 'a', tier: 'power', scope: [] });
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
 * requireTier(await verifier.verifyAgentToken(token), 'fast');
 * ```
 */
export function requireTier(agent: VerifiedAgent, tier: string): void {
  if (!isVerifiedAgent(agent)) throw new TypeError('"agent" must come from a verifier');
  const needed = agent.tiers.indexOf(tier);
  if (needed < 0) throw new TypeError('"tier" must be one of the configured tiers');
  if (agent.tiers.indexOf(agent.tier) < needed) throw new TokenError('tier_insufficient');
}
