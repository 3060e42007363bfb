// /admin/revocations over HTTP: every kind in two isolates, and mistakes that must revoke nothing

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { revocationHash } from '../../src/index.ts';
import { boundToken, callBound, registerAgent, type JsonAnswer } from '../support/authority.ts';
import { publicUrl } from '../support/gateway.ts';
import { call } from '../support/http.ts';
import {
  asOperator,
  bearerToken,
  expectRefused,
  foreignIssuer,
  headOf,
  startRevocationWorld,
  warm,
  whoami,
  type RevocationWorld,
} from '../support/revocation.ts';
import { mintEngineToken, mintToken } from '../support/tokens.ts';

let world: RevocationWorld;

beforeAll(async () => {
  world = await startRevocationWorld();
});
afterAll(() => world.stop());

const tokenOf = (key = world.planner, id = 'planner'): Promise<string> =>
  bearerToken(world.url, key, id);

const jtiOf = (token: string): string => decodeJwt(token).jti ?? '';

const revoke = (body: object): Promise<JsonAnswer> =>
  asOperator(world, '/admin/revocations', { method: 'POST', body });

const head = (): Promise<number> => headOf(world.url);

describe('POST /admin/revocations', () => {
  /** Each kind, for a token that is warm in both caches. */
  const kinds: Readonly<Record<string, (token: string) => object>> = {
    token: (token) => ({ kind: 'token', value: jtiOf(token) }),
    session: (token) => ({ kind: 'session', value: decodeJwt(token)['sid'] }),
    'before, for one agent': (token) => ({
      kind: 'before',
      value: decodeJwt(token).iat,
      agent: 'worker',
    }),
    'before, for all': (token) => ({
      kind: 'before',
      value: decodeJwt(token).iat,
      all: true,
      issuer: foreignIssuer,
    }),
    'key, of another issuer': () => ({
      kind: 'key',
      value: world.engine.kid,
      issuer: 'yamtam-engine',
    }),
  };
  const tokens: Readonly<Record<string, () => Promise<string>>> = {
    'before, for all': () => mintToken(world.foreign, foreignIssuer, 'agent-1', 'bus:receive'),
    'key, of another issuer': () => mintEngineToken(world.engine, 'agent-1', ['bus:receive']),
  };

  test.each(Object.keys(kinds))('revokes by %s in both isolates within a second', async (name) => {
    const token = await warm(world, await (tokens[name]?.() ?? tokenOf(world.worker, 'worker')));
    const { status, body } = await revoke({ ...kinds[name]?.(token), reason: 'a test' });
    expect([status, body]).toEqual([
      201,
      { seq: expect.any(Number) as number, recorded_at: expect.any(Number) as number },
    ]);
    await expectRefused(world, token);
  });

  test('revokes by the key that a token is bound to', async () => {
    const key = await registerAgent(world, 'bound-1');
    const token = await boundToken(world.url, key, 'bound-1');
    expect((await callBound(world.url, '/whoami', key, token)).status).toBe(200);
    await revoke({ kind: 'jkt', value: key.kid });
    await expect
      .poll(async () => (await callBound(world.url, '/whoami', key, token)).body['code'])
      .toBe('token_revoked');
  });

  test('revokes an agent, which then gets no token, until it is enabled again', async () => {
    const key = await registerAgent(world, 'suspect-1');
    const token = await warm(world, await tokenOf(key, 'suspect-1'));
    const recorded = await revoke({ kind: 'agent', value: 'suspect-1', reason: 'odd calls' });
    await expectRefused(world, token);
    expect((await asOperator(world, '/admin/agents/suspect-1')).body['disabled']).toBe(true);
    await expect(tokenOf(key, 'suspect-1')).rejects.toThrow('invalid_client');
    expect((await revoke({ kind: 'agent', value: 'suspect-1' })).body).toEqual(recorded.body);

    const change = { method: 'PATCH', body: { disabled: false } };
    expect((await asOperator(world, '/admin/agents/suspect-1', change)).status).toBe(200);
    const renewed = await tokenOf(key, 'suspect-1');
    await expect.poll(() => whoami(world.url, renewed)).toBe('200');
    await expect.poll(() => whoami(world.otherUrl, renewed)).toBe('200');
    // What was issued before stays revoked
    expect(await whoami(world.url, token)).toBe('401 token_revoked');
    expect(await whoami(world.otherUrl, token)).toBe('401 token_revoked');
  });

  test('names are exact: nothing is revoked by a prefix, a pattern or a path', async () => {
    const token = await warm(world, await tokenOf());
    const jti = jtiOf(token);
    for (const value of ['*', jti.slice(0, -1), `${jti}*`, `../${jti}`, `token:${jti}`, '%']) {
      expect([value, (await revoke({ kind: 'token', value })).status]).toEqual([value, 201]);
    }
    const mark = await warm(world, await tokenOf());
    await revoke({ kind: 'token', value: jtiOf(mark) });
    await expectRefused(world, mark);
    expect(await whoami(world.url, token)).toBe('200');
  });

  test('refuses what would revoke nothing, or everything by mistake', async () => {
    const now = Math.floor(Date.now() / 1000);
    const rows: Readonly<Record<string, readonly [body: object, code: string]>> = {
      'no kind': [{ value: 'a' }, 'request_malformed'],
      'an unknown kind': [{ kind: 'everything', value: 'a' }, 'request_malformed'],
      'no value': [{ kind: 'token' }, 'request_malformed'],
      'an empty value': [{ kind: 'token', value: '' }, 'request_malformed'],
      'a long value': [{ kind: 'token', value: 'a'.repeat(129) }, 'request_malformed'],
      'control characters': [{ kind: 'token', value: 'a\nb' }, 'request_malformed'],
      'no agent id': [{ kind: 'agent', value: '../a' }, 'request_malformed'],
      'a key id that is no thumbprint': [{ kind: 'key', value: 'key-1' }, 'request_malformed'],
      'a time as text': [{ kind: 'before', value: '1', all: true }, 'request_malformed'],
      'a time in milliseconds': [
        { kind: 'before', value: now * 1000, all: true },
        'request_malformed',
      ],
      'a time ahead': [{ kind: 'before', value: now + 120, all: true }, 'request_malformed'],
      'a time without whose': [{ kind: 'before', value: now }, 'request_malformed'],
      'a time of one and of all': [
        { kind: 'before', value: now, agent: 'worker', all: true },
        'request_malformed',
      ],
      'a time of all: false': [{ kind: 'before', value: now, all: false }, 'request_malformed'],
      'a time of nobody': [{ kind: 'before', value: now, agent: '' }, 'request_malformed'],
      'all beside a token': [{ kind: 'token', value: 'a', all: true }, 'request_malformed'],
      'an issuer that nobody trusts': [
        { kind: 'token', value: 'a', issuer: 'https://b.example' },
        'issuer_unknown',
      ],
      'an unknown member': [{ kind: 'token', value: 'a', until: 1 }, 'member_unknown'],
    };
    const seq = await head();
    for (const [name, [body, code]] of Object.entries(rows)) {
      const answer = await revoke(body);
      expect([name, answer.status, answer.body['code']]).toEqual([name, 400, code]);
    }
    expect(await head()).toBe(seq);
  });

  test('is for operators alone', async () => {
    const body = { kind: 'token', value: 'a' };
    const path = '/admin/revocations';
    const token = await boundToken(world.url, world.planner, 'planner');
    const ask = (request: { method?: string; body?: object }) =>
      callBound(world.url, path, world.planner, token, request);
    expect((await ask({ method: 'POST', body })).body['code']).toBe('scope_insufficient');
    expect((await ask({})).body['code']).toBe('scope_insufficient');
    expect((await call(world.url + path)).status).toBe(401);
  });
});

