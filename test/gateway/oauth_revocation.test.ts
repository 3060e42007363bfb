// Ordinary OAuth clients at /revoke and /introspect: discovery, revocation, introspection, signed too

import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicUrl } from '../support/gateway.ts';
import {
  bearerToken,
  expectRefused,
  startRevocationWorld,
  warm,
  type RevocationWorld,
} from '../support/revocation.ts';

let world: RevocationWorld;

beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

/** The public name leads to the port of the test, as DNS and TLS would do it. */
const route = (input: string | URL | Request, init: object = {}): Promise<Response> => {
  const asked = new Request(input, init);
  if (!asked.url.startsWith(`${publicUrl}/`)) throw new Error(`Not ours: ${asked.url}`);
  return fetch(new Request(world.url + asked.url.slice(publicUrl.length), asked));
};

const tokenOf = (): Promise<string> => bearerToken(world.url, world.planner, 'planner');

describe('oauth4webapi', () => {
  const client: oauth.Client = { client_id: 'planner' };
  const options = { [oauth.customFetch]: route };

  async function discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(publicUrl);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options });
    return oauth.processDiscoveryResponse(issuer, response);
  }

  test('introspects and revokes a token', async () => {
    const server = await discover();
    const authentication = oauth.PrivateKeyJwt(world.planner.privateKey);
    const introspect = async (token: string): Promise<oauth.IntrospectionResponse> => {
      const response = await oauth.introspectionRequest(
        server,
        client,
        authentication,
        token,
        options,
      );
      return oauth.processIntrospectionResponse(server, client, response);
    };
    const token = await warm(world, await tokenOf());
    expect(await introspect(token)).toMatchObject({ active: true, sub: 'planner' });
    const response = await oauth.revocationRequest(server, client, authentication, token, options);
    await oauth.processRevocationResponse(response);
    await expectRefused(world, token);
    await expect.poll(() => introspect(token)).toEqual({ active: false });
  });

  test('introspects with a signed answer', async () => {
    const server = await discover();
    const token = await tokenOf();
    const response = await oauth.introspectionRequest(
      server,
      client,
      oauth.PrivateKeyJwt(world.planner.privateKey),
      token,
      { ...options, requestJwtResponse: true },
    );
    const signed = { ...client, introspection_signed_response_alg: 'ES256' };
    const found = await oauth.processIntrospectionResponse(server, signed, response);
    expect(found).toMatchObject({ active: true, sub: 'planner' });
    await oauth.validateApplicationLevelSignature(server, response, options);
  });
});

describe('openid-client', () => {
  test('introspects and revokes a token', async () => {
    const config = await openid.discovery(
      new URL(publicUrl),
      'planner',
      undefined,
      openid.PrivateKeyJwt(world.planner.privateKey),
      { algorithm: 'oauth2', [openid.customFetch]: route },
    );
    const token = await warm(world, await tokenOf());
    expect(await openid.tokenIntrospection(config, token)).toMatchObject({ active: true });
    await openid.tokenRevocation(config, token);
    await expectRefused(world, token);
    await expect.poll(() => openid.tokenIntrospection(config, token)).toEqual({ active: false });
  });
});
