// A request that the authority answers for an agent on an open route: verified and admitted as on every guarded one.

import { TokenError, type VerifiedAgent } from '../../src/verify/index.ts';
import { addressOf } from '../authority/http/attempts.ts';
import type { TokenReader } from '../authority/http/token_reader.ts';
import type { Admission } from './admission.ts';
import { admit, type Credential } from './admit.ts';
import type { AnonymousGate } from './anonymous_gate.ts';
import type { Presented, TokenCheck } from './verify.ts';

/** What reading tokens needs of the gateway. */
export interface TokenReaderOptions {
  readonly check: TokenCheck;
  readonly gate: AnonymousGate;
  readonly admission: Admission;
}

/** Verifies and admits what is presented elsewhere than on a guarded route: in a frame of a socket. */
export async function presentOnce(
  credential: Credential,
  presented: Presented,
  { check, admission }: Pick<TokenReaderOptions, 'check' | 'admission'>,
  allow: (agent: VerifiedAgent) => void = () => undefined,
): Promise<VerifiedAgent> {
  const { agent, use } = await check.verify(credential, presented);
  allow(agent);
  // The proof is used up last, because that writes
  const admitted = await admission.admit({ agent, use });
  if (admitted === 'not_holder') throw new TokenError('proof_invalid');
  return agent;
}

/** Makes the reader of tokens that the authority asks. */
export function createTokenReader({ check, gate, admission }: TokenReaderOptions): TokenReader {
  return {
    inspect: check.inspect,
    identify: check.identify,

    async present(request, url, allow) {
      const address = addressOf(request);
      const leave = gate.enter(address);
      try {
        const credential = admit(request.headers, new URL(request.url).searchParams);
        const presented = { method: request.method, url };
        return await presentOnce(credential, presented, { check, admission }, allow);
      } catch (error) {
        gate.refused(address, error);
        throw error;
      } finally {
        leave();
      }
    },
  };
}
