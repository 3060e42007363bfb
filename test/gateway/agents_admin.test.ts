// /admin/agents over HTTP: every rule with its exact status, and what operators may grant

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, call } from '../support/http.ts';
import {
  askToken,
  callerWith,
  makePrivateJwk,
  publicJwkOf,
  signIn,
  startOperated,
  tokenOf,
  type Caller,
  type Client,
  type OperatedGateway,
} from '../support/operator.ts';
import { boundTo, makeKey, mintToken } from '../support/tokens.ts';

let gate: OperatedGateway;
let operator: Caller;

beforeAll(async () => {
  gate = await startOperated();
  operator = await signIn(gate.url, gate.operator);
});
afterAll(() => gate.stop());

let count = 0;
const freshId = (): string => `agent-${++count}`;
const bodyOf = (changes: object = {}) => ({
  id: freshId(),
  tier: 'fast',
  scope: ['bus:receive'],
  ...changes,
});

async function register(changes: object = {}): Promise<Client> {
  const key = await makeKey();
  const body = { ...bodyOf(changes), jwk: publicJwkOf(key) };
  const answer = await operator.send('POST', '/admin/agents', body);
  if (answer.status !== 201) throw new Error(answer.text);
  return { id: body.id, key };
}

const pathOf = ({ id }: { readonly id: string }): string =>
  `/admin/agents/${id.replaceAll('/', '~')}`;
