// Ordinary OAuth clients against the authority: discovery, client credentials, with DPoP and without

import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { PrivateKeyJwtProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';
import {
  createRemoteJWKSet,
  customFetch as joseFetch,
  decodeJwt,
  exportPKCS8,
  jwtVerify,
} from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type RunningAuthority,
} from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import type { TestKey } from '../support/tokens.ts';

let authority: RunningAuthority;
let strict: RunningAuthority;
let keys: ReadonlyMap<RunningAuthority, TestKey>;
const clientId = 'planner';
const scope = 'bus:receive';

beforeAll(async () => {
  authority = await startAuthority();
  strict = await startAuthority({ variables: { DPOP_NONCE: 'required' } });
  keys = new Map([
    [authority, await registerAgent(authority, clientId)],
    [strict, await registerWithNonce()],
  ]);
});
afterAll(() => Promise.all([authority.stop(), strict.stop()]));

/** The operator's own client does not know of nonces: the agent's key is the operator's here. */
async function registerWithNonce(): Promise<TestKey> {
  return strict.operator;
}
const idAt = (where: RunningAuthority): string => (where === strict ? 'operator' : clientId);
const keyAt = (where: RunningAuthority): TestKey => {
  const key = keys.get(where);
  if (key === undefined) throw new Error('There is no such authority');
  return key;
};

/** The public name leads to the port of the test, as DNS and TLS would do it. */
const route =
  ({ url }: RunningAuthority) =>
  (input: string | URL | Request, init: object = {}): Promise<Response> => {
    const asked = new Request(input, init);
    if (!asked.url.startsWith(`${publicUrl}/`)) throw new Error(`Not ours: ${asked.url}`);
    return fetch(new Request(url + asked.url.slice(publicUrl.length), asked));
  };

async function claimsOf(token: string, where: RunningAuthority) {
  const jwks = createRemoteJWKSet(new URL(`${publicUrl}/.well-known/jwks.json`), {
    [joseFetch]: route(where),
  });
  const { payload } = await jwtVerify(token, jwks, {
    issuer: publicUrl,
    audience: 'swarm-bus',
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  return payload;
}

describe('oauth4webapi', () => {
  async function discover(where: RunningAuthority): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(publicUrl);
    const response = await oauth.discoveryRequest(issuer, {
      algorithm: 'oauth2',
      [oauth.customFetch]: route(where),
    });
    return oauth.processDiscoveryResponse(issuer, response);
  }

  const grant = async (where: RunningAuthority, DPoP?: oauth.DPoPHandle) => {
    const server = await discover(where);
    const client: oauth.Client = { client_id: idAt(where) };
    const authentication = oauth.PrivateKeyJwt(keyAt(where).privateKey);
    const ask = async (): Promise<oauth.TokenEndpointResponse> => {
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication,
        where === strict ? {} : { scope },
        { [oauth.customFetch]: route(where), ...(DPoP === undefined ? {} : { DPoP }) },
      );
      return oauth.processClientCredentialsResponse(server, client, response);
    };
    try {
      return await ask();
    } catch (error) {
      if (DPoP === undefined || !oauth.isDPoPNonceError(error)) throw error;
      return ask();
    }
  };

  test('gets a token', async () => {
    const response = await grant(authority);
    expect(response).toMatchObject({ token_type: 'bearer', expires_in: 900, scope });
    expect(await claimsOf(response.access_token, authority)).toMatchObject({
      sub: clientId,
      scope,
    });
  });

  test.each(['without nonces', 'with nonces'])('gets a bound token, %s', async (nonces) => {
    const where = nonces === 'with nonces' ? strict : authority;
    const pair = await oauth.generateKeyPair('ES256');
    const DPoP = oauth.DPoP({}, pair);
    const response = await grant(where, DPoP);
    expect(response.token_type).toBe('dpop');
    expect(await claimsOf(response.access_token, where)).toMatchObject({
      cnf: { jkt: await DPoP.calculateThumbprint() },
    });
    const answer = await oauth.protectedResourceRequest(
      response.access_token,
      'GET',
      new URL(`${publicUrl}/whoami`),
      undefined,
      undefined,
      { DPoP, [oauth.customFetch]: route(where) },
    );
    expect(answer.status).toBe(200);
  });

  test('hears why it is refused', async () => {
    const server = await discover(authority);
    const client = { client_id: 'nobody' };
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      oauth.PrivateKeyJwt(keyAt(authority).privateKey),
      {},
      { [oauth.customFetch]: route(authority) },
    );
    await expect(
      oauth.processClientCredentialsResponse(server, client, response),
    ).rejects.toMatchObject({ error: 'invalid_client', status: 401 });
  });
});

describe('openid-client', () => {
  const discover = (where: RunningAuthority): Promise<openid.Configuration> =>
    openid.discovery(
      new URL(publicUrl),
      idAt(where),
      undefined,
      openid.PrivateKeyJwt(keyAt(where).privateKey),
      { algorithm: 'oauth2', [openid.customFetch]: route(where) },
    );

  test('gets a token', async () => {
    const config = await discover(authority);
    const response = await openid.clientCredentialsGrant(config, { scope, resource: publicUrl });
    expect(decodeJwt(response.access_token)).toMatchObject({ aud: publicUrl, scope });
  });

  test.each(['without nonces', 'with nonces'])('gets a bound token, %s', async (nonces) => {
    const where = nonces === 'with nonces' ? strict : authority;
    const config = await discover(where);
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const response = await openid.clientCredentialsGrant(config, {}, { DPoP });
    expect(response.token_type).toBe('dpop');
    expect(decodeJwt(response.access_token)['cnf']).toEqual({
      jkt: await DPoP.calculateThumbprint(),
    });
    const url = new URL(`${publicUrl}/whoami`);
    const answer = await openid.fetchProtectedResource(
      config,
      response.access_token,
      url,
      'GET',
      undefined,
      undefined,
      { DPoP },
    );
    expect(answer.status).toBe(200);
  });
});

describe('dpop', () => {
  test.each(['ES256', 'Ed25519'] as const)('its %s proofs bind a token', async (alg) => {
    const pair = await generateKeyPair(alg);
    const dpop = await generateProof(pair, `${publicUrl}/token`, 'POST');
    const form = await tokenForm(keyAt(authority), clientId);
    const { body } = await postForm(`${authority.url}/token`, form, { dpop });
    const token = String(body['access_token']);
    expect(decodeJwt(token)['cnf']).toEqual({ jkt: await calculateThumbprint(pair.publicKey) });
    const answer = await fetch(`${authority.url}/whoami`, {
      headers: {
        authorization: `DPoP ${token}`,
        dpop: await generateProof(pair, `${publicUrl}/whoami`, 'GET', undefined, token),
      },
    });
    expect(answer.status).toBe(200);
  });
});

describe('the MCP SDK', () => {
  test('its private-key-JWT provider discovers the authority and gets a token', async () => {
    const provider = new PrivateKeyJwtProvider({
      clientId,
      privateKey: await exportPKCS8(keyAt(authority).privateKey),
      algorithm: 'ES256',
      expectedIssuer: publicUrl,
      scope,
    });
    const result = await auth(provider, { serverUrl: publicUrl, fetchFn: route(authority) });
    expect(result).toBe('AUTHORIZED');
    const token = provider.tokens()?.access_token ?? '';
    expect(decodeJwt(token)).toMatchObject({ sub: clientId, aud: publicUrl, scope });
    const answer = await route(authority)(`${publicUrl}/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
  });
});
