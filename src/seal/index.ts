// Seal: encrypted payloads, sealed claims, nested tokens.

export { createSealer } from './sealer.ts';
export type {
  CommonOptions,
  PrivateKeyOptions,
  RecipientOptions,
  Sealer,
  SealerOptions,
  SharedKeyOptions,
} from './sealer.ts';
export { openSealedClaims, sealClaims } from './sealed_claims.ts';
export { openToken, sealToken } from './nested.ts';
