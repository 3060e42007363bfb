// The table of signature algorithms: what each needs of a key, and how WebCrypto names it.

/** Signature algorithms that keys are made for. Never `none`, never symmetric. */
export type SigningAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'Ed25519';

/** What a header may name: `EdDSA` is accepted as the older name of Ed25519 (RFC 9864). */
export type VerificationAlgorithm = SigningAlgorithm | 'EdDSA';

/** What an algorithm asks of a key. */
export interface AlgorithmRow {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  readonly crv?: string;
  /** Parameters for `crypto.subtle.importKey`, by no runtime's own names of their types. */
  readonly web: { readonly name: string; readonly namedCurve?: string; readonly hash?: string };
}

const ec = (crv: string): AlgorithmRow => ({
  kty: 'EC',
  crv,
  web: { name: 'ECDSA', namedCurve: crv },
});
const rsa = (name: string): AlgorithmRow => ({ kty: 'RSA', web: { name, hash: 'SHA-256' } });

/** The table. RFC 7518 section 3, RFC 8037 section 3.1, RFC 9864. */
export const signingAlgorithms: Readonly<Record<SigningAlgorithm, AlgorithmRow>> = {
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  RS256: rsa('RSASSA-PKCS1-v1_5'),
  PS256: rsa('RSA-PSS'),
  Ed25519: { kty: 'OKP', crv: 'Ed25519', web: { name: 'Ed25519' } },
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
