// Token exchange (RFC 8693) over HTTP: which tokens whom, and that what comes out is never more

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  mintTokenProof,
  postForm,
  registerAgent,
  tokenForm,
} from '../support/authority.ts';
import { accessTokenType, errorOf, exchange, exchanged, type Asker } from '../support/exchange.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import { asOperator, startRevocationWorld, type RevocationWorld } from '../support/revocation.ts';
import { makeKey, mintEngineToken, mintToken } from '../support/tokens.ts';

let world: RevocationWorld;
let lead: Asker;
let clerk: Asker;
let stranger: Asker;
const scope = ['bus:publish:team-a-*', 'bus:receive', 'tool:exec'];

const someone = async (id: string, policy: object = {}): Promise<Asker> => ({
  id,
  key: await registerAgent(world, id, { scope, ...policy }),
});

beforeAll(async () => {
  world = await startRevocationWorld();
  lead = await someone('lead', { tier: 'power', dlg_max: 3 });
  clerk = await someone('clerk', { scope: ['bus:publish', 'tool:exec'], may_act_for: ['lead'] });
  stranger = await someone('stranger', { scope: ['bus:publish', 'tool:exec'] });
});
afterAll(() => world.stop());

const leadToken = (fields: Readonly<Record<string, string>> = {}): Promise<string> =>
  boundToken(world.url, lead.key, 'lead', fields);

/** An unbound token of the lead's. */
async function plainToken(fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const form = await tokenForm(lead.key, 'lead', fields);
  const { status, body } = await postForm(`${world.url}/token`, form);
  expect(status).toBe(200);
  return String(body['access_token']);
}

const actAsLead = (fields: Readonly<Record<string, string>> = {}): Promise<string> =>
  plainToken({ may_act: 'clerk', ...fields });

describe('a bound token, by its own client with a proof by its key', () => {
  test('becomes a narrower one that names where it came from', async () => {
    const subject = await leadToken();
    const parent = decodeJwt(subject);
    const asked = { scope: 'bus:publish:team-a-x bus:receive' };
    const { status, headers, body } = await exchange(world.url, lead, subject, asked);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { access_token: token, ...rest } = body;
    expect(rest).toEqual({
      token_type: 'DPoP',
      expires_in: expect.any(Number) as number,
      scope: asked.scope,
      issued_token_type: accessTokenType,
    });
    const claims = decodeJwt(String(token));
    expect(claims).toEqual({
      iss: publicUrl,
      aud: 'swarm-bus',
      sub: 'lead',
      client_id: 'lead',
      iat: expect.any(Number) as number,
      exp: expect.any(Number) as number,
      jti: expect.any(String) as string,
      sid: expect.any(String) as string,
      tier: 'power',
      scope: asked.scope,
      cnf: { jkt: lead.key.kid },
      dlg_max: 2,
      status: { status_list: expect.objectContaining({ uri: `${publicUrl}/status/1` }) as object },
      act: { sub: 'lead' },
      dlg: [expect.objectContaining({ jti: parent.jti, sid: parent['sid'], jkt: lead.key.kid })],
    });
    expect(claims.exp).toBeLessThanOrEqual(parent.exp ?? 0);
    const [root] = claims['dlg'] as readonly object[];
    // What is the token's own is left out
    for (const name of ['iss', 'sub', 'aud', 'kid', 'tier']) expect(root).not.toHaveProperty(name);
    const who = await callBound(world.otherUrl, '/whoami', lead.key, String(token));
    expect(who.body).toMatchObject({ agent_id: 'lead', subject_id: 'lead' });
  });

  test('stops at the third hop, however often it is fed back', async () => {
    let token = await leadToken();
    const outcomes: string[] = [];
    for (let round = 0; round < 100; round++) {
      const answer = await exchange(world.url, lead, token);
      outcomes.push(errorOf(answer));
      if (answer.status === 200) token = String(answer.body['access_token']);
    }
    const refusals = Array.from({ length: 97 }, () => '400 invalid_request');
    expect(outcomes).toEqual(['200', '200', '200', ...refusals]);
    const claims = decodeJwt(token);
    expect(claims['act']).toEqual({ sub: 'lead', act: { sub: 'lead', act: { sub: 'lead' } } });
    const jtis = (claims['dlg'] as readonly { jti: string }[]).map(({ jti }) => jti);
    expect(new Set([...jtis, claims.jti]).size).toBe(4);
    expect(claims['dlg_max']).toBeUndefined();
    expect((await callBound(world.url, '/whoami', lead.key, token)).status).toBe(200);
  });

  test('is refused without the proof, with another key’s, and to another client', async () => {
    const subject = await leadToken();
    const other = await makeKey();
    const askers: readonly Asker[] = [
      { ...lead, proofKey: null },
      { ...lead, proofKey: other },
      stranger,
      clerk,
      { ...clerk, proofKey: lead.key },
      { ...clerk, proofKey: null },
    ];
    for (const asker of askers) {
      expect(errorOf(await exchange(world.url, asker, subject))).toBe('400 invalid_request');
    }
  });
});

