// An authority that runs, an operator for it, and agents made by that operator over HTTP alone

import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { publicUrl, startGateway, type GatewaySetup, type RunningGateway } from './gateway.ts';
import { makeKey, mintProof, type TestKey } from './tokens.ts';

/** A gateway with an authority, and the first operator's key. */
export interface RunningAuthority extends RunningGateway {
  readonly operator: TestKey;
}

/** A key for KEY_ENCRYPTION_KEY. */
function makeSealingKey(): string {
  return randomBytes(32).toString('base64url');
}

/** Starts a gateway that is its own authority too. */
export async function startAuthority({
  variables = {},
  ...setup
}: GatewaySetup = {}): Promise<RunningAuthority> {
  const operator = await makeKey();
  const gateway = await startGateway({
    ...setup,
    variables: {
      KEY_ENCRYPTION_KEY: makeSealingKey(),
      OPERATOR_JWK: JSON.stringify(operator.publicJwk),
      TRUSTED_ISSUERS: undefined,
      ...variables,
    },
  });
  return { ...gateway, operator };
}

/** What an assertion may say otherwise than the default. `undefined` leaves a claim out. */
export interface AssertionOverrides {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** A client assertion made with plain jose. */
export async function mintAssertion(
  key: TestKey,
  clientId: string,
  { header = {}, claims = {} }: AssertionOverrides = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all: Record<string, unknown> = {
    iss: clientId,
    sub: clientId,
    aud: publicUrl,
    iat: now,
    exp: now + 60,
    jti: crypto.randomUUID(),
    ...claims,
  };
  for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
  return new SignJWT(all)
    .setProtectedHeader({ alg: 'ES256', typ: 'client-authentication+jwt', ...header })
    .sign(key.privateKey);
}

/** The fields of a token request, with a fresh assertion. */
export async function tokenForm(
  key: TestKey,
  clientId: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  return {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await mintAssertion(key, clientId),
    ...fields,
  };
}

/** A proof for the token endpoint: it comes with no token, and so without `ath`. */
export function mintTokenProof(
  key: TestKey,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { kty, crv, x, y } = key.publicJwk;
  return new SignJWT({
    htm: 'POST',
    htu: `${publicUrl}/token`,
    jti: crypto.randomUUID(),
    ...claims,
  })
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } as never })
    .sign(key.privateKey);
}

/** An answer with its body as JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Reads an answer to its end; a body that is no JSON object is empty. */
export async function readJson(response: Response): Promise<JsonAnswer> {
  const text = await response.text();
  const body = text.startsWith('{') ? (JSON.parse(text) as JsonAnswer['body']) : {};
  return { status: response.status, headers: response.headers, body };
}

/** Sends a form to an endpoint. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>> | URLSearchParams | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<JsonAnswer> {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return readJson(await fetch(url, { method: 'POST', body, headers: { ...type, ...headers } }));
}

/** A token for an agent, bound to its own key. */
export async function boundToken(
  url: string,
  key: TestKey,
  clientId: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  const form = await tokenForm(key, clientId, fields);
  const { status, body } = await postForm(`${url}/token`, form, {
    dpop: await mintTokenProof(key),
  });
  if (status !== 200) throw new Error(`No token: ${status} ${JSON.stringify(body)}`);
  return String(body['access_token']);
}

/** Asks a route with a bound token and a proof for exactly this request. */
export async function callBound(
  url: string,
  path: string,
  key: TestKey,
  token: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: object } = {},
): Promise<JsonAnswer> {
  const proof = await mintProof(key, method, `${publicUrl}${path.split('?')[0]}`, token);
  return readJson(
    await fetch(url + path, {
      method,
      headers: { authorization: `DPoP ${token}`, dpop: proof, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

/** What the operator decides of an agent. */
export interface AgentPolicy {
  readonly tier?: string;
  readonly scope?: readonly string[];
  readonly dpop?: 'required' | 'optional';
  readonly dlg_max?: number;
  readonly may_act_for?: readonly string[];
}

/** Registers an agent with a key of its own, or a new one, as an operator does. */
export async function registerAgent(
  { url, operator }: RunningAuthority,
  id: string,
  policy: AgentPolicy = {},
  own?: TestKey,
): Promise<TestKey> {
  const key = own ?? (await makeKey());
  const token = await boundToken(url, operator, 'operator');
  const { status, body } = await callBound(url, '/admin/agents', operator, token, {
    method: 'POST',
    body: {
      id,
      tier: 'fast',
      scope: ['bus:publish', 'bus:receive'],
      dpop: 'optional',
      jwk: key.publicJwk,
      ...policy,
    },
  });
  if (status !== 201) throw new Error(`No agent: ${status} ${JSON.stringify(body)}`);
  return key;
}
