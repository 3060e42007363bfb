// generateSigningKey: a fresh key pair for signing tokens.

import { exportJWK, generateKeyPair } from 'jose';
import { checkOptionNames } from '../errors/caller.ts';
import { isSigningAlgorithm, type SigningAlgorithm } from './algorithms.ts';
import { keyFault } from './faults.ts';
import { copyMembers } from './jwk.ts';
import { readMembers } from './jwk_members.ts';
import { makeSigningKey, type SigningKey } from './signing_key.ts';

/** Options of {@link generateSigningKey}. */
export interface GenerateSigningKeyOptions {
  /** Whether the private key can be exported, and so stored. Default: `true`. */
  readonly extractable?: boolean;
}

/**
 * Generates a key pair for signing agent tokens.
 *
 * Does not store anything. The private key is extractable by default, because most callers store
 * it; pass `extractable: false` for one that lives and dies with the process. RSA keys have 2,048
 * bits.
 *
 * @param alg The signature algorithm. Default: `ES256`.
 * @returns the key, its kid (RFC 7638 thumbprint), and the public JWK to publish.
 * @throws TypeError for an algorithm that is not in the table. What the runtime itself cannot
 * make rejects with the runtime's own error.
 * @example
 * ```ts
 * import { generateSigningKey } from 'swarmgate';
 *
 * const key = await generateSigningKey('ES256');
 * if (key.publicJwk.kid !== key.kid || 'd' in key.publicJwk) throw new Error('unexpected');
 * ```
 * @see RFC 7518 section 3.1, RFC 7638
 */
export async function generateSigningKey(
  alg: SigningAlgorithm = 'ES256',
  options: GenerateSigningKeyOptions = {},
): Promise<SigningKey> {
  if (!isSigningAlgorithm(alg)) throw keyFault('alg_unknown');
  checkOptionNames('generateSigningKey', options, ['extractable']);
  const { extractable = true } = options;
  const pair = await generatePair(alg, extractable);
  const members = readMembers(copyMembers(await exportJWK(pair.publicKey)) ?? {});
  if (typeof members === 'string') throw new TypeError('The runtime made a key that is not usable');
  return makeSigningKey(alg, pair.privateKey, members);
}

const tries = 5;

/** WebKitGTK fails to make one Ed25519 pair in 200. */
async function generatePair(
  alg: SigningAlgorithm,
  extractable: boolean,
): ReturnType<typeof generateKeyPair> {
  for (let left = tries; ; left--) {
    try {
      return await generateKeyPair(alg, { extractable });
    } catch (error) {
      if (left === 1 || !(error instanceof Error) || error.name !== 'OperationError') throw error;
    }
  }
}
