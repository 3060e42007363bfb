// Keys of nobody: assertions of unknown clients are held against them, so that it takes as long to refuse.

import {
  localKeys,
  type SigningAlgorithm,
  type VerificationKey,
} from '../../../src/verify/index.ts';

// Their private parts were thrown away when they were made
const p256 = {
  kty: 'EC',
  x: '_DNr1mWx2D7oNbTVjI9YlfyQELC306sy_qu2C29V8KE',
  y: '_pTH5hDwoTCCPvNjG9AEmCIymb53ixNH68zA9owFwgw',
  crv: 'P-256',
};
const p384 = {
  kty: 'EC',
  x: 'rCc7AqrAq17V3UWuh9P5eOkxZHDZsAIGw3y9CHB87y0HqmO39TwTOuxSvbEv4dJm',
  y: '9SUB-nj2wd5tjX0c4Viu-HAyRGSNzRGRpjzEaSKUYFN1lYf6hmv4WQyj6A1EFBmx',
  crv: 'P-384',
};
const ed25519 = { crv: 'Ed25519', x: '_ggfBnqaBfxzAjUoQXcod46B-5NtDzPOexssb76zwYQ', kty: 'OKP' };
const rsa = {
  kty: 'RSA',
  n: 'unZ9gAuU32NkpRkOEfJSg9TRgG2RwNV0J-SKTzme_qlqnN3FUfPcCjzxuZkUwpjY-fND_SMi2CDiSwP5x3qvDRdXlM5eo3bInffTjnaBhjQHEgv2PTzf8uXRdsOIKzK8OlQ62rx6OjXcEojDvwhE_8JeO26DTy96Q094uCKWHZXATv61c5fKAA_K3LyD8O5DYwCR1w5MlsO4izQG3ZxEg49ym5sOCkSrLqtsLFQuA5c_7__JFw2h8apWT2DRveqZkYEVlxF8LMGIR8qGIQ6rDAy30ah7fYxgRTtoDYwgTaPpM2ryrOawviWHp7thbCnxWo307WHJaKqtiB1QkTY-lQ',
  e: 'AQAB',
};

const jwks: Readonly<Record<SigningAlgorithm, { readonly kty: string }>> = {
  ES256: p256,
  ES384: p384,
  Ed25519: ed25519,
  RS256: rsa,
  PS256: rsa,
};

const imported = new Map<SigningAlgorithm, VerificationKey>();

/** A key that no signature verifies under. */
export async function decoyKey(alg: SigningAlgorithm): Promise<VerificationKey> {
  const known = imported.get(alg);
  if (known !== undefined) return known;
  const source = await localKeys(jwks[alg], alg);
  const key = await source.find({ alg, kid: undefined });
  imported.set(alg, key);
  return key;
}
