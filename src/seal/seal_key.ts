// SealKey: a checked key of a sealer, with the one algorithm that it is used with.

import { importJWK } from 'jose';
import { copyMembers, isSecret, type KeyMembers } from '../keys/jwk.ts';
import { readMembers, rsaModulusBits } from '../keys/jwk_members.ts';

/** How the content key is agreed on (RFC 7518 section 4). The content itself is always A256GCM. */
export type SealAlgorithm = 'dir' | 'ECDH-ES+A256KW' | 'RSA-OAEP-256';

/** What a sealer may do with its key. */
export type SealUse = 'encrypt' | 'decrypt';

/** A key ready for use; what it is not for is absent. */
export interface SealKey {
  readonly alg: SealAlgorithm;
  /** The curve that an ephemeral key must be on; `undefined` unless ECDH-ES. */
  readonly crv: string | undefined;
  /** The JWK's own `kid`, written to the header as a hint for the recipient. */
  readonly kid: string | undefined;
  readonly uses: readonly SealUse[];
  /** The key itself. Rejects with a TypeError when the runtime refuses it. */
  readonly load: () => Promise<CryptoKey>;
}

type Jwk = Readonly<Record<string, unknown>>;

const privateNames: Readonly<Record<KeyMembers['kty'], readonly string[]>> = {
  EC: ['d'],
  OKP: ['d'],
  RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'],
};

/** Reads the public key of a recipient: for encrypting alone. */
export function recipientKey(key: unknown): SealKey {
  if (key instanceof CryptoKey) return fromCryptoKey(key, 'public', ['encrypt']);
  const jwk = readJwk(key);
  if (isSecret(jwk)) {
    throw new TypeError('"recipient" must be a public key; the private one goes to "privateKey"');
  }
  return fromJwk(jwk, []);
}

/** Reads a private key: for decrypting alone. */
export function ownPrivateKey(key: unknown): SealKey {
  if (key instanceof CryptoKey) return fromCryptoKey(key, 'private', ['decrypt']);
  const jwk = readJwk(key);
  const names = jwk['kty'] === 'RSA' ? privateNames.RSA : privateNames.EC;
  if (jwk['kty'] === 'oct' || names.some((name) => typeof jwk[name] !== 'string')) {
    throw new TypeError(`"privateKey" must be a private JWK with ${names.join(', ')} as strings`);
  }
  return fromJwk(jwk, names);
}

/** Imports once; kept as a key, not as a promise, which in Workers could belong to a request that ended. */
export function once(load: () => Promise<CryptoKey>): () => Promise<CryptoKey> {
  let loaded: CryptoKey | undefined;
  return async () => (loaded ??= await load());
}

/** Copies a JWK's members, or refuses what is not one. */
export function readJwk(key: unknown): Jwk {
  const jwk = copyMembers(key);
  if (jwk === undefined) throw new TypeError('The key must be a JWK or a CryptoKey');
  return jwk;
}

/** The JWK's own `kid`, if it is one that fits in a header. */
export function kidOf({ kid }: Jwk): string | undefined {
  if (kid === undefined) return undefined;
  if (typeof kid === 'string' && kid.length > 0 && kid.length <= 128) return kid;
  throw new TypeError('The "kid" must be a string of 1 to 128 characters');
}

function fromJwk(jwk: Jwk, privateMembers: readonly string[]): SealKey {
  const members = readMembers(jwk);
  if (typeof members === 'string') {
    throw new TypeError(`The key is not usable for encryption: ${members.replace('_', ' ')}`);
  }
  const { alg, crv } = agreement(members);
  const isPrivate = privateMembers.length > 0;
  if (jwk['alg'] !== undefined && jwk['alg'] !== alg) {
    throw new TypeError(`The "alg" of the key must be ${alg} when present`);
  }
  if (jwk['use'] !== undefined && jwk['use'] !== 'enc') {
    throw new TypeError('The "use" of the key must be "enc" when present');
  }
  assertOperations(jwk['key_ops'], members.kty, isPrivate);
  const secret = Object.fromEntries(privateMembers.map((name) => [name, jwk[name]]));
  const load = async (): Promise<CryptoKey> => {
    try {
      const key = await importJWK({ ...secret, ...members }, alg, { extractable: !isPrivate });
      if (key instanceof CryptoKey) return key;
    } catch (cause) {
      throw new TypeError('The runtime refuses the encryption key', { cause });
    }
    throw new TypeError('The encryption key is symmetric');
  };
  return { alg, crv, kid: kidOf(jwk), uses: [isPrivate ? 'decrypt' : 'encrypt'], load: once(load) };
}

function agreement(members: KeyMembers): Pick<SealKey, 'alg' | 'crv'> {
  if (members.kty === 'RSA') return { alg: 'RSA-OAEP-256', crv: undefined };
  if (members.crv === 'P-256' || members.crv === 'X25519') {
    return { alg: 'ECDH-ES+A256KW', crv: members.crv };
  }
  throw new TypeError('The curve of an encryption key must be "P-256" or "X25519"');
}

/** RFC 7517 section 4.3. The public half of an ECDH pair has no operation of its own. */
function assertOperations(ops: unknown, kty: KeyMembers['kty'], isPrivate: boolean): void {
  if (ops === undefined) return;
  const names: readonly unknown[] = Array.isArray(ops) ? ops : [undefined];
  const [rsa, ec] = isPrivate
    ? [
        ['decrypt', 'unwrapKey'],
        ['deriveBits', 'deriveKey'],
      ]
    : [['encrypt', 'wrapKey'], []];
  const wanted: readonly unknown[] = kty === 'RSA' ? rsa : ec;
  const fits = wanted.length === 0 ? names.length === 0 : names.some((op) => wanted.includes(op));
  if (!fits) throw new TypeError('The "key_ops" of the key do not allow this');
}

function fromCryptoKey(
  key: CryptoKey,
  type: 'public' | 'private',
  uses: readonly SealUse[],
): SealKey {
  if (key.type !== type) throw new TypeError(`The CryptoKey must be ${type}`);
  const own: {
    name: string;
    namedCurve?: string;
    hash?: { name: string };
    modulusLength?: number;
  } = key.algorithm;
  const bits = own.modulusLength ?? 0;
  const isRsa = own.name === 'RSA-OAEP';
  const isEcdh = own.name === 'X25519' || (own.name === 'ECDH' && own.namedCurve === 'P-256');
  const operation = isRsa ? uses[0] : type === 'private' ? 'deriveBits' : undefined;
  if (!isRsa && !isEcdh) {
    throw new TypeError('The CryptoKey must be for ECDH on P-256, X25519, or RSA-OAEP');
  }
  if (
    isRsa &&
    (own.hash?.name !== 'SHA-256' || bits < rsaModulusBits.min || bits > rsaModulusBits.max)
  ) {
    throw new TypeError('An RSA-OAEP key must have SHA-256 and 2048 to 4096 bits');
  }
  if (operation !== undefined && !key.usages.some((usage) => usage === operation)) {
    throw new TypeError(`The CryptoKey must have the usage "${operation}"`);
  }
  return {
    alg: isRsa ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW',
    crv: isRsa ? undefined : (own.namedCurve ?? own.name),
    kid: undefined,
    uses,
    load: async () => key,
  };
}
