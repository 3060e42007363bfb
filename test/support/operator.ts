// An authority that runs, its operator, and agents that get tokens as any OAuth client would

import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { tokenForm } from './authority.ts';
import { publicUrl, startGateway, type GatewaySetup, type RunningGateway } from './gateway.ts';
import { call, type Answer } from './http.ts';
import { makeKey, mintProof, type TestKey } from './tokens.ts';

/** A client that can get tokens. */
export interface Client {
  readonly id: string;
  readonly key: TestKey;
}

/** A running gateway with an authority, other issuers beside it, and its first operator. */
export interface OperatedGateway extends RunningGateway {
  readonly operator: Client;
}

/** The public members of a key, as an agent would send them. */
export function publicJwkOf({ publicJwk }: TestKey): JWK {
  const { kty, crv, x, y } = publicJwk;
  return { kty, crv, x, y } as JWK;
}

/** Starts a gateway that is an authority too, and trusts the test's own issuers as well. */
export async function startOperated(setup: GatewaySetup = {}): Promise<OperatedGateway> {
  const key = await makeKey();
  const gateway = await startGateway({
    ...setup,
    variables: {
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      OPERATOR_JWK: JSON.stringify(publicJwkOf(key)),
      ...setup.variables,
    },
  });
  return { ...gateway, operator: { id: 'operator', key } };
}

/** A proof for a request without a token. */
export function mintBareProof(key: TestKey, path: string, claims: object = {}): Promise<string> {
  return mintProof(key, 'POST', publicUrl + path, '', { claims: { ath: undefined, ...claims } });
}

/** Asks for a token; bound to the client's key unless told otherwise. */
export async function askToken(
  url: string,
  client: Client,
  { scope, bound = true }: { readonly scope?: string; readonly bound?: boolean } = {},
): Promise<Answer> {
  const form = await tokenForm(client.key, client.id, scope === undefined ? {} : { scope });
  const proof = bound ? { dpop: await mintBareProof(client.key, '/token') } : {};
  return call(`${url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...proof },
    body: new URLSearchParams(form).toString(),
  });
}

/** A token, which must be granted. */
export async function tokenOf(
  url: string,
  client: Client,
  options: { readonly scope?: string; readonly bound?: boolean } = {},
): Promise<string> {
  const answer = await askToken(url, client, options);
  const { access_token: token } = JSON.parse(answer.text) as { access_token?: unknown };
  if (answer.status !== 200 || typeof token !== 'string') {
    throw new Error(`The token was not granted: ${answer.status} ${answer.text}`);
  }
  return token;
}

/** A session of a client: requests with its token and a proof for each. */
export interface Caller {
  readonly token: string;
  /** Sends JSON, or the text as it is. */
  send(method: string, path: string, body?: object | string): Promise<Answer>;
}

/** Makes requests with one token. */
export function callerWith(url: string, key: TestKey, token: string): Caller {
  return {
    token,
    async send(method, path, body) {
      const [named = path] = path.split('?');
      const proof = await mintProof(key, method, publicUrl + named, token);
      return call(url + path, {
        method,
        headers: { authorization: `DPoP ${token}`, dpop: proof },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
  };
}

/** Signs a client in. */
export async function signIn(
  url: string,
  client: Client,
  options: { readonly scope?: string } = {},
): Promise<Caller> {
  return callerWith(url, client.key, await tokenOf(url, client, options));
}

/** A private JWK, to see that nobody takes it. */
export async function makePrivateJwk(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return exportJWK(privateKey);
}
