// The proof of a token's presenter, and what a verifier remembers of proofs: made when the first one comes.

import { TokenError } from '../errors/token_error.ts';
import { checkDpopProof, proofUse } from '../proof/check.ts';
import { createProofKeys } from '../proof/proof_keys.ts';
import { askReplay, memoryReplayGuard } from '../proof/replay.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import type { Outcome } from './examine.ts';
import type { Policy } from './policy.ts';
import type { Presentation } from './presenter.ts';

/** Records the use of a proof; `undefined` where that is the first, or it may repeat. */
export type UseProof = () => Promise<TokenError | undefined>;

/** The proofs of one verifier. */
export interface SenderProofs {
  /** Checks a proof; what it answers must then be called once, when nothing else refuses. */
  check(
    token: string,
    proof: string,
    agent: VerifiedAgent,
    presentation: Presentation,
  ): Promise<Outcome<UseProof | undefined>>;
}

/** Keys of proofs that a verifier keeps, at least. */
const knownKeys = 5000;

/** Makes the memory of a verifier's proofs. */
export function createSenderProofs(policy: Policy): SenderProofs {
  const { clock, clockTolerance, cacheEntries } = policy;
  const keys = createProofKeys(knownKeys, cacheEntries);
  const own = policy.replay === undefined ? memoryReplayGuard({ clock }) : policy.replay;
  return {
    async check(token, proof, agent, { method, url, isNonce, replay = own }) {
      const { jkt } = agent;
      // RFC 9449 section 7.1: a proof beside a token that is bound to no key proves nothing about it.
      if (jkt === undefined) return { ok: false, error: new TokenError('proof_invalid') };
      const expected = {
        method,
        url,
        token,
        jkt,
        clock,
        clockTolerance,
        ...(isNonce === undefined ? {} : { isNonce: (nonce: string) => isNonce(nonce, agent) }),
      };
      const checked = await checkDpopProof(proof, expected, keys);
      if (!checked.ok) return checked;
      const use = proofUse(checked.value);
      return { ok: true, value: replay === null ? undefined : () => askReplay(replay, use) };
    },
  };
}
