// TokenReader: reads a token that somebody asks about, with the gateway's own verifier.

import type { Result, TokenError, VerifiedAgent } from '../../../src/verify/index.ts';

/** Reads tokens of every trusted issuer. */
export interface TokenReader {
  /**
   * The agent that makes a request, as on every guarded route; `url` is what its proof must name.
   * `allow` throws where the agent may not: the proof is used up after that.
   *
   * @throws TokenError for a credential that the gateway refuses
   */
  present(
    request: Request,
    url: string,
    allow: (agent: VerifiedAgent) => void,
  ): Promise<VerifiedAgent>;
  /**
   * What the gateway would find now of a token, revocation included, without its proof; `delegation`
   * is the value of an `Agent-Delegation` header.
   */
  inspect(token: string, delegation?: string): Promise<Result<VerifiedAgent, TokenError>>;
  /** The same without looking at revocation: whose token it is. */
  identify(token: string): Promise<Result<VerifiedAgent, TokenError>>;
}
