// Keys straight from and to WebCrypto: what verifying needs of them, without the tables of encryption.

import type { JWK } from 'jose';
import { decodeBase64url } from '../token/base64url.ts';
import { hashText } from '../token/digest.ts';
import { signingAlgorithms, type SigningAlgorithm } from './algorithms.ts';
import type { KeyMembers } from './jwk_members.ts';

/** The thumbprint of a key (RFC 7638): its members in the order of the alphabet, hashed. */
export function thumbprintOf(members: KeyMembers): Promise<string> {
  return hashText(JSON.stringify(members, Object.keys(members).sort()));
}

/** Imports the members of a public key for verifying; rejects as the runtime does. */
export function importPublic(members: KeyMembers, alg: SigningAlgorithm): Promise<CryptoKey> {
  const { generate } = signingAlgorithms[alg];
  return crypto.subtle.importKey('jwk', { ...members }, generate, true, ['verify']);
}

/** Reads the one key of a DER text in base64, if it is of the kind of an algorithm; else rejects. */
export async function jwkFromDer(
  format: 'spki' | 'pkcs8',
  base64: string,
  alg: SigningAlgorithm,
): Promise<JWK> {
  const text = base64
    .replaceAll(/[\r\n=]/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const bytes = decodeBase64url(text);
  if (bytes === undefined) throw new TypeError('The PEM is not canonical base64');
  const { generate } = signingAlgorithms[alg];
  const use = format === 'spki' ? 'verify' : 'sign';
  const key = await crypto.subtle.importKey(format, bytes, generate, true, [use]);
  const exported: object = await crypto.subtle.exportKey('jwk', key);
  const { alg: _alg, ext: _ext, key_ops: _ops, ...jwk }: JWK = exported;
  return jwk;
}
