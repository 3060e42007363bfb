// Status lists over HTTP: signed, cacheable, readable by everybody, and what they say of tokens

import { inflateSync } from 'node:zlib';
import { createRemoteJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createVerifier, remoteKeys, statusListSource } from '../../src/verify/index.ts';
import {
  boundToken,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type RunningAuthority,
} from '../support/authority.ts';
import { exchanged, type Asker } from '../support/exchange.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import { bearerToken, revokeAs } from '../support/revocation.ts';

let world: RunningAuthority;
let lead: Asker;
let clerk: Asker;

beforeAll(async () => {
  world = await startAuthority();
  lead = { id: 'lead', key: await registerAgent(world, 'lead') };
  clerk = { id: 'clerk', key: await registerAgent(world, 'clerk', { may_act_for: ['lead'] }) };
});
afterAll(() => world.stop());

interface Status {
  readonly idx: number;
  readonly uri: string;
}

const statusOf = (token: string): Status =>
  (decodeJwt(token)['status'] as { status_list: Status }).status_list;

/** The list of an address, its signature verified with the published keys. */
async function readList(uri: string, url = world.url): Promise<JWTPayload> {
  const { text, headers } = await call(uri.replace(publicUrl, url));
  expect(headers.get('content-type')).toBe('application/statuslist+jwt');
  const jwks = createRemoteJWKSet(new URL(`${world.url}/.well-known/jwks.json`));
  return (await jwtVerify(text, jwks, { typ: 'statuslist+jwt', algorithms: ['ES256'] })).payload;
}

async function bitOf(token: string, url = world.url): Promise<number> {
  const { idx, uri } = statusOf(token);
  const list = (await readList(uri, url))['status_list'] as { bits: number; lst: string };
  expect(list.bits).toBe(1);
  const bits = inflateSync(Buffer.from(list.lst, 'base64url'));
  expect(bits.length).toBe(131_072);
  return ((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1;
}

describe('GET /status/{list}', () => {
  test('is a signed list that says when it ends and how long to keep it', async () => {
    const token = await bearerToken(world.url, lead.key, 'lead');
    const { uri } = statusOf(token);
    expect(uri).toBe(`${publicUrl}/status/1`);
    const { iat = 0, ...claims } = await readList(uri);
    expect(claims).toEqual({
      iss: publicUrl,
      sub: uri,
      exp: iat + 300,
      ttl: 30,
      status_list: { bits: 1, lst: expect.stringMatching(/^[\w-]+$/) as string },
    });
    expect(await bitOf(token, world.otherUrl)).toBe(0);
  });

  test('is for every page, for a while, and is not sent twice', async () => {
    await bearerToken(world.url, lead.key, 'lead');
    const first = await call(`${world.url}/status/1`, { headers: { origin: 'https://a.example' } });
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    expect(first.headers.get('cache-control')).toBe('public, max-age=30');
    const tag = first.headers.get('etag') ?? '';
    const again = await call(`${world.url}/status/1`, { headers: { 'if-none-match': tag } });
    expect([again.status, again.text]).toEqual([304, '']);
    expect((await call(`${world.url}/status/1`, { method: 'HEAD' })).status).toBe(200);
    // What is all zeros is short, compressed as it is
    expect(first.text.length).toBeLessThan(1500);
  });

  test.each(['0', '2', '01', '-1', '1.5', '9999999', 'a', '__proto__'])(
    'has no list %s',
    async (name) => {
      expect((await call(`${world.url}/status/${name}`)).status).toBe(404);
    },
  );

  test('is named by the metadata, and named in the list of lists', async () => {
    await bearerToken(world.url, lead.key, 'lead');
    const metadata = await call(`${world.url}/.well-known/oauth-authorization-server`);
    expect(JSON.parse(metadata.text)).toMatchObject({
      status_list_aggregation_endpoint: `${publicUrl}/status`,
    });
    const { text, headers } = await call(`${world.url}/status`);
    expect(JSON.parse(text)).toEqual({ status_lists: [`${publicUrl}/status/1`] });
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });
});

test('the library’s own source reads it', async () => {
  const keys = remoteKeys(`${world.url}/.well-known/jwks.json`);
  const revocation = statusListSource({
    issuers: [{ issuer: publicUrl, keys }],
    fetch: (url, init) => fetch(url.replace(publicUrl, world.url), init),
  });
  const verifier = createVerifier({ issuer: publicUrl, keys, revocation });
  const token = await bearerToken(world.url, lead.key, 'lead');
  expect((await verifier.verifyAgentToken(token)).agentId).toBe('lead');
});

describe('tokens', () => {
  test('have an index each, of both grants, in both isolates', async () => {
    const tokens = await Promise.all([
      ...Array.from({ length: 40 }, (_, at) =>
        bearerToken(at % 2 === 0 ? world.url : world.otherUrl, lead.key, 'lead'),
      ),
      ...Array.from({ length: 5 }, async () =>
        exchanged(world.url, lead, await boundToken(world.url, lead.key, 'lead')),
      ),
    ]);
    expect(new Set(tokens.map((token) => statusOf(token).idx)).size).toBe(45);
  });

  test('and their descendants are marked once they are revoked, and no other', async () => {
    const form = await tokenForm(lead.key, 'lead', { may_act: 'clerk' });
    const root = String((await postForm(`${world.url}/token`, form)).body['access_token']);
    const child = await exchanged(world.url, clerk, root);
    const other = await bearerToken(world.url, lead.key, 'lead');
    await revokeAs(world.url, lead.key, 'lead', root, { revoke_session: 'true' });
    const patience = { timeout: 40_000, interval: 500 };
    for (const token of [root, child]) await expect.poll(() => bitOf(token), patience).toBe(1);
    await expect.poll(() => bitOf(child, world.otherUrl), patience).toBe(1);
    expect(await bitOf(other)).toBe(0);
  }, 60_000);
});