const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describe('POST /admin/agents', () => {
  test('registers an agent, which then gets tokens', async () => {
    const key = await makeKey();
    const body = { ...bodyOf({ dlg_max: 2, dpop: 'required' }), jwk: publicJwkOf(key) };
    const answer = await operator.send('POST', '/admin/agents', body);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { jwk: _jwk, ...said } = body;
    expect(read(answer.text)).toMatchObject({
      ...said,
      disabled: false,
      version: 1,
      jkt: key.kid,
      jwk: { ...publicJwkOf(key), kid: key.kid, alg: 'ES256', use: 'sig' },
    });
    const { id } = body;
    const agent = await signIn(gate.url, { id, key });
    expect(read((await agent.send('GET', '/whoami')).text)).toMatchObject({ agent_id: id });
    expect((await askToken(gate.url, { id, key }, { bound: false })).status).toBe(400);
  });

  test('of 20 at once with one id, and of 20 with one key, one succeeds', async () => {
    const id = freshId();
    const keys = await Promise.all(Array.from({ length: 20 }, () => makeKey()));
    const sameId = await Promise.all(
      keys.map((key) =>
        operator.send('POST', '/admin/agents', { ...bodyOf({ id }), jwk: publicJwkOf(key) }),
      ),
    );
    expect(sameId.map(codeOf).sort()).toEqual([
      '201',
      ...Array.from({ length: 19 }, () => '409 agent_exists'),
    ]);
    const key = await makeKey();
    const sameKey = await Promise.all(
      keys.map(() =>
        operator.send('POST', '/admin/agents', { ...bodyOf(), jwk: publicJwkOf(key) }),
      ),
    );
    expect(sameKey.map(codeOf).sort()).toEqual([
      '201',
      ...Array.from({ length: 19 }, () => '409 key_taken'),
    ]);
  });

  const long = 'x'.repeat(129);
  test.each<[string, object | string, string]>([
    ['no JSON', 'tier=fast', '400 request_malformed'],
    ['an empty body', '', '400 request_malformed'],
    ['a list', '[]', '400 request_malformed'],
    ['null', 'null', '400 request_malformed'],
    ['a duplicate name', '{"id":"a","id":"b","tier":"fast","scope":[]}', '400 request_malformed'],
    ['bytes after the object', '{"id":"a","tier":"fast","scope":[]} x', '400 request_malformed'],
    ['deep nesting', `{"jwk":${'['.repeat(50)}${']'.repeat(50)}}`, '400 request_malformed'],
    [
      '__proto__',
      '{"__proto__":{"disabled":true},"id":"a","tier":"fast","scope":[]}',
      '400 member_unknown',
    ],
    ['constructor', '{"constructor":1,"id":"a","tier":"fast","scope":[]}', '400 member_unknown'],
    ['toString', '{"toString":1,"id":"a","tier":"fast","scope":[]}', '400 member_unknown'],
    ['an unknown member', bodyOf({ tire: 'fast' }), '400 member_unknown'],
    ['a member of the answer', bodyOf({ version: 7 }), '400 member_unknown'],
    ['no id', { tier: 'fast', scope: [] }, '400 request_malformed'],
    ['no tier', { id: 'a', scope: [] }, '400 request_malformed'],
    ['no scope', { id: 'a', tier: 'fast' }, '400 request_malformed'],
    ['an empty id', bodyOf({ id: '' }), '400 agent_id_malformed'],
    ['an id with dots', bodyOf({ id: 'a/../b' }), '400 agent_id_malformed'],
    ['an id that begins with a slash', bodyOf({ id: '/a' }), '400 agent_id_malformed'],
    ['an id with a control character', bodyOf({ id: 'a\u0000b' }), '400 agent_id_malformed'],
    ['an id with a line break', bodyOf({ id: 'a\nb' }), '400 agent_id_malformed'],
    ['an id with markup', bodyOf({ id: 'a<script>b' }), '400 agent_id_malformed'],
    ['an id beyond ASCII', bodyOf({ id: 'оperator' }), '400 agent_id_malformed'],
    ['a long id', bodyOf({ id: long }), '400 agent_id_malformed'],
    ['an id that is a list', bodyOf({ id: ['a'] }), '400 agent_id_malformed'],
    ['an unknown tier', bodyOf({ tier: 'slow' }), '400 tier_unknown'],
    ['a tier that objects inherit', bodyOf({ tier: 'constructor' }), '400 tier_unknown'],
    ['a scope that is text', bodyOf({ scope: 'bus:receive' }), '400 scope_malformed'],
    ['a malformed scope', bodyOf({ scope: ['bus:*'] }), '400 scope_malformed'],
    ['the scope *', bodyOf({ scope: ['*'] }), '400 scope_malformed'],
    ['an empty scope', bodyOf({ scope: [''] }), '400 scope_malformed'],
    ['a scope with a space', bodyOf({ scope: ['bus:receive admin:write'] }), '400 scope_malformed'],
    ['a scope twice', bodyOf({ scope: ['a:b', 'a:b'] }), '400 scope_malformed'],
    [
      'many scopes',
      bodyOf({ scope: Array.from({ length: 65 }, (_, i) => `a:b${i}`) }),
      '400 scope_malformed',
    ],
    ['a long scope', bodyOf({ scope: [`a:${'b'.repeat(300)}`] }), '400 scope_malformed'],
    ['dpop', bodyOf({ dpop: true }), '400 dpop_malformed'],
    ['dlg_max 0', bodyOf({ dlg_max: 0 }), '400 dlg_max_malformed'],
    ['dlg_max 4', bodyOf({ dlg_max: 4 }), '400 dlg_max_malformed'],
    ['dlg_max as text', bodyOf({ dlg_max: '1' }), '400 dlg_max_malformed'],
    ['a key that is text', bodyOf({ jwk: 'x' }), '400 key_malformed'],
    ['a key without members', bodyOf({ jwk: {} }), '400 key_malformed'],
    [
      'a point off the curve',
      bodyOf({ jwk: { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) } }),
      '400 key_malformed',
    ],
    [
      'an RSA key without alg',
      bodyOf({ jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }),
      '400 key_malformed',
    ],
    ['a symmetric key', bodyOf({ jwk: { kty: 'oct', k: 'c2VjcmV0' } }), '400 key_private'],
    ['operator', bodyOf({ id: 'operator' }), '409 agent_reserved'],
    ['gateway', bodyOf({ id: 'gateway' }), '409 agent_reserved'],
    ['bridge that may use bearer tokens', bodyOf({ id: 'bridge' }), '409 agent_reserved'],
    ['bridge', bodyOf({ id: 'bridge', dpop: 'required' }), '409 agent_reserved'],
    ['Operator', bodyOf({ id: 'Operator' }), '409 agent_reserved'],
    ['0perat0r', bodyOf({ id: '0perat0r' }), '409 agent_reserved'],
    ['br1dge', bodyOf({ id: 'br1dge' }), '409 agent_reserved'],
    ['gate-way', bodyOf({ id: 'gate-way' }), '409 agent_reserved'],
    ['100 KB', `{"id":"${'a'.repeat(100_000)}"}`, '413 message_too_large'],
    ['17 KB', `{"id":"${'a'.repeat(17_000)}"}`, '413 message_too_large'],
  ])('refuses %s', async (_name, body, code) => {
    const answer = await operator.send('POST', '/admin/agents', body);
    expect(codeOf(answer)).toBe(code);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(Object.keys(read(answer.text)).sort()).toEqual(['code', 'error', 'error_description']);
  });

  test('refuses a private key and says nothing of it', async () => {
    const jwk = await makePrivateJwk();
    const answer = await operator.send('POST', '/admin/agents', bodyOf({ jwk }));
    expect(codeOf(answer)).toBe('400 key_private');
    expect(answer.text).not.toContain(jwk.d);
    expect(gate.logs()).not.toContain(jwk.d);
  });

  test('an id that is taken is refused, also without a key', async () => {
    const { id } = await register();
    expect(codeOf(await operator.send('POST', '/admin/agents', bodyOf({ id })))).toBe(
      '409 agent_exists',
    );
  });
});

