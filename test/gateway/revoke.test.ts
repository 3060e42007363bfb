// POST /revoke over HTTP: who may end which token, and that it is refused everywhere within the bound

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundToken, mintAssertion, postForm } from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import {
  aboutToken,
  bearerToken,
  expectRefused,
  foreignIssuer,
  headOf,
  revokeAs,
  startRevocationWorld,
  warm,
  whoami,
  type RevocationWorld,
} from '../support/revocation.ts';
import { makeKey, mintProof, mintToken } from '../support/tokens.ts';

let world: RevocationWorld;

beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

const tokenOf = (key = world.planner, id = 'planner'): Promise<string> =>
  bearerToken(world.url, key, id);

const head = (): Promise<number> => headOf(world.url);

describe('POST /revoke', () => {
  test('ends a token of the client in both isolates within a second, and no other', async () => {
    const [token, other] = [await warm(world, await tokenOf()), await warm(world, await tokenOf())];
    const { status, headers, body } = await revokeAs(world.url, world.planner, 'planner', token);
    expect([status, body, headers.get('cache-control')]).toEqual([200, {}, 'no-store']);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    await expectRefused(world, token);
    for (const url of [world.url, world.otherUrl]) expect(await whoami(url, other)).toBe('200');
  });

  test('told in one isolate, it is known in the other', async () => {
    const token = await warm(world, await tokenOf());
    expect((await revokeAs(world.otherUrl, world.planner, 'planner', token)).status).toBe(200);
    await expectRefused(world, token);
  });

  test.each(['refresh_token', 'id_token', 'nonsense'])(
    'finds a token with the hint %s',
    async (hint) => {
      const token = await warm(world, await tokenOf());
      await revokeAs(world.url, world.planner, 'planner', token, { token_type_hint: hint });
      await expectRefused(world, token);
    },
  );

  test('again changes nothing', async () => {
    const token = await tokenOf();
    await revokeAs(world.url, world.planner, 'planner', token);
    const seq = await head();
    expect((await revokeAs(world.url, world.planner, 'planner', token)).status).toBe(200);
    expect(await head()).toBe(seq);
  });

  test('answers alike, and records nothing, for what is not the client’s token', async () => {
    const own = await tokenOf();
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now - 900, exp: now - 60 };
    const rows: Readonly<Record<string, string>> = {
      'another client’s token': await tokenOf(world.worker, 'worker'),
      'a token of an issuer that is trusted, with this client’s name': await mintToken(
        world.foreign,
        foreignIssuer,
        'planner',
        'bus:receive',
      ),
      'an expired token': await mintToken(world.foreign, foreignIssuer, 'planner', 'bus:receive', {
        claims: times,
      }),
      'an unknown key’s token': await mintToken(
        await makeKey(),
        publicUrl,
        'planner',
        'bus:receive',
      ),
      'a token with another signature': `${own.slice(0, -4)}AAAA`,
      'the start of a token': own.slice(0, -20),
      garbage: 'a',
      'an assertion': await mintAssertion(world.planner, 'planner'),
      'a text with odd characters': '../*\u0000%00',
    };
    const seq = await head();
    for (const [name, token] of Object.entries(rows)) {
      const { status, body, headers } = await revokeAs(world.url, world.planner, 'planner', token);
      expect([name, status, body, headers.get('content-length')]).toEqual([name, 200, {}, '0']);
    }
    expect(await head()).toBe(seq);
    expect(await whoami(world.url, own)).toBe('200');
  });

  test('refuses whoever is not authenticated, without effect', async () => {
    const token = await tokenOf();
    const stranger = await makeKey();
    const used = await aboutToken(world.planner, 'planner', await tokenOf());
    expect((await postForm(`${world.url}/revoke`, used)).status).toBe(200);
    const seq = await head();
    const rows: Readonly<Record<string, Record<string, string>>> = {
      nothing: { token },
      'an id alone': { token, client_id: 'planner' },
      'another key': await aboutToken(stranger, 'planner', token),
      'an unknown client': await aboutToken(stranger, 'nobody', token),
      'an assertion that was used': { ...used, token },
      'an assertion for another server': {
        ...used,
        token,
        client_assertion: await mintAssertion(world.planner, 'planner', {
          claims: { aud: 'https://b.example' },
        }),
      },
    };
    for (const [name, form] of Object.entries(rows)) {
      const { status, body } = await postForm(`${world.url}/revoke`, form);
      expect([name, status, body['error']]).toEqual([name, 401, 'invalid_client']);
    }
    expect(await head()).toBe(seq);
    expect(await whoami(world.url, token)).toBe('200');
  });

  test('an access token does not authenticate a client', async () => {
    const token = await tokenOf();
    const answer = await postForm(
      `${world.url}/revoke`,
      { token },
      { authorization: `Bearer ${token}` },
    );
    expect([answer.status, answer.body['code']]).toEqual([401, 'proof_required']);
    const bound = await boundToken(world.url, world.planner, 'planner');
    const proof = await mintProof(world.planner, 'POST', `${publicUrl}/revoke`, bound);
    const again = await postForm(
      `${world.url}/revoke`,
      { token },
      { authorization: `DPoP ${bound}`, dpop: proof },
    );
    expect([again.status, again.body['code']]).toEqual([403, 'scope_insufficient']);
    expect(await whoami(world.url, token)).toBe('200');
  });

  test('an operator ends any token of a trusted issuer', async () => {
    const tokens = [
      await warm(world, await tokenOf(world.worker, 'worker')),
      await warm(world, await mintToken(world.foreign, foreignIssuer, 'planner', 'bus:receive')),
    ];
    for (const token of tokens) {
      const admin = await boundToken(world.url, world.operator, 'operator');
      const proof = await mintProof(world.operator, 'POST', `${publicUrl}/revoke`, admin);
      const headers = { authorization: `DPoP ${admin}`, dpop: proof };
      expect((await postForm(`${world.url}/revoke`, { token }, headers)).status).toBe(200);
      await expectRefused(world, token);
    }
  });

  test('an operator’s token alone, without its proof, ends nothing', async () => {
    const token = await tokenOf();
    const admin = await boundToken(world.url, world.operator, 'operator');
    for (const scheme of ['Bearer', 'DPoP']) {
      const headers = { authorization: `${scheme} ${admin}` };
      const { status } = await postForm(`${world.url}/revoke`, { token }, headers);
      expect(status).toBe(401);
    }
    expect(await whoami(world.url, token)).toBe('200');
  });

  test('refuses malformed requests', async () => {
    const form = await aboutToken(world.planner, 'planner', 'a');
    const text = new URLSearchParams(form).toString();
    const post = (body: string, type = 'application/x-www-form-urlencoded', query = '') =>
      call(`${world.url}/revoke${query}`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
    const answers = [
      await post(JSON.stringify(form), 'application/json'),
      await post(`${text}&token=b`),
      await post(text, undefined, '?token=b'),
      await post(`${text}${'b'.repeat(200_000)}`),
      await post(new URLSearchParams({ ...form, token: '' }).toString()),
    ];
    for (const { status, text: body } of answers) {
      expect([status, JSON.parse(body)]).toEqual([
        400,
        { error: 'invalid_request', error_description: 'The request is malformed' },
      ]);
    }
    expect((await call(`${world.url}/revoke`)).status).toBe(405);
  });
});
