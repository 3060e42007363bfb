// The `sealed` claim: claims inside a token that only the named recipient can read.

import { isVerifiedAgent, type VerifiedAgent } from '../token/agent.ts';
import type { Purpose } from './core.ts';
import { sealText } from './core.ts';
import { claimsType } from './purposes.ts';
import { coreOf, openObject, toJson, type Sealer } from './sealer.ts';

const sealedClaims: Purpose = {
  header: { typ: claimsType },
  accepts: ({ typ }) => typ === claimsType,
};

/**
 * Seals claims for one recipient: the result is what an issuer puts in the `sealed` claim.
 *
 * Does not put it in a token, and says nothing of who sealed it: the token's signature does. The
 * recipient is named by the `kid` of the sealer's JWK, where it has one.
 *
 * @param claims A JSON object.
 * @param sealer A sealer with the recipient's public key, or a secret shared with it.
 * @returns a compact JWE (`typ: agent-claims+jwt`).
 * @throws TypeError for what is not an object that JSON can hold, for one that is too large, or for
 * a sealer that only decrypts.
 * @example
 * ```ts
 * import { createSealer, sealClaims } from 'swarmgate';
 *
 * const sealer = createSealer({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const sealed = await sealClaims({ api_key: 'for the tool server alone' }, sealer);
 * if (sealed.split('.').length !== 5) throw new Error('unexpected');
 * ```
 * @see RFC 7516 section 7.1, RFC 8725 section 3.11
 */
export async function sealClaims(claims: object, sealer: Sealer): Promise<string> {
  return sealText(coreOf(sealer), toJson(claims), sealedClaims);
}

/**
 * Opens the sealed claims of a verified agent.
 *
 * Takes only an agent that a verifier of this library made: that the claims can be decrypted is no
 * proof of where they come from, the signature around them is. Does not check whether the token is
 * still valid now.
 *
 * @param agent The verified agent.
 * @param sealer A sealer with the recipient's private key, or the shared secret.
 * @returns the claims, or `undefined` when the token has none.
 * @throws TypeError for an agent that no verifier made, or a sealer that only encrypts; TokenError
 * `payload_undecryptable`.
 * @example
 * ```ts
 * import {
 *   createIssuer,
 *   createSealer,
 *   createVerifier,
 *   generateSigningKey,
 *   localKeys,
 *   openSealedClaims,
 *   sealClaims,
 * } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const sealer = createSealer({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const token = await createIssuer({ key }).issueAgentToken({
 *   sub: 'planner',
 *   tier: 'fast',
 *   scope: ['bus:publish'],
 *   sealed: await sealClaims({ region: 'eu' }, sealer),
 * });
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
 * const claims = await openSealedClaims(await verifier.verifyAgentToken(token), sealer);
 * if (JSON.stringify(claims) !== '{"region":"eu"}') throw new Error('unexpected');
 * ```
 * @see RFC 7519 section 11.2
 */
export async function openSealedClaims(
  agent: VerifiedAgent,
  sealer: Sealer,
): Promise<object | undefined> {
  if (!isVerifiedAgent(agent)) {
    throw new TypeError('Sealed claims are opened only for an agent that a verifier returned');
  }
  const core = coreOf(sealer);
  const { sealed } = agent.claims;
  return sealed === undefined ? undefined : openObject(core, sealed, sealedClaims);
}