describe('GET /admin/revocations', () => {
  test('lists records whole, by whom and why, page by page', async () => {
    const token = await tokenOf();
    const { seq } = (await revoke({ kind: 'token', value: jtiOf(token), reason: 'a test' })).body;
    const second = (await revoke({ kind: 'session', value: 'run-1' })).body['seq'];
    const path = `/admin/revocations?after=${Number(seq) - 1}&limit=1`;
    const { body } = await asOperator(world, path);
    expect(body).toEqual({
      records: [
        {
          seq,
          recorded_at: expect.any(Number) as number,
          kind: 'token',
          issuer: publicUrl,
          value: jtiOf(token),
          h: await revocationHash({ kind: 'token', issuer: publicUrl, value: jtiOf(token) }),
          exp: expect.any(Number) as number,
          reason: 'a test',
          by: 'operator',
        },
      ],
      next: seq,
    });
    const rest = await asOperator(world, `/admin/revocations?after=${String(seq)}`);
    expect(rest.body['next']).toBeUndefined();
    expect(rest.body['records']).toMatchObject([{ seq: second, kind: 'session', value: 'run-1' }]);
  });

  test.each(['after=-1', 'after=a', 'after=1.5', 'limit=0', 'limit=201', 'after=1&after=2', 'x=1'])(
    'refuses the query %s',
    async (query) => {
      const answer = await asOperator(world, `/admin/revocations?${query}`);
      expect([answer.status, answer.body['code']]).toEqual([400, 'parameter_malformed']);
    },
  );
});
