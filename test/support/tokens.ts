// Makes agent tokens and proofs with plain jose, as an issuer that knows nothing of this library would

import {
  base64url,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';

/** A signing key of a test's own issuer or agent. */
export interface TestKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** What a token may say otherwise than the default. `undefined` leaves a claim out. */
export interface TokenOverrides {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export async function makeKey(): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'ES256' } };
}

const seconds = (): number => Math.floor(Date.now() / 1000);

const defined = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** An RFC 9068 token of one agent. */
export function mintToken(
  key: TestKey,
  issuer: string,
  sub: string,
  scope: string,
  { header = {}, claims = {} }: TokenOverrides = {},
): Promise<string> {
  const now = seconds();
  const payload: JWTPayload = defined({
    iss: issuer,
    aud: 'swarm-bus',
    sub,
    client_id: sub,
    iat: now,
    exp: now + 900,
    jti: crypto.randomUUID(),
    sid: crypto.randomUUID(),
    tier: 'fast',
    scope,
    ...claims,
  });
  const protectedHeader = { alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header };
  return new SignJWT(payload).setProtectedHeader(protectedHeader).sign(key.privateKey);
}

/** A token exactly as the engine makes it today. */
export function mintEngineToken(key: TestKey, sub: string, scope: string[]): Promise<string> {
  return new SignJWT({ sub, tier: 'power', scope })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuedAt()
    .setIssuer('yamtam-engine')
    .setAudience('swarm-bus')
    .setExpirationTime('15m')
    .sign(key.privateKey);
}

/** What a proof may say otherwise than the default. */
export interface ProofOverrides {
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A DPoP proof (RFC 9449 section 4.2). */
export async function mintProof(
  key: TestKey,
  method: string,
  url: string,
  token: string,
  { claims = {} }: ProofOverrides = {},
): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  const ath = base64url.encode(new Uint8Array(hash));
  const { kty, crv, x, y } = key.publicJwk;
  const jwk = { kty, crv, x, y } as JWK;
  const iat = seconds();
  return new SignJWT({ htm: method, htu: url, ath, jti: crypto.randomUUID(), iat, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(key.privateKey);
}

/** The `cnf` of a token that is bound to a key. */
export function boundTo(key: TestKey): { readonly cnf: { readonly jkt: string } } {
  return { cnf: { jkt: key.kid } };
}
