// SigningKey: a private key with the public JWK to publish for it, and the algorithm it is for.

import type { SigningAlgorithm } from './algorithms.ts';
import type { KeyMembers } from './jwk.ts';
import { thumbprintOf } from './web_keys.ts';

/** A public signature key as it is published in a JWK set (RFC 7517). Never holds private members. */
export interface PublicJwk {
  readonly kty: 'EC' | 'OKP' | 'RSA';
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly use: 'sig';
}

/** A key that signs tokens. */
export interface SigningKey {
  /** RFC 7638 thumbprint (SHA-256, base64url) of the public key. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  /** What to publish, and what to verify with. */
  readonly publicJwk: PublicJwk;
}

/** Puts a signing key together; its kid is the thumbprint, so that nobody can choose one. */
export async function makeSigningKey(
  alg: SigningAlgorithm,
  privateKey: CryptoKey,
  members: KeyMembers,
): Promise<SigningKey> {
  const kid = await thumbprintOf(members);
  const publicJwk = Object.freeze({ ...members, kid, alg, use: 'sig' as const });
  return Object.freeze({ kid, alg, privateKey, publicJwk });
}
