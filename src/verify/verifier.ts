// The verifier: the pipeline in its documented order, where the first failure gives the code.

import { TokenError, type Result } from '../errors/token_error.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import { boundedCache } from '../token/bounded_cache.ts';
import type { AcceptedToken } from './accept.ts';
import { examineToken, type Outcome } from './examine.ts';
import { recall, type Memory } from './memory.ts';
import { withParts } from './on_demand.ts';
import { readPolicy, type Policy, type VerifierOptions } from './policy.ts';
import { andThen, type Maybe } from '../token/maybe.ts';
import {
  checkPresenter,
  readPresentation,
  type Presentation,
  type VerifyOptions,
} from './presenter.ts';
import { askRevocation } from './sources.ts';

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

const refuse = (error: TokenError): Outcome<never> => ({ ok: false, error });

/** A token that comes alone: remembered, or examined now. */
function accept(policy: Policy, memory: Memory, token: string): Maybe<Outcome<AcceptedToken>> {
  return andThen(recall(policy, memory.tokens, token), (known) =>
    known === undefined ? examineToken(policy, memory, token) : { ok: true, value: known },
  );
}

/** The agent of a token; of a chain, after asking who its delegates are. */
function identifyAgent(policy: Policy, accepted: AcceptedToken): Maybe<Outcome<VerifiedAgent>> {
  return accepted.delegates.length === 0
    ? { ok: true, value: accepted.agent }
    : withParts(({ authenticateDelegates }) => authenticateDelegates(policy, accepted));
}

/** What depends on the presentation: asked each time, however well the token is known. */
function admit(
  policy: Policy,
  memory: Memory,
  token: string,
  accepted: AcceptedToken,
  presentation: Presentation,
): Maybe<Outcome<VerifiedAgent>> {
  const { revocation } = policy;
  const presenting = checkPresenter(policy, memory, token, accepted.agent, presentation);
  return andThen(presenting, (proof) => {
    if (!proof.ok) return proof;
    const asked = revocation && askRevocation(revocation, accepted.agent.identities);
    return andThen(asked, (revoked) => {
      if (revoked !== undefined) return refuse(revoked);
      return andThen(identifyAgent(policy, accepted), (identified) => {
        if (!identified.ok) return identified;
        // Last, because it writes: a request that is refused anyway uses nothing up.
        return andThen(proof.value?.(), (replayed) =>
          replayed === undefined ? identified : refuse(replayed),
        );
      });
    });
  });
}

async function check<T>(
  policy: Policy,
  memory: Memory,
  token: string,
  options: VerifyOptions,
  answer: (result: Outcome<VerifiedAgent>) => T,
): Promise<T> {
  const presentation = readPresentation(options);
  const { delegation } = presentation;
  // Before anything is looked up by them: what turns into a known text is not that text
  if (typeof token !== 'string') return answer(refuse(new TokenError('token_malformed')));
  if (delegation !== undefined && typeof delegation !== 'string') {
    return answer(refuse(new TokenError('delegation_malformed')));
  }
  const accepting =
    delegation === undefined
      ? accept(policy, memory, token)
      : withParts(({ acceptWithHops }) => acceptWithHops(policy, memory, token, delegation));
  const accepted = accepting instanceof Promise ? await accepting : accepting;
  if (!accepted.ok) return answer(accepted);
  const admitting = admit(policy, memory, token, accepted.value, presentation);
  return answer(admitting instanceof Promise ? await admitting : admitting);
}

/**
 * Makes a verifier of agent tokens.
 *
 * The checks run in a fixed order and the first that fails gives the code: size, form, algorithm
 * and type, issuer, key, structure of a delegation, signatures (root first), claims, narrowing,
 * sender proof, revocation, replay. Tokens and chains whose signatures verified are remembered;
 * their times, key, proof and revocation are checked each time.
 *
 * With `delegation` the token is the root of an off-line chain: every hop may only narrow, whoever
 * signed it, at most three together with the actors of an exchanged root.
 *
 * What checks proofs and delegations is imported when the first of them comes; where that fails,
 * they are refused with `key_unavailable`.
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
  const memory: Memory = {
    tokens: boundedCache(policy.cacheEntries),
    chains: boundedCache(policy.cacheEntries),
    hopKeys: undefined,
    proofs: undefined,
    pending: new Map(),
  };
  return Object.freeze({
    verifyAgentToken: (token, verifyOptions = {}) =>
      check(policy, memory, token, verifyOptions, valueOf),
    checkAgentToken: (token, verifyOptions = {}) =>
      check(policy, memory, token, verifyOptions, itself),
  } satisfies Verifier);
}

function valueOf(result: Outcome<VerifiedAgent>): VerifiedAgent {
  if (result.ok) return result.value;
  throw result.error;
}
const itself = (result: Outcome<VerifiedAgent>): Outcome<VerifiedAgent> => result;
