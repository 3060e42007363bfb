// Keys that travel in a proof or a hop: whatever kind they are, they are read at once.

import type { SigningAlgorithm } from './algorithms.ts';
import type { JwkFault } from './jwk.ts';
import { readMembers } from './jwk_members.ts';
import type { VerificationKey } from './key_source.ts';
import { checkPublicJwk, importVerificationKeys, type CheckedJwk } from './public_jwk.ts';

/** Checks a public JWK for one algorithm. */
export function checkCarriedJwk(jwk: unknown, alg: SigningAlgorithm): CheckedJwk | JwkFault {
  return checkPublicJwk(jwk, readMembers, alg);
}

/**
 * Checks and imports a public JWK for one algorithm.
 *
 * @returns the key, or why it is refused.
 */
export async function importVerificationKey(
  jwk: unknown,
  alg: SigningAlgorithm,
): Promise<VerificationKey | JwkFault> {
  const checked = checkCarriedJwk(jwk, alg);
  if (typeof checked === 'string') return checked;
  const keys = await importVerificationKeys(checked);
  return typeof keys === 'string' ? keys : (keys[0] ?? 'alg');
}