describe('GET /admin/agents', () => {
  test('pages through the agents of a prefix', async () => {
    for (const name of ['x', 'y', 'z']) await register({ id: `page/${name}` });
    const first = read((await operator.send('GET', '/admin/agents?q=page/&limit=2')).text);
    expect(first).toMatchObject({
      agents: [
        { id: 'page/x', tier: 'fast', disabled: false },
        { id: 'page/y', tier: 'fast', disabled: false },
      ],
      next: 'page/y',
    });
    const rest = await operator.send('GET', '/admin/agents?q=page/&limit=2&after=page/y');
    expect(read(rest.text)).toMatchObject({ agents: [{ id: 'page/z' }] });
    expect(read(rest.text)).not.toHaveProperty('next');
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=1e2',
    'limit=-1',
    'limit=1&limit=2',
    'q=%25',
    "q='%20OR%201=1",
    'after=a&after=b',
    `after=${'a'.repeat(129)}`,
    'page=2',
  ])('refuses ?%s', async (query) => {
    const answer = await operator.send('GET', `/admin/agents?${query}`);
    expect(codeOf(answer)).toBe('400 parameter_malformed');
  });
});

describe('one agent', () => {
  test('is shown, changed and removed under its id, a slash written ~', async () => {
    const client = await register({ id: 'team-a/planner:1@x' });
    const path = '/admin/agents/team-a~planner:1@x';
    expect(read((await operator.send('GET', path)).text)).toMatchObject({ id: client.id });
    const escaped = path.replace(':', '%3A').replace('@', '%40');
    expect((await operator.send('GET', escaped)).status).toBe(200);
    const changed = await operator.send('PATCH', path, {
      tier: 'power',
      scope: [],
      dpop: 'required',
      dlg_max: 1,
    });
    expect(read(changed.text)).toMatchObject({ tier: 'power', scope: [], dlg_max: 1, version: 2 });
    const cleared = await operator.send('PATCH', path, { dlg_max: null });
    expect(read(cleared.text)).not.toHaveProperty('dlg_max');
    expect((await operator.send('DELETE', path)).status).toBe(204);
    expect(codeOf(await operator.send('GET', path))).toBe('404 agent_unknown');
    expect(codeOf(await operator.send('DELETE', path))).toBe('404 agent_unknown');
    const listed = await operator.send('GET', `/admin/agents?q=${client.id}`);
    expect(read(listed.text)).toEqual({ agents: [] });
  });

  test.each(['/admin/agents/team%2Fa', '/admin/agents/..', '/admin/agents/%2e%2e/keys'])(
    'an ambiguous path %s is refused',
    async (path) => {
      const answer = await call(gate.url + path, { headers: { authorization: 'DPoP x' } });
      expect([400, 404]).toContain(answer.status);
    },
  );

  test.each<[string, string, object | undefined, string]>([
    ['GET', '', undefined, '404 agent_unknown'],
    ['PATCH', '', {}, '404 agent_unknown'],
    ['DELETE', '', undefined, '404 agent_unknown'],
    ['GET', '/sessions', undefined, '404 agent_unknown'],
    ['PUT', '', {}, '405 method_not_allowed'],
  ])('%s of an unknown one%s answers %s', async (method, below, body, code) => {
    const answer = await operator.send(method, `/admin/agents/nobody${below}`, body);
    expect(codeOf(answer)).toBe(code);
  });

  test.each<[string, object | string, string]>([
    ['an unknown member', { id: 'b' }, '400 member_unknown'],
    ['a key', { jwk: {} }, '400 member_unknown'],
    ['__proto__', '{"__proto__":{}}', '400 member_unknown'],
    ['disabled as text', { disabled: 'true' }, '400 request_malformed'],
    ['an unknown tier', { tier: 'x' }, '400 tier_unknown'],
    ['a malformed scope', { scope: ['a'] }, '400 scope_malformed'],
    ['no JSON', '{', '400 request_malformed'],
  ])('PATCH refuses %s', async (_name, body, code) => {
    const client = await register();
    expect(codeOf(await operator.send('PATCH', pathOf(client), body))).toBe(code);
  });

  test('its sessions are listed', async () => {
    const client = await register();
    await tokenOf(gate.url, client);
    await tokenOf(gate.url, client);
    const answer = await operator.send('GET', `${pathOf(client)}/sessions?limit=1`);
    const { sessions, next } = read(answer.text) as { sessions: object[]; next: string };
    expect(sessions).toEqual([
      {
        sid: next,
        created_at: expect.any(Number) as number,
        expires_at: expect.any(Number) as number,
        jkt: client.key.kid,
      },
    ]);
    const rest = await operator.send('GET', `${pathOf(client)}/sessions?after=${next}`);
    expect((read(rest.text) as { sessions: object[] }).sessions).toHaveLength(1);
  });

  test('of a narrowed one the next token is narrower', async () => {
    const client = await register({ scope: ['bus:receive', 'bus:publish'] });
    await operator.send('PATCH', pathOf(client), { scope: ['bus:receive'] });
    const agent = await signIn(gate.url, client);
    expect(read((await agent.send('GET', '/whoami')).text)).toMatchObject({
      scope: ['bus:receive'],
    });
  });
});

