// The table of signature algorithms: what each needs of a key, and how WebCrypto names it.

/** Signature algorithms that keys are made for. Never `none`, never symmetric. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'Ed25519';

/** What a header may name: `EdDSA` is accepted as the older name of Ed25519 (RFC 9864). */
export type VerificationAlgorithm = SigningAlgorithm | 'EdDSA';

/** What an algorithm asks of a key. */
export interface AlgorithmRow {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  readonly crv?: string;
  /** Names under which a JWK's `alg` may call it. */
  readonly names: readonly string[];
  /** Parameters for `crypto.subtle.generateKey`. */
  readonly generate: EcKeyGenParams | RsaHashedKeyGenParams | { readonly name: 'Ed25519' };
}

const publicExponent = new Uint8Array([1, 0, 1]);
const rsa = (name: string): RsaHashedKeyGenParams => ({
  name,
  modulusLength: 2048,
  publicExponent,
  hash: 'SHA-256',
});

/** The table. RFC 7518 section 3, RFC 8037 section 3.1, RFC 9864. */
export const signingAlgorithms: Readonly<Record<SigningAlgorithm, AlgorithmRow>> = {
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    names: ['ES256'],
    generate: { name: 'ECDSA', namedCurve: 'P-256' },
  },
  ES384: {
    kty: 'EC',
    crv: 'P-384',
    names: ['ES384'],
    generate: { name: 'ECDSA', namedCurve: 'P-384' },
  },
  RS256: { kty: 'RSA', names: ['RS256'], generate: rsa('RSASSA-PKCS1-v1_5') },
  PS256: { kty: 'RSA', names: ['PS256'], generate: rsa('RSA-PSS') },
  Ed25519: {
    kty: 'OKP',
    crv: 'Ed25519',
    names: ['Ed25519', 'EdDSA'],
    generate: { name: 'Ed25519' },
  },
};

/** RSA moduli, in bits: shorter is weak (RFC 7518 section 3.3), longer is a way to burn CPU. */
export const rsaModulusBits: { readonly min: number; readonly max: number } = {
  min: 2048,
  max: 4096,
};

/** Tells whether a name is in the table, own members only. */
export function isSigningAlgorithm(name: unknown): name is SigningAlgorithm {
  return typeof name === 'string' && Object.hasOwn(signingAlgorithms, name);
}

/** The table's name for what a header calls its algorithm; `undefined` when it is not in the table. */
export function canonicalAlgorithm(name: unknown): SigningAlgorithm | undefined {
  if (name === 'EdDSA') return 'Ed25519';
  return isSigningAlgorithm(name) ? name : undefined;
}
