// importSigningKey: a signing key from PKCS#8 PEM, a private JWK, or a CryptoKey.

import { CompactSign, compactVerify, exportJWK, importJWK, type JWK } from 'jose';
import { checkOptionNames } from '../errors/caller.ts';
import { isSigningAlgorithm, signingAlgorithms, type SigningAlgorithm } from './algorithms.ts';
import { keyFault } from './faults.ts';
import { copyMembers, isSecret, type KeyMembers } from './jwk.ts';
import { readMembers } from './jwk_members.ts';
import { keyParts } from './on_demand.ts';
import { algorithmsOf, importVerificationKeys } from './public_jwk.ts';
import { makeSigningKey, type SigningKey } from './signing_key.ts';

/** Options of {@link importSigningKey}. */
export interface ImportSigningKeyOptions {
  /** The public JWK of a CryptoKey that is not extractable. Not read for other keys. */
  readonly publicJwk?: JWK;
}

type Members = Readonly<Record<string, unknown>>;

/** Everything that a private key must have, by key type (RFC 7518 section 6.3.2, RFC 8037 section 2). */
const privateMembers: Readonly<Record<KeyMembers['kty'], readonly string[]>> = {
  EC: ['d'],
  OKP: ['d'],
  RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
};

/**
 * Imports a private key for signing agent tokens.
 *
 * The private key becomes non-extractable, unless it was given as a CryptoKey: that one is used as
 * it is. The kid is always the RFC 7638 thumbprint; a `kid` in the JWK is not taken over, so
 * publish the `publicJwk` of the result. That the private key belongs to its public one is tried
 * with a signature. Does not check where the key came from, nor who else has it.
 *
 * @param key PKCS#8 PEM (RFC 7468), private JWK (RFC 7517), or private CryptoKey.
 * @param alg The signature algorithm. Default: what the key names, or its curve implies; an RSA
 * key that names none needs it.
 * @param options `publicJwk` for a CryptoKey that is not extractable.
 * @returns the key, its kid, and the public JWK to publish.
 * @throws TypeError for everything that is wrong with the key.
 * @example
 * ```ts
 * import { generateSigningKey, importSigningKey } from 'swarmgate';
 *
 * const { privateKey, kid } = await generateSigningKey();
 * const jwk = await crypto.subtle.exportKey('jwk', privateKey);
 * const key = await importSigningKey(jwk);
 * if (key.kid !== kid || key.privateKey.extractable) throw new Error('unexpected');
 * ```
 * @see RFC 5958, RFC 7517, RFC 7638
 */
export async function importSigningKey(
  key: string | JWK | CryptoKey,
  alg?: SigningAlgorithm,
  options: ImportSigningKeyOptions = {},
): Promise<SigningKey> {
  if (alg !== undefined && !isSigningAlgorithm(alg)) throw keyFault('alg_unknown');
  checkOptionNames('importSigningKey', options, ['publicJwk']);
  if (typeof key === 'string') {
    const { jwkFromPem } = await keyParts();
    return importPrivateJwk(await jwkFromPem(key, 'PRIVATE KEY'), alg);
  }
  if (key instanceof CryptoKey) return importCryptoKey(key, alg, copyMembers(options.publicJwk));
  return importPrivateJwk(key, alg);
}

async function importPrivateJwk(
  jwk: unknown,
  wanted: SigningAlgorithm | undefined,
): Promise<SigningKey> {
  const copy = copyMembers(jwk);
  if (copy === undefined) {
    throw new TypeError('The key must be a PKCS#8 PEM, a private JWK or a private CryptoKey');
  }
  if (copy['kty'] === 'oct') {
    throw new TypeError('A symmetric key cannot sign tokens: whoever verifies could sign too');
  }
  const members = publicMembers(copy);
  const names = privateMembers[members.kty];
  if (copy['d'] === undefined) throw new TypeError('Pass the private JWK: this one is public');
  if (copy['oth'] !== undefined)
    throw new TypeError('RSA keys of more than two primes are refused');
  if (names.some((name) => typeof copy[name] !== 'string')) {
    throw new TypeError(`A private ${members.kty} JWK must have ${names.join(', ')} as strings`);
  }
  assertForSigning(copy);
  const alg = oneAlgorithm(members, copy['alg'], wanted);
  const secret = Object.fromEntries(names.map((name) => [name, copy[name]]));
  let privateKey: CryptoKey;
  try {
    const imported = await importJWK({ ...secret, ...members }, alg, { extractable: false });
    if (!(imported instanceof CryptoKey)) throw keyFault('malformed');
    privateKey = imported;
  } catch (cause) {
    throw new TypeError('The private key is malformed, or does not belong to its public members', {
      cause,
    });
  }
  return checkPair(alg, privateKey, members);
}

