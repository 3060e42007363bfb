// Token exchange against a table of bad input: what asks for more, what is no token, what forges its history

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  mintAssertion,
  mintTokenProof,
  postForm,
  registerAgent,
} from '../support/authority.ts';
import {
  accessTokenType,
  errorOf,
  exchange,
  exchanged,
  exchangeForm,
  type Asker,
} from '../support/exchange.ts';
import { publicUrl } from '../support/gateway.ts';
import {
  expectRefused,
  foreignIssuer,
  revokeAs,
  startRevocationWorld,
  warm,
  type RevocationWorld,
} from '../support/revocation.ts';
import { makeKey, mintEngineToken, mintProof, mintToken } from '../support/tokens.ts';

let world: RevocationWorld;
let lead: Asker;
const scope = ['bus:publish:team-a-*', 'bus:receive', 'tool:exec'];

beforeAll(async () => {
  world = await startRevocationWorld();
  lead = { id: 'lead', key: await registerAgent(world, 'lead', { scope }) };
});
afterAll(() => world.stop());

const leadToken = (fields: Readonly<Record<string, string>> = {}): Promise<string> =>
  boundToken(world.url, lead.key, 'lead', fields);

const outcome = async (
  token: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> => errorOf(await exchange(world.url, lead, token, fields));

describe('176: scope', () => {
  test.each([
    ['outside the subject token’s', 'tool:exec'],
    ['outside the client’s', 'bus:veto'],
    ['wider than the subject token’s', 'bus:publish'],
    ['a wider pattern', 'bus:publish:*'],
    ['one good, one not', 'bus:receive tool:exec'],
    ['a wildcard', '*'],
    ['malformed', 'bus:*'],
    ['admin', 'admin:write'],
  ])('refused: %s', async (_name, asked) => {
    const subject = await leadToken({ scope: 'bus:publish:team-a-x* bus:receive' });
    expect(await outcome(subject, { scope: asked })).toBe('400 invalid_scope');
  });

  test.each([
    ['omitted', {}],
    ['empty', { scope: '' }],
  ])('%s: what subject and client both have, never all', async (_name, fields) => {
    const token = await mintEngineToken(world.engine, 'lead', ['bus:publish', 'bus:veto']);
    const { body } = await exchange(world.url, lead, token, fields);
    expect(body['scope']).toBe('bus:publish:team-a-*');
  });

  test('nothing in common is not everything', async () => {
    const token = await mintEngineToken(world.engine, 'lead', ['bus:veto']);
    expect(await outcome(token)).toBe('400 invalid_scope');
  });
});

describe('177: target', () => {
  test.each([
    ['another than the subject token’s', { resource: publicUrl }],
    ['unknown', { resource: 'https://elsewhere.example' }],
    ['relative', { resource: '/bus' }],
    ['with a fragment', { resource: `${publicUrl}#x` }],
    ['both parameters', { resource: 'swarm-bus', audience: 'swarm-bus' }],
  ])('refused: %s', async (_name, fields) => {
    expect(await outcome(await leadToken(), fields)).toBe('400 invalid_target');
  });

  test('refused: several', async () => {
    const form = new URLSearchParams(await exchangeForm(lead, await leadToken()));
    form.append('audience', 'swarm-bus');
    form.append('audience', publicUrl);
    const headers = { dpop: await mintTokenProof(lead.key) };
    expect(errorOf(await postForm(`${world.url}/token`, form, headers))).toBe('400 invalid_target');
  });

  test('omitted: the subject token’s own', async () => {
    const token = await exchanged(world.url, lead, await leadToken({ resource: publicUrl }));
    expect(decodeJwt(token).aud).toBe(publicUrl);
  });
});

describe('178: subject tokens', () => {
  test('what is none is refused alike', async () => {
    const good = await leadToken();
    const now = Math.floor(Date.now() / 1000);
    const [, payload] = good.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const foreign = (claims: object): Promise<string> =>
      mintToken(world.foreign, foreignIssuer, 'lead', 'bus:receive', { claims: { ...claims } });
    const rows: Readonly<Record<string, string>> = {
      expired: await foreign({ iat: now - 900, exp: now - 60 }),
      'for another audience': await foreign({ aud: 'other' }),
      'of another issuer that is trusted': await foreign({}),
      'of another issuer, naming the client': await foreign({
        may_act: { sub: 'lead', iss: publicUrl },
      }),
      'of nobody': await mintToken(await makeKey(), publicUrl, 'lead', 'bus:receive'),
      'alg none': `${none}.${payload}.`,
      'an assertion': await mintAssertion(lead.key, 'lead'),
      'a proof': await mintProof(lead.key, 'POST', `${publicUrl}/token`, good),
      opaque: 'c29tZXRoaW5n',
      'with another signature': `${good.slice(0, -4)}AAAA`,
    };
    for (const [name, token] of Object.entries(rows)) {
      expect([name, await outcome(token)]).toEqual([name, '400 invalid_request']);
    }
  });

  test('one that was revoked is refused within the bound', async () => {
    const revoked = await leadToken();
    await revokeAs(world.url, lead.key, 'lead', revoked);
    await expect.poll(() => outcome(revoked), { timeout: 1000 }).toBe('400 invalid_request');
  });

  test.each([
    ['no type', { subject_token_type: '' }],
    ['an id token', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
    ['a refresh token', { subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
    ['no token', { subject_token: '' }],
    [
      'a refresh token wanted',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    ],
    ['an actor’s type alone', { actor_token_type: accessTokenType }],
    ['a malformed session', { sid: 'short' }],
  ])('by parameter: %s', async (_name, fields) => {
    expect(await outcome(await leadToken(), fields)).toBe('400 invalid_request');
  });
});

describe('179, 188: time', () => {
  test('no longer than the subject token, whatever is asked for', async () => {
    const now = Math.floor(Date.now() / 1000);
    const subject = await mintToken(world.engine, 'yamtam-engine', 'lead', 'bus:receive', {
      claims: { iat: now, exp: now + 40 },
    });
    for (const asked of ['0', '-1', '1e400', '3600', '315360000']) {
      const fields = { expires_in: asked, lifetime: asked };
      const { body } = await exchange(world.url, lead, subject, fields);
      expect(body['expires_in']).toBeLessThanOrEqual(40);
      expect(decodeJwt(String(body['access_token'])).exp).toBeLessThanOrEqual(now + 40);
    }
  });
});

test('180: a token of another issuer that names the client, whom a rule allows, is refused', async () => {
  const rule = { may_act_for: ['planner'] };
  const id = `actor-${crypto.randomUUID()}`;
  const key = await registerAgent(world, id, rule);
  for (const mayAct of [
    { sub: id },
    { sub: id, iss: publicUrl },
    { sub: id, iss: foreignIssuer },
  ]) {
    const token = await mintToken(world.foreign, foreignIssuer, 'planner', 'bus:receive', {
      claims: { may_act: mayAct },
    });
    expect(errorOf(await exchange(world.url, { id, key }, token))).toBe('400 invalid_request');
  }
});

test('183: a token of the engine is exchanged by its subject alone, not by who acts in it', async () => {
  const claims = { client_id: 'lead', act: { sub: 'lead' }, dlg: [{ jti: 'root' }] };
  const token = await mintToken(world.engine, 'yamtam-engine', 'planner', 'bus:receive', {
    claims,
  });
  expect(await outcome(token)).toBe('400 invalid_request');
});

describe('181, 182, 187: history', () => {
  test('nothing in the request says who acts, or sets a claim', async () => {
    const fields = {
      act: '{"sub":"operator"}',
      dlg: '[]',
      sub: 'operator',
      client_id: 'lead',
      iss: 'https://evil.example',
      exp: '9999999999',
      cnf: '{}',
      tier: 'power',
    };
    const claims = decodeJwt(await exchanged(world.url, lead, await leadToken(), fields));
    expect(claims).toMatchObject({
      act: { sub: 'lead' },
      sub: 'lead',
      iss: publicUrl,
      tier: 'fast',
    });
    expect(claims['dlg']).toHaveLength(1);
    expect(claims['cnf']).toEqual({ jkt: lead.key.kid });
  });

  test('a forged chain of an untrusted key is no chain', async () => {
    const forged = await mintToken(await makeKey(), publicUrl, 'lead', 'bus:receive', {
      claims: { act: { sub: 'operator' }, client_id: 'operator', dlg: [{ jti: 'x' }] },
    });
    expect(await outcome(forged)).toBe('400 invalid_request');
  });
});

test('185: what ends the parent ends the child', async () => {
  const subject = await mintEngineToken(world.engine, 'lead', ['bus:receive']);
  const child = await warm(world, await exchanged(world.url, { ...lead, proofKey: null }, subject));
  const parent = decodeJwt(child)['dlg'];
  expect(parent).toHaveLength(1);
  await revokeAs(world.url, lead.key, 'lead', child);
  await expectRefused(world, child);
});

describe('186: forms', () => {
  test.each([
    [
      'JSON',
      (form: URLSearchParams) => JSON.stringify(Object.fromEntries(form)),
      'application/json',
    ],
    ['a repeated parameter', (form: URLSearchParams) => `${form}&subject_token=a`, undefined],
    [
      'a repeated actor',
      (form: URLSearchParams) => `${form}&actor_token=a&actor_token=a`,
      undefined,
    ],
    ['__proto__ twice', (form: URLSearchParams) => `${form}&__proto__=a&__proto__=b`, undefined],
    ['too long', (form: URLSearchParams) => `${form}&x=${'a'.repeat(16_384)}`, undefined],
  ])('%s', async (_name, write, type) => {
    const form = new URLSearchParams(await exchangeForm(lead, await leadToken()));
    const headers = type === undefined ? {} : { 'content-type': type };
    const answer = await postForm(`${world.url}/token`, write(form), headers);
    expect(errorOf(answer)).toBe('400 invalid_request');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
