// A gateway that holds no signing key, and trusts an authority elsewhere: two Workers that know each other by URL

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type RunningAuthority,
} from '../support/authority.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { call, codeOf } from '../support/http.ts';
import { bearerToken, revokeAs, untilRefused, whoami } from '../support/revocation.ts';
import type { TestKey } from '../support/tokens.ts';

let authority: RunningAuthority;
let edge: RunningGateway;
let forgetful: RunningGateway;
let planner: TestKey;

/** The one entry that makes a gateway trust the authority. */
const trust = (more: object): string =>
  JSON.stringify([
    { issuer: publicUrl, jwks_uri: `${authority.url}/.well-known/jwks.json`, ...more },
  ]);

beforeAll(async () => {
  authority = await startAuthority();
  planner = await registerAgent(authority, 'planner');
  const ISSUER = 'https://edge.example';
  const feed = { revocations_uri: `${authority.url}/revocations` };
  // Who waits for a change asks as often as it can
  const shared = { ISSUER, RATE_LIMITS: 'fast=1000000,power=1000000' };
  edge = await startGateway({ variables: { ...shared, TRUSTED_ISSUERS: trust(feed) } });
  forgetful = await startGateway({ variables: { ...shared, TRUSTED_ISSUERS: trust({}) } });
});

afterAll(async () => {
  await edge.stop();
  await forgetful.stop();
});

describe('a gateway without an authority', () => {
  test('takes the tokens of the authority that it trusts', async () => {
    const token = await bearerToken(authority.url, planner, 'planner');
    expect(await whoami(edge.url, token)).toBe('200');
    const answer = await call(`${edge.url}/bus/messages`, { token });
    expect(codeOf(answer)).toBe('200');
  });

  test.each(['/token', '/revoke', '/enroll', '/admin/agents', '/.well-known/jwks.json'])(
    'has no %s',
    async (path) => {
      expect(codeOf(await call(edge.url + path))).toBe('404 route_unknown');
      const form = await tokenForm(planner, 'planner');
      expect((await postForm(edge.url + path, form)).status).toBe(404);
    },
  );

  test('hears within a second what the authority has revoked', async () => {
    const token = await bearerToken(authority.url, planner, 'planner');
    expect(await whoami(edge.url, token)).toBe('200');
    expect((await revokeAs(authority.url, planner, 'planner', token)).status).toBe(200);
    expect(await untilRefused(edge.url, token)).toBeLessThan(1000);
  });

  test('while the authority is away, known keys go on, and the feed only for five seconds', async () => {
    const token = await bearerToken(authority.url, planner, 'planner');
    for (const { url } of [edge, forgetful]) expect(await whoami(url, token)).toBe('200');
    await authority.stop();
    const began = performance.now();
    let found = await whoami(edge.url, token);
    while (found === '200' && performance.now() - began < 20_000) {
      found = await whoami(edge.url, token);
    }
    expect(found).toBe('503 revocation_unavailable');
    expect(performance.now() - began).toBeLessThan(7000);
    expect(await whoami(forgetful.url, token)).toBe('200');
  });
});
