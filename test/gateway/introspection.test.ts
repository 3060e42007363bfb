// POST /introspect over HTTP: what is told to whom, and that everything else is exactly inactive

import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  mintAssertion,
  postForm,
  readJson,
  registerAgent,
  type JsonAnswer,
} from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import {
  aboutToken,
  asOperator,
  bearerToken,
  foreignIssuer,
  revokeAs,
  startRevocationWorld,
  type RevocationWorld,
} from '../support/revocation.ts';
import { makeKey, mintEngineToken, mintToken, type TestKey } from '../support/tokens.ts';

let world: RevocationWorld;
/** A service whose id is the audience of the tokens. */
let bus: TestKey;
let auditor: TestKey;

beforeAll(async () => {
  world = await startRevocationWorld();
  bus = await registerAgent(world, 'swarm-bus', { scope: [] });
  // Only who holds admin scopes can grant them: the operator does
  auditor = await registerAgent(world, 'auditor', { scope: ['admin:read'], dpop: 'required' });
});
afterAll(() => world.stop());

const inactive = { active: false };
const jwtType = 'application/token-introspection+jwt';

async function introspect(
  token: string,
  { key = world.planner, id = 'planner', url = world.url, headers = {} } = {},
): Promise<JsonAnswer> {
  return postForm(`${url}/introspect`, await aboutToken(key, id, token), headers);
}

const tokenOf = (key = world.planner, id = 'planner'): Promise<string> =>
  bearerToken(world.url, key, id);

