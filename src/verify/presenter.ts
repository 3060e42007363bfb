// The sender proof: a bound token counts only with a proof by its key (RFC 9449 section 7).

import { checkOptionNames } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import type { ReplayGuard } from '../proof/replay.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import type { Maybe } from '../token/maybe.ts';
import type { Outcome } from './examine.ts';
import { withParts } from './on_demand.ts';
import type { Policy } from './policy.ts';
import type { SenderProofs, UseProof } from './sender_proof.ts';

/** How the token was presented. */
export interface ProofOptions {
  /** The DPoP proof as sent; `null` is the explicit opt-out of a page that only inspects. */
  readonly proof?: string | null;
  /** The HTTP method of the request; needed with a proof. */
  readonly method?: string;
  /** The URL of the request as the client knows it; needed with a proof. */
  readonly url?: string | URL;
}

/** Options of one verification. */
export interface VerifyOptions extends ProofOptions {
  /**
   * The value of the request's `Agent-Delegation` header: the hops of an off-line delegation,
   * oldest first, separated by commas. The proof must then be by the last delegate's key.
   */
  readonly delegation?: string | undefined;
  /**
   * Where this proof's id is recorded, in place of the verifier's own guard; `null`: the proof may
   * repeat. It is asked last, when nothing else refuses the request.
   */
  readonly replay?: ReplayGuard | null;
  /**
   * Answers whether a nonce is one that this server gave to the agent; given, a proof without a
   * good one is refused. Whether a delegate is who it is said to be is not known at this point.
   */
  readonly isNonce?: (nonce: string, agent: VerifiedAgent) => boolean | Promise<boolean>;
}

/** Options that were copied before anything was awaited. */
export interface Presentation {
  readonly delegation: unknown;
  readonly proof: string | null | undefined;
  readonly method: string;
  readonly url: string;
  /** `undefined`: the verifier's own. */
  readonly replay: ReplayGuard | null | undefined;
  readonly isNonce: VerifyOptions['isNonce'];
}

const optionNames = ['proof', 'method', 'url', 'delegation', 'replay', 'isNonce'];

/** Copies and checks the options of one verification. */
export function readPresentation(options: VerifyOptions): Presentation {
  checkOptionNames('verifyAgentToken', options, optionNames);
  const { proof, method = '', url = '', delegation, replay, isNonce } = options;
  if (typeof proof === 'string' && (method === '' || String(url) === '')) {
    throw new TypeError('"proof" needs "method" and "url"');
  }
  if (replay !== undefined && replay !== null && typeof replay.use !== 'function') {
    throw new TypeError('"replay" must be a replay guard, or null');
  }
  // Present but undefined is a mistake that would switch the check off
  if (Object.hasOwn(options, 'isNonce') && typeof isNonce !== 'function') {
    throw new TypeError('"isNonce" must be a function');
  }
  return { proof, method, url: String(url), delegation, replay, isNonce };
}

/** What a verifier remembers of proofs. */
export interface ProofMemory {
  /** Made for the first proof. */
  proofs: SenderProofs | undefined;
}

/** Checks the proof of a token's presenter; what it answers must then be used once, if anything. */
export function checkPresenter(
  policy: Policy,
  memory: ProofMemory,
  token: string,
  agent: VerifiedAgent,
  presentation: Presentation,
): Maybe<Outcome<UseProof | undefined>> {
  const { proof } = presentation;
  if (proof === null || (proof === undefined && agent.jkt === undefined)) {
    return { ok: true, value: undefined };
  }
  if (proof === undefined) return { ok: false, error: new TokenError('proof_required') };
  return withParts(({ createSenderProofs }) => {
    memory.proofs ??= createSenderProofs(policy);
    return memory.proofs.check(token, proof, agent, presentation);
  });
}
