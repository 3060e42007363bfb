// The proof at the token endpoint (RFC 9449 section 5): it says which key the token is to be bound to.

import { decodeUnverified, TokenError, verifyDpopProof } from '../../../src/verify/index.ts';
import type { AuthorityContext } from '../context.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';
import type { Registration, Use } from '../agent/registration.ts';

/** What a good proof says. Its single use is not recorded yet. */
export interface BindingProof {
  readonly jkt: string;
  readonly use: Use;
}

/** What checking a proof needs of the authority. */
export type ProofContext = Pick<AuthorityContext, 'settings' | 'nonces' | 'now'>;

/** Whether a client gets bound tokens only. */
function needsProof({ dpop, tier }: Registration, { settings }: ProofContext): boolean {
  return dpop === 'required' || settings.dpopTiers.has(tier);
}

/** A proof that names a nonce is held to it, also where none is required. */
function namesNonce(proof: string): boolean {
  try {
    return Object.hasOwn(decodeUnverified(proof).claims, 'nonce');
  } catch {
    return false;
  }
}

/**
 * Checks the proof of a token request.
 *
 * @returns the key to bind the token to; `undefined` where no proof was sent and none is needed
 */
export async function readProof(
  request: Request,
  url: string,
  client: Registration,
  context: ProofContext,
): Promise<BindingProof | ClientRefusal | undefined> {
  const { settings, nonces, now } = context;
  const proof = request.headers.get('dpop');
  if (proof === null) return needsProof(client, context) ? { refused: 'proof_missing' } : undefined;
  const checksNonce = settings.dpopNonce === 'required' || namesNonce(proof);
  try {
    // Several headers arrive as one with commas, which is no proof (RFC 9449 section 4.3)
    const { jkt, jti, expiresAt } = await verifyDpopProof(proof, {
      method: 'POST',
      url,
      clock: () => now() / 1000,
      ...(checksNonce ? { isNonce: (nonce: string) => nonces.isOurs(nonce, client.id) } : {}),
    });
    return { jkt, use: { id: `${jkt}:${jti}`, expiresAt } };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const wantsNonce = error.code === 'proof_nonce_required';
    return { refused: wantsNonce ? 'use_dpop_nonce' : 'invalid_dpop_proof' };
  }
}