describe('POST /introspect', () => {
  test('tells the client of a token what it says', async () => {
    const token = await tokenOf();
    const { iat, exp, jti, sid } = decodeJwt(token);
    const { status, headers, body } = await introspect(token);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(body).toEqual({
      active: true,
      iss: publicUrl,
      sub: 'planner',
      client_id: 'planner',
      aud: 'swarm-bus',
      scope: 'bus:publish bus:receive',
      iat,
      exp,
      jti,
      sid,
      tier: 'fast',
      token_type: 'Bearer',
    });
  });

  test('tells of a bound token to which key', async () => {
    const token = await boundToken(world.url, world.planner, 'planner');
    expect((await introspect(token)).body).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: world.planner.kid },
    });
  });

  test('tells whom a token is for, and who may read everything', async () => {
    const token = await tokenOf();
    for (const asker of [
      { key: bus, id: 'swarm-bus' },
      { key: auditor, id: 'auditor' },
      { key: world.operator, id: 'operator' },
    ]) {
      expect((await introspect(token, asker)).body).toMatchObject({ active: true, sub: 'planner' });
    }
  });

  test('is exactly inactive for everything else', async () => {
    const now = Math.floor(Date.now() / 1000);
    const own = await tokenOf();
    const engine = await mintEngineToken(world.engine, 'planner', ['bus:receive']);
    const revoked = await tokenOf();
    await revokeAs(world.url, world.planner, 'planner', revoked);
    await expect.poll(async () => (await introspect(revoked)).body).toEqual(inactive);
    const foreign = (claims: object): Promise<string> =>
      mintToken(world.foreign, foreignIssuer, 'planner', 'bus:receive', { claims: { ...claims } });
    const rows: Readonly<Record<string, string>> = {
      'a revoked token': revoked,
      'another client’s token': await tokenOf(world.worker, 'worker'),
      'another issuer’s token': await foreign({}),
      'an expired token': await foreign({ iat: now - 900, exp: now - 60 }),
      'a token of tomorrow': await foreign({ nbf: now + 600 }),
      'an engine token': engine,
      'an unknown key’s token': await mintToken(
        await makeKey(),
        publicUrl,
        'planner',
        'bus:receive',
      ),
      'another signature': `${own.slice(0, -4)}AAAA`,
      'an assertion': await mintAssertion(world.planner, 'planner'),
      garbage: '../*',
      'a long text': 'a'.repeat(10_000),
    };
    for (const [name, token] of Object.entries(rows)) {
      for (const accept of ['application/json', jwtType]) {
        const answer = await introspectText(token, accept);
        expect([name, answer]).toEqual([name, inactive]);
      }
    }
    // The control
    expect((await introspect(own)).body).toMatchObject({ active: true });
  });

  /** What an answer says in either form. */
  async function introspectText(token: string, accept: string): Promise<unknown> {
    const form = new URLSearchParams(await aboutToken(world.planner, 'planner', token));
    const headers = { accept, 'content-type': 'application/x-www-form-urlencoded' };
    const { text } = await call(`${world.url}/introspect`, {
      method: 'POST',
      headers,
      body: form.toString(),
    });
    return accept === jwtType ? decodeJwt(text)['token_introspection'] : JSON.parse(text);
  }

  test('follows revocation in both isolates within a second, and keeps no verdict', async () => {
    const token = await tokenOf();
    for (const url of [world.url, world.otherUrl]) {
      expect((await introspect(token, { url })).body).toMatchObject({ active: true });
    }
    await asOperator(world, '/admin/revocations', {
      method: 'POST',
      body: { kind: 'session', value: decodeJwt(token)['sid'] },
    });
    const revokedAt = performance.now();
    for (const url of [world.url, world.otherUrl]) {
      while ((await introspect(token, { url })).body['active'] === true) {
        expect(performance.now() - revokedAt).toBeLessThan(1000);
      }
    }
  });

  test('answers as a signed JWT where that is accepted (RFC 9701)', async () => {
    const token = await tokenOf();
    const body = new URLSearchParams(await aboutToken(bus, 'swarm-bus', token)).toString();
    const { status, headers, text } = await call(`${world.url}/introspect`, {
      method: 'POST',
      headers: {
        accept: `${jwtType}, application/json;q=0.5`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
    });
    expect([status, headers.get('content-type')]).toEqual([200, jwtType]);
    const jwks = (await readJson(await fetch(`${world.url}/.well-known/jwks.json`))).body;
    await compactVerify(text, createLocalJWKSet({ keys: jwks['keys'] as JWK[] }));
    expect(decodeProtectedHeader(text)).toMatchObject({
      alg: 'ES256',
      typ: 'token-introspection+jwt',
    });
    const claims = decodeJwt(text);
    expect(Object.keys(claims).sort()).toEqual(['aud', 'iat', 'iss', 'token_introspection']);
    expect(claims).toMatchObject({
      iss: publicUrl,
      aud: 'swarm-bus',
      token_introspection: { active: true, sub: 'planner', jti: decodeJwt(token).jti },
    });
    // It is no access token
    expect((await call(`${world.url}/whoami`, { token: text })).status).toBe(401);
  });

  test('refuses whoever is not authenticated', async () => {
    const token = await tokenOf();
    const stranger = await makeKey();
    const used = await aboutToken(world.planner, 'planner', token);
    const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
      postForm(`${world.url}/introspect`, form, headers);
    expect((await post(used)).status).toBe(200);
    const answers = [
      await post({ token }),
      await post({ token, client_id: 'planner' }),
      await post({ token }, { authorization: `Bearer ${token}` }),
      await post(used, { authorization: `Bearer ${token}` }),
      await post(await aboutToken(stranger, 'planner', token)),
      await post(await aboutToken(stranger, 'nobody', token)),
      await post(used),
    ];
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([
        401,
        { error: 'invalid_client', error_description: 'The client cannot be authenticated' },
      ]);
    }
  });

  test('of 50 requests with one assertion answers one', async () => {
    const form = await aboutToken(world.planner, 'planner', await tokenOf());
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        postForm(`${index % 2 === 0 ? world.url : world.otherUrl}/introspect`, form),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49);
  });

  test('refuses malformed requests', async () => {
    const form = await aboutToken(world.planner, 'planner', 'a');
    const { token: _token, ...without } = form;
    const text = new URLSearchParams(form).toString();
    const answers = [
      await postForm(`${world.url}/introspect`, without),
      await postForm(`${world.url}/introspect`, `${text}&token=b`),
      await postForm(`${world.url}/introspect?token=b`, form),
      await postForm(`${world.url}/introspect`, `${text}${'b'.repeat(200_000)}`),
    ];
    for (const { status, body } of answers) {
      expect([status, body['error']]).toEqual([400, 'invalid_request']);
    }
    expect((await call(`${world.url}/introspect`)).status).toBe(405);
  });

  test('lets a client guess a hundred times, and others go on', async () => {
    const guesser = await registerAgent(world, 'guesser');
    // At once: on a slow machine the budget would be renewed between the first and the last
    const guesses = Array.from({ length: 110 }, async (_, guess) => {
      const { status } = await introspect(`guess-${guess}`, { key: guesser, id: 'guesser' });
      return status;
    });
    const statuses = await Promise.all(guesses);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    expect((await introspect(await tokenOf())).body).toMatchObject({ active: true });
  });
});