describe('an unbound token', () => {
  test('that names the client, which an operator allows, lets it act and not be', async () => {
    const subject = await actAsLead();
    const token = await exchanged(world.url, clerk, subject);
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ sub: 'lead', client_id: 'clerk', act: { sub: 'clerk' } });
    expect(claims).toMatchObject({ cnf: { jkt: clerk.key.kid }, tier: 'fast' });
    expect(claims['may_act']).toBeUndefined();
    const { body } = await callBound(world.url, '/whoami', clerk.key, token);
    expect(body).toMatchObject({ agent_id: 'clerk', subject_id: 'lead' });
    expect(body['actors']).toMatchObject([{ agent_id: 'clerk', authenticated: true }]);
  });

  test('needs both: the token’s word and the operator’s rule', async () => {
    const rows: readonly (readonly [Asker, string])[] = [
      [clerk, await plainToken()],
      [clerk, await plainToken({ may_act: 'stranger' })],
      [stranger, await plainToken({ may_act: 'stranger' })],
      [lead, await plainToken()],
      [lead, await plainToken({ may_act: 'lead' })],
    ];
    for (const [asker, subject] of rows) {
      expect(errorOf(await exchange(world.url, asker, subject))).toBe('400 invalid_request');
    }
    await asOperator(world, '/admin/agents/stranger', {
      method: 'PATCH',
      body: { may_act_for: ['lead'] },
    });
    const shown = await asOperator(world, '/admin/agents/stranger');
    expect(shown.body['may_act_for']).toEqual(['lead']);
    await asOperator(world, '/admin/agents/stranger', {
      method: 'PATCH',
      body: { may_act_for: [] },
    });
    expect((await asOperator(world, '/admin/agents/stranger')).body['may_act_for']).toBeUndefined();
  });

  test('carries the chain on, newest outermost, without anybody’s history granting', async () => {
    const third = await someone('third', {
      may_act_for: ['clerk'],
      scope: ['bus:publish:team-a-x'],
    });
    const subject = await actAsLead();
    // The clerk's token is bound, so that only the clerk may exchange it
    const token = await exchanged(world.url, clerk, subject);
    expect(errorOf(await exchange(world.url, third, token))).toBe('400 invalid_request');
    const again = await exchanged(world.url, clerk, token, { scope: 'tool:exec' });
    const claims = decodeJwt(again);
    expect(claims['act']).toEqual({ sub: 'clerk', act: { sub: 'clerk' } });
    const [root, parent] = claims['dlg'] as readonly { jti: string }[];
    expect([root?.jti, parent?.jti]).toEqual([decodeJwt(subject).jti, decodeJwt(token).jti]);
    // The lead is in its history, and gets nothing by that
    expect(errorOf(await exchange(world.url, lead, again))).toBe('400 invalid_request');
  });

  test('without a proof becomes an unbound one that cannot be handed on', async () => {
    const token = await exchanged(world.url, { ...clerk, proofKey: null }, await actAsLead());
    expect(decodeJwt(token)['cnf']).toBeUndefined();
    expect(decodeJwt(token)['dlg_max']).toBeUndefined();
    expect((await call(`${world.url}/whoami`, { token })).status).toBe(200);
    expect(errorOf(await exchange(world.url, clerk, token))).toBe('400 invalid_request');
  });
});

describe('an engine token', () => {
  test('becomes a full one for the agent that it names, and for nobody else', async () => {
    const token = await mintEngineToken(world.engine, 'lead', ['bus:publish', 'bus:veto']);
    const full = await exchanged(world.url, lead, token);
    const claims = decodeJwt(full);
    expect(claims).toMatchObject({ sub: 'lead', client_id: 'lead', act: { sub: 'lead' } });
    expect(claims).toMatchObject({ scope: 'bus:publish:team-a-*', tier: 'power' });
    expect(claims['dlg']).toMatchObject([{ iss: 'yamtam-engine', kid: world.engine.kid }]);
    const who = await callBound(world.url, '/whoami', lead.key, full);
    expect(who.body).toMatchObject({ agent_id: 'lead', issuer: publicUrl });
    for (const asker of [clerk, stranger]) {
      expect(errorOf(await exchange(world.url, asker, token))).toBe('400 invalid_request');
    }
  });
});

describe('an actor token', () => {
  const fields = (token: string): Record<string, string> => ({
    actor_token: token,
    actor_token_type: accessTokenType,
  });

  test('is the client’s own, and limits the time', async () => {
    const actor = await boundToken(world.url, clerk.key, 'clerk');
    const token = await exchanged(world.url, clerk, await actAsLead(), fields(actor));
    expect(decodeJwt(token)['act']).toEqual({ sub: 'clerk' });
    expect(decodeJwt(token).exp).toBeLessThanOrEqual(decodeJwt(actor).exp ?? 0);
  });

  test('is refused where it is not', async () => {
    const subject = await actAsLead();
    const now = Math.floor(Date.now() / 1000);
    const expired = { claims: { iat: now - 900, exp: now - 60 } };
    const otherKey = await postForm(`${world.url}/token`, await tokenForm(clerk.key, 'clerk'), {
      dpop: await mintTokenProof(await makeKey()),
    });
    const rows: Readonly<Record<string, Record<string, string>>> = {
      'without its type': { actor_token: await boundToken(world.url, clerk.key, 'clerk') },
      'a type without a token': { actor_token_type: accessTokenType },
      'of an unknown type': { ...fields('a'), actor_token_type: 'urn:x' },
      'of another client': fields(await boundToken(world.url, stranger.key, 'stranger')),
      'of the subject': fields(subject),
      'of another issuer': fields(
        await mintToken(world.foreign, 'https://issuer.example', 'clerk', 'bus:publish'),
      ),
      expired: fields(
        await mintToken(world.foreign, 'https://issuer.example', 'clerk', 'bus:publish', expired),
      ),
      'of another key': fields(String(otherKey.body['access_token'])),
      garbage: fields('garbage'),
    };
    for (const [name, more] of Object.entries(rows)) {
      const answer = await exchange(world.url, clerk, subject, more);
      expect([name, errorOf(answer)]).toEqual([name, '400 invalid_request']);
    }
    const own = { ...fields(await leadToken()) };
    // Actor and subject the same agent
    expect(errorOf(await exchange(world.url, lead, await leadToken(), own))).toBe(
      '400 invalid_request',
    );
  });
});
