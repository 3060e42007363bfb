// Keys straight to WebCrypto: what verifying needs of them, without the tables of encryption.

import { hashText } from '../token/digest.ts';
import { signingAlgorithms, type SigningAlgorithm } from './algorithms.ts';
import type { KeyMembers } from './jwk.ts';

/** The thumbprint of a key (RFC 7638): its members in the order of the alphabet, hashed. */
export function thumbprintOf(members: KeyMembers): Promise<string> {
  return hashText(JSON.stringify(members, Object.keys(members).sort()));
}

/** Imports the members of a public key for verifying; rejects as the runtime does. */
export function importPublic(members: KeyMembers, alg: SigningAlgorithm): Promise<CryptoKey> {
  const { web } = signingAlgorithms[alg];
  return crypto.subtle.importKey('jwk', { ...members }, web, true, ['verify']);
}
