// Hops of off-line delegation made with plain jose, and requests that carry them

import { base64url, decodeJwt, type JWK, SignJWT } from 'jose';
import { readJson, type JsonAnswer } from './authority.ts';
import { publicUrl } from './gateway.ts';
import { mintProof, type TestKey } from './tokens.ts';

/** What one hop says; `claims` sets further ones, or others. */
export interface HopOptions {
  /** The delegate's id. */
  readonly to: string;
  /** The delegate's key. */
  readonly key: TestKey;
  readonly scope: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** Signs a hop with the key that the parent is bound to. */
export async function mintHop(
  parent: string,
  parentKey: TestKey,
  { to, key, scope, claims = {} }: HopOptions,
): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(parent));
  const now = Math.floor(Date.now() / 1000);
  const { kty, crv, x, y } = parentKey.publicJwk;
  // A hop that is made a second after its parent must not outlive it
  const { exp: latest = Infinity } = decodeJwt(parent);
  return new SignJWT({
    prt: base64url.encode(new Uint8Array(digest)),
    sub: to,
    cnf: { jkt: key.kid },
    aud: 'swarm-bus',
    scope,
    iat: now,
    exp: Math.min(now + 300, latest),
    jti: crypto.randomUUID(),
    ...claims,
  })
    .setProtectedHeader({
      alg: 'ES256',
      typ: 'agent-delegation+jwt',
      jwk: { kty, crv, x, y } as JWK,
    })
    .sign(parentKey.privateKey);
}

/** A root token with the hops below it, and the key of whoever holds the last one. */
export interface Chain {
  readonly token: string;
  readonly hops: readonly string[];
  readonly key: TestKey;
}

/** Adds a hop to a chain. */
export async function delegate(chain: Chain, options: HopOptions): Promise<Chain> {
  const { token, hops, key } = chain;
  const hop = await mintHop(hops.at(-1) ?? token, key, options);
  return { token, hops: [...hops, hop], key: options.key };
}

/** What a request with a chain does otherwise than asking. */
export interface ChainCall {
  readonly method?: string;
  readonly body?: string;
  /** Whose key makes the proof; default: the last delegate's. */
  readonly proofKey?: TestKey;
}

/** Asks a route with a chain. */
export async function callWithChain(
  url: string,
  path: string,
  { token, hops, key }: Chain,
  { method = 'GET', body, proofKey = key }: ChainCall = {},
): Promise<JsonAnswer> {
  const proof = await mintProof(proofKey, method, `${publicUrl}${path.split('?')[0]}`, token);
  return readJson(
    await fetch(url + path, {
      method,
      headers: {
        authorization: `DPoP ${token}`,
        dpop: proof,
        ...(hops.length === 0 ? {} : { 'agent-delegation': hops.join(', ') }),
      },
      ...(body === undefined ? {} : { body }),
    }),
  );
}

/** The status of an answer, and the code of a refusal. */
export const chainCode = ({ status, body }: JsonAnswer): string =>
  status < 300 ? String(status) : `${status} ${String(body['code'])}`;
