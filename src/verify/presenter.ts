// The sender proof: a bound token counts only with a proof by its key (RFC 9449 section 7).

import { checkOptionNames } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { checkDpopProof, proofUse } from '../proof/dpop.ts';
import type { ProofUse } from '../proof/replay.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import type { Policy } from './policy.ts';

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
}

/** Options that were copied before anything was awaited. */
export interface Presentation {
  readonly delegation: unknown;
  readonly proof: string | null | undefined;
  readonly method: string;
  readonly url: string;
}

/** Copies and checks the options of one verification. */
export function readPresentation(options: VerifyOptions): Presentation {
  checkOptionNames('verifyAgentToken', options, ['proof', 'method', 'url', 'delegation']);
  const { proof, method = '', url = '', delegation } = options;
  if (typeof proof === 'string' && (method === '' || String(url) === '')) {
    throw new TypeError('"proof" needs "method" and "url"');
  }
  return { proof, method, url: String(url), delegation };
}

/** Checks the proof of a token's presenter; what it answers must then be used once, if anything. */
export async function checkPresenter(
  policy: Policy,
  token: string,
  { jkt }: VerifiedAgent,
  { proof, method, url }: Presentation,
): Promise<ProofUse | TokenError | undefined> {
  if (proof === null) return undefined;
  if (proof === undefined) return jkt === undefined ? undefined : new TokenError('proof_required');
  // RFC 9449 section 7.1: a proof beside a token that is bound to no key proves nothing about it.
  if (jkt === undefined) return new TokenError('proof_invalid');
  const { clock, clockTolerance } = policy;
  const checked = await checkDpopProof(proof, { method, url, token, jkt, clock, clockTolerance });
  return checked.ok ? proofUse(checked.value) : checked.error;
}