describe('disabling', () => {
  test('ends tokens at once, in both isolates, and enabling does not bring them back', async () => {
    const client = await register();
    const agent = await signIn(gate.url, client);
    const elsewhere = callerWith(gate.otherUrl, client.key, agent.token);
    expect((await agent.send('GET', '/whoami')).status).toBe(200);
    expect((await elsewhere.send('GET', '/whoami')).status).toBe(200);
    const disabled = await operator.send('PATCH', pathOf(client), { disabled: true });
    expect(read(disabled.text)).toMatchObject({ disabled: true });
    await expect
      .poll(async () => codeOf(await agent.send('GET', '/whoami')), { timeout: 1000 })
      .toBe('401 token_revoked');
    await expect
      .poll(async () => codeOf(await elsewhere.send('GET', '/whoami')), { timeout: 1000 })
      .toBe('401 token_revoked');
    expect((await askToken(gate.url, client)).status).toBe(401);
    expect((await askToken(gate.otherUrl, client)).status).toBe(401);

    const enabled = await operator.send('PATCH', pathOf(client), { disabled: false });
    expect(read(enabled.text)).toMatchObject({
      disabled: false,
      not_before: expect.any(Number) as number,
    });
    const fresh = await signIn(gate.url, client);
    await expect
      .poll(async () => (await fresh.send('GET', '/whoami')).status, { timeout: 2000 })
      .toBe(200);
    expect(codeOf(await agent.send('GET', '/whoami'))).toBe('401 token_revoked');
  });

  test('a removed agent has no tokens left; one registered anew under its id has', async () => {
    const client = await register();
    const agent = await signIn(gate.url, client);
    expect((await operator.send('DELETE', pathOf(client))).status).toBe(204);
    await expect
      .poll(async () => codeOf(await agent.send('GET', '/whoami')), { timeout: 1000 })
      .toBe('401 token_revoked');
    expect((await askToken(gate.url, client)).status).toBe(401);
    const anew = { id: client.id, key: await makeKey() };
    const body = { ...bodyOf({ id: client.id }), jwk: publicJwkOf(anew.key) };
    expect((await operator.send('POST', '/admin/agents', body)).status).toBe(201);
    // Where it was looked up as nobody, that is remembered for a while
    const fresh = await signIn(gate.otherUrl, anew);
    await expect
      .poll(async () => (await fresh.send('GET', '/whoami')).status, { timeout: 2000 })
      .toBe(200);
    expect(codeOf(await agent.send('GET', '/whoami'))).toBe('401 token_revoked');
  });
});

describe('removing', () => {
  test('leaves no record for ever, also of an agent that was disabled before', async () => {
    const client = await register();
    await operator.send('PATCH', pathOf(client), { disabled: true });
    expect((await operator.send('DELETE', pathOf(client))).status).toBe(204);
    const { text } = await operator.send('GET', '/admin/revocations?after=0');
    const records = read(text)['records'] as { kind: string; value: string; exp: number }[];
    const last = records.findLast(({ kind, value }) => kind === 'agent' && value === client.id);
    const now = Date.now() / 1000;
    expect(last?.exp).toBeGreaterThan(now + 3600);
    expect(last?.exp).toBeLessThan(now + 2 * 3600);
  });
});