async function importCryptoKey(
  key: CryptoKey,
  wanted: SigningAlgorithm | undefined,
  publicJwk: Members | undefined,
): Promise<SigningKey> {
  if (key.type !== 'private' || !key.usages.includes('sign')) {
    throw new TypeError('The CryptoKey must be private, with the usage "sign"');
  }
  const own = algorithmOf(key);
  if (own === undefined) throw keyFault('alg_unknown');
  if (publicJwk === undefined && !key.extractable) {
    throw new TypeError(
      'A CryptoKey that is not extractable does not give its public key: pass { publicJwk } too',
    );
  }
  if (publicJwk !== undefined && isSecret(publicJwk)) throw keyFault('secret');
  const members = publicMembers(publicJwk ?? copyMembers(await exportJWK(key)) ?? {});
  // The key's own algorithm, a named one and the caller's: all must agree.
  oneAlgorithm(members, publicJwk?.['alg'], own);
  return checkPair(oneAlgorithm(members, own, wanted), key, members);
}

function publicMembers(jwk: Members): KeyMembers {
  const members = readMembers(jwk);
  if (typeof members === 'string') throw keyFault(members);
  return members;
}

function oneAlgorithm(
  members: KeyMembers,
  named: unknown,
  wanted: SigningAlgorithm | undefined,
): SigningAlgorithm {
  const algorithms = algorithmsOf(members, named, wanted);
  if (typeof algorithms === 'string') throw keyFault(algorithms);
  const [alg, other] = algorithms;
  if (alg === undefined || other !== undefined) {
    throw new TypeError(`Name the algorithm: the key can be for ${algorithms.join(' or ')}`);
  }
  return alg;
}

function assertForSigning({ use, key_ops }: Members): void {
  if (use !== undefined && use !== 'sig') throw keyFault('use');
  if (key_ops === undefined) return;
  if (!Array.isArray(key_ops) || !key_ops.includes('sign')) throw keyFault('use');
}

/** The algorithm of the table that a CryptoKey was made for. */
function algorithmOf(key: CryptoKey): SigningAlgorithm | undefined {
  const own: { name: string; namedCurve?: string; hash?: { name: string } } = key.algorithm;
  for (const [alg, { crv, kty, web }] of Object.entries(signingAlgorithms)) {
    const fits =
      own.name === web.name &&
      (kty !== 'EC' || own.namedCurve === crv) &&
      (kty !== 'RSA' || own.hash?.name === 'SHA-256');
    if (fits && isSigningAlgorithm(alg)) return alg;
  }
  return undefined;
}

/** Signs once and verifies: not every runtime compares the two halves of a pair on import. */
async function checkPair(
  alg: SigningAlgorithm,
  privateKey: CryptoKey,
  members: KeyMembers,
): Promise<SigningKey> {
  const keys = await importVerificationKeys({ kid: undefined, algorithms: [alg], members });
  const key = typeof keys === 'string' ? undefined : keys[0]?.key;
  if (key === undefined) throw keyFault('malformed');
  try {
    const signer = new CompactSign(new Uint8Array([1])).setProtectedHeader({ alg });
    await compactVerify(await signer.sign(privateKey), key);
  } catch (cause) {
    throw new TypeError('The private key does not belong to its public key', { cause });
  }
  return makeSigningKey(alg, privateKey, members);
}
