// The verifier: the pipeline in its documented order, where the first failure gives the code.

import { readClock } from '../errors/caller.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import { askReplay } from '../proof/replay.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import type { AgentClaims } from '../token/claims.ts';
import { parseToken } from '../token/parse.ts';
import { acceptToken, ownGrant, type AcceptedToken } from './accept.ts';
import { boundedCache, type BoundedCache } from '../token/bounded_cache.ts';
import { checkClaims, checkTimes } from './claims.ts';
import { chainNarrows, readChain } from './delegation.ts';
import { checkHeader } from './header.ts';
import { readPolicy, type Policy, type VerifierOptions } from './policy.ts';
import { checkPresenter, readPresentation, type ProofOptions } from './presenter.ts';
import { signatureVerifies } from './signature.ts';
import { askRevocation, findKey } from './sources.ts';

/** Options of one verification. */
export type VerifyOptions = ProofOptions;

/** Verifies agent tokens under one fixed policy. */
export interface Verifier {
  /**
   * Verifies a token; rejects with a TokenError where it is refused.
   *
   * Does not authorize: see `authorize`. Does not check revocation unless the verifier was made
   * with a `revocation` source.
   */
  verifyAgentToken(token: string, options?: VerifyOptions): Promise<VerifiedAgent>;
  /** Verifies a token as `verifyAgentToken` does, with the refusal as a value. */
  checkAgentToken(
    token: string,
    options?: VerifyOptions,
  ): Promise<Result<VerifiedAgent, TokenError>>;
}

type Outcome<T> = Result<T, TokenError>;
const refuse = (error: TokenError): Outcome<never> => ({ ok: false, error });

/** Parses a token and checks everything about it that does not depend on how it is presented. */
async function examine(policy: Policy, token: string): Promise<Outcome<AcceptedToken>> {
  const parsed = parseToken(token, policy);
  if (!parsed.ok) return parsed;
  const { header, claims } = parsed.value;
  const trusted = policy.issuerFor(claims['iss']);
  const query = checkHeader(header, trusted ?? policy.anyIssuer);
  if (query instanceof TokenError) return refuse(query);
  if (trusted === undefined) return refuse(new TokenError('issuer_not_trusted'));
  const { keys, audience, profile } = trusted;
  const key = await findKey(keys, query);
  if (key instanceof TokenError) return refuse(key);
  const chain = readChain(claims);
  if (!chain.ok) return chain;
  const verifies = await signatureVerifies(parsed.value, key);
  if (!verifies) return refuse(new TokenError('signature_invalid'));

  const { tiers } = policy;
  const checked = checkClaims(claims, { audience, profile, tiers }, chain.value.actors[0]);
  if (!checked.ok) return checked;
  // Read now, not at the start: fetching a key may have taken a while.
  const untimely = checkTimes(checked.value, policy, readClock(policy.clock));
  if (untimely !== undefined) return refuse(new TokenError(untimely));
  // `iss` selected the entry, and so is a string; the rest was checked above.
  const agentClaims = claims as unknown as AgentClaims;
  if (!chainNarrows(chain.value, ownGrant(agentClaims.iss, checked.value), tiers)) {
    return refuse(new TokenError('delegation_widened'));
  }
  const finding = { keys, query, key };
  return {
    ok: true,
    value: acceptToken(finding, agentClaims, checked.value, chain.value, tiers),
  };
}

/** A remembered token, as long as its key is still the trusted one and its time has not passed. */
async function recall(
  policy: Policy,
  cache: BoundedCache<AcceptedToken>,
  token: string,
): Promise<AcceptedToken | undefined> {
  const known = cache.get(token);
  if (known === undefined) return undefined;
  const key = await findKey(known.keys, known.query);
  if (key === known.key && checkTimes(known.times, policy, readClock(policy.clock)) === undefined) {
    return known;
  }
  cache.delete(token);
  return undefined;
}

async function check(
  policy: Policy,
  cache: BoundedCache<AcceptedToken>,
  token: string,
  options: VerifyOptions,
): Promise<Outcome<VerifiedAgent>> {
  const presentation = readPresentation(options);
  let accepted = await recall(policy, cache, token);
  if (accepted === undefined) {
    const examined = await examine(policy, token);
    if (!examined.ok) return examined;
    accepted = examined.value;
    cache.set(token, accepted);
  }
  const { agent, identities } = accepted;
  const proof = await checkPresenter(policy, token, agent, presentation);
  if (proof instanceof TokenError) return refuse(proof);
  const { revocation, replay } = policy;
  const revoked = revocation && (await askRevocation(revocation, identities));
  if (revoked !== undefined) return refuse(revoked);
  // Last, because it writes: a request that is refused anyway uses nothing up.
  const replayed = proof && replay && (await askReplay(replay, proof));
  return replayed instanceof TokenError ? refuse(replayed) : { ok: true, value: agent };
}

/**
 * Makes a verifier of agent tokens.
 *
 * The checks run in a fixed order and the first that fails gives the code: size, form, algorithm
 * and type, issuer, key, signature, claims, delegation, sender proof, revocation, replay. Tokens
 * whose signature verified are remembered; all other checks are made each time.
 *
 * Revocation is NOT checked unless `revocation` is given. Scopes are not authorized: see
 * `authorize`. Sealed claims are not opened: see `openSealedClaims`.
 *
 * @param options one trusted issuer, or `issuers` for several, and what holds for all of them
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 9068 section 4, RFC 8725, RFC 9449 section 7.1
 * @example
 * ```ts
 * import { createIssuer, createVerifier, generateSigningKey, localKeys } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const issuer = createIssuer({ key });
 * const token = await issuer.issueAgentToken({ sub: 'planner', tier: 'fast', scope: ['bus:publish'] });
 *
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
 * const agent = await verifier.verifyAgentToken(token);
 * if (agent.agentId !== 'planner') throw new Error('unexpected');
 *
 * const refused = await verifier.checkAgentToken(`${token}x`);
 * if (refused.ok || refused.error.code !== 'token_malformed') throw new Error('unexpected');
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const policy = readPolicy(options);
  const cache = boundedCache<AcceptedToken>(policy.cacheEntries);
  return Object.freeze({
    async verifyAgentToken(token, verifyOptions = {}) {
      const result = await check(policy, cache, token, verifyOptions);
      if (result.ok) return result.value;
      throw result.error;
    },
    checkAgentToken: (token, verifyOptions = {}) => check(policy, cache, token, verifyOptions),
  } satisfies Verifier);
}