describe('who may do what', () => {
  const guarded: readonly (readonly [string, string, object | undefined])[] = [
    ['POST', '/admin/agents', bodyOf({ id: 'unreached' })],
    ['GET', '/admin/agents', undefined],
    ['GET', '/admin/agents/unreached', undefined],
    ['PATCH', '/admin/agents/unreached', {}],
    ['DELETE', '/admin/agents/unreached', undefined],
    ['GET', '/admin/agents/unreached/sessions', undefined],
    ['POST', '/admin/enrollments', bodyOf({ id: 'unreached' })],
    ['GET', '/admin/enrollments', undefined],
    ['DELETE', '/admin/enrollments/x', undefined],
  ];

  test.each(guarded)('%s %s takes a bound token with the scope', async (method, path, body) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    expect(codeOf(await call(gate.url + path, { method, ...text }))).toBe('401 token_missing');
    const scope = 'admin:read admin:write';
    const bearer = await mintToken(gate.key, gate.issuer, 'boss', scope);
    expect(codeOf(await call(gate.url + path, { method, token: bearer, ...text }))).toBe(
      '401 proof_required',
    );
    const other = method === 'GET' ? 'admin:write' : 'admin:read';
    for (const held of [
      'bus:receive',
      other,
      `${method === 'GET' ? 'admin:read' : 'admin:write'}:x`,
    ]) {
      const boss = await signIn(gate.url, await register({ scope: [held] }));
      expect(codeOf(await boss.send(method, path, body))).toBe('403 scope_insufficient');
    }
  });

  test.each(guarded)('%s %s is not for admins of another issuer', async (method, path, body) => {
    const key = await makeKey();
    const claims = boundTo(key);
    const scope = 'admin:read admin:write';
    const token = await mintToken(gate.key, gate.issuer, 'operator', scope, { claims });
    const answer = await callerWith(gate.url, key, token).send(method, path, body);
    expect(codeOf(answer)).toBe('403 scope_insufficient');
  });

  test('nobody grants an admin scope that they do not hold', async () => {
    const writer = await register({ scope: ['admin:write'] });
    const boss = await signIn(gate.url, writer);
    const make = async (scope: string[]): Promise<string> =>
      codeOf(await boss.send('POST', '/admin/agents', bodyOf({ scope })));
    expect(await make(['bus:veto', 'mcp:call:*', 'admin:write'])).toBe('201');
    expect(await make(['admin:read'])).toBe('403 scope_insufficient');
    expect(await make(['admin:keys'])).toBe('403 scope_insufficient');
    const code = await boss.send('POST', '/admin/enrollments', bodyOf({ scope: ['admin:read'] }));
    expect(codeOf(code)).toBe('403 scope_insufficient');
    const target = await register();
    const change = async (body: object): Promise<string> =>
      codeOf(await boss.send('PATCH', pathOf(target), body));
    expect(await change({ scope: ['admin:read'] })).toBe('403 scope_insufficient');
    expect(await change({ scope: ['admin:write'] })).toBe('200');
    // What it holds already is not granted again; what comes back with enabling is
    await operator.send('PATCH', pathOf(target), { scope: ['admin:read'] });
    expect(await change({ scope: ['admin:read', 'bus:veto'] })).toBe('200');
    expect(await change({ disabled: true })).toBe('200');
    expect(await change({ disabled: false })).toBe('403 scope_insufficient');
  });

  test('the first operator is not removed, nor enabled by anybody', async () => {
    for (const id of ['operator', 'gateway']) {
      expect(codeOf(await operator.send('DELETE', `/admin/agents/${id}`))).toBe(
        '409 agent_reserved',
      );
    }
    const lift = await operator.send('PATCH', '/admin/agents/operator', { disabled: false });
    expect(codeOf(lift)).toBe('409 agent_reserved');
  });

  test('the bridge is registered with its own key and bound tokens alone, and can be removed', async () => {
    const jwk = publicJwkOf(await makeKey());
    const body = bodyOf({ id: 'bridge', dpop: 'required', may_act_for: ['planner'], jwk });
    const made = await operator.send('POST', '/admin/agents', body);
    expect(codeOf(made)).toBe('201');
    expect(read(made.text)).toMatchObject({ id: 'bridge', may_act_for: ['planner'] });
    const change = (to: object) => operator.send('PATCH', '/admin/agents/bridge', to);
    expect(codeOf(await change({ dpop: 'optional' }))).toBe('409 agent_reserved');
    expect(codeOf(await change({ may_act_for: ['planner', 'coder'] }))).toBe('200');
    expect(codeOf(await operator.send('DELETE', '/admin/agents/bridge'))).toBe('204');
  });
});
