// Service keys over HTTP: an operator takes out a key of transactions or of the audit log that leaked

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { afterAll, beforeEach, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
  type JsonAnswer,
} from '../support/authority.ts';
import { call } from '../support/http.ts';
import { startUpstream } from '../support/upstream.ts';

const upstream = await startUpstream();
const authority = await startAuthority({
  variables: {
    TRUST_DOMAIN: 'tools.example',
    ROUTES: JSON.stringify([
      { prefix: '/trusted', upstream: upstream.url, scopes: ['tool:exec'], trusted: true },
    ]),
  },
});
afterAll(() => Promise.all([authority.stop(), upstream.stop()]));
beforeEach(() => void upstream.take());
const { url } = authority;

interface ServiceKeyState {
  readonly kid: string;
  readonly use: string;
  readonly state: string;
  readonly compromised: boolean;
}

async function operate(path: string, method: 'GET' | 'POST'): Promise<JsonAnswer> {
  const token = await boundToken(url, authority.operator, 'operator');
  return callBound(url, path, authority.operator, token, { method });
}

async function listed(): Promise<readonly ServiceKeyState[]> {
  const { body } = await operate('/admin/keys', 'GET');
  return body['service_keys'] as readonly ServiceKeyState[];
}

async function published(name: 'txn' | 'audit'): Promise<JSONWebKeySet> {
  return JSON.parse((await call(`${url}/.well-known/${name}-jwks.json`)).text) as JSONWebKeySet;
}

/** Asks until the answer is there: isolates ask the ring again every ten seconds. */
async function eventually<T>(ask: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  const end = Date.now() + 25_000;
  for (;;) {
    const found = await ask();
    if (isThere(found)) return found;
    if (Date.now() > end) throw new Error(`Still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('a compromised key of transactions is no longer published, and signs nothing', async () => {
  const key = await registerAgent(authority, 'planner', { scope: ['tool:exec'] });
  const { body } = await postForm(`${url}/token`, await tokenForm(key, 'planner'));
  const token = String(body['access_token']);
  const received = async (): Promise<string> => {
    expect((await call(`${url}/trusted/x`, { token })).status).toBe(200);
    return upstream.take()[0]?.all('txn-token')[0] ?? '';
  };
  const { kid = '' } = decodeProtectedHeader(await received());
  expect(await listed()).toContainEqual(
    expect.objectContaining({ kid, use: 'txn', state: 'active', compromised: false }),
  );
  const done = await operate(`/admin/keys/${kid}/compromise`, 'POST');
  expect([done.status, done.body]).toEqual([
    200,
    { seq: expect.any(Number) as number, recorded_at: expect.any(Number) as number },
  ]);
  expect((await operate(`/admin/keys/${kid}/compromise`, 'POST')).body).toEqual(done.body);
  expect(await listed()).toContainEqual(
    expect.objectContaining({ kid, use: 'txn', state: 'retired', compromised: true }),
  );
  const set = await eventually(
    () => published('txn'),
    ({ keys }) => keys.every((one) => one.kid !== kid),
  );
  expect(set.keys).toHaveLength(1);
  const next = await eventually(received, (txn) => decodeProtectedHeader(txn).kid !== kid);
  await jwtVerify(next, createLocalJWKSet(set), { audience: 'tools.example' });
});

test('a compromised key of the audit log is no longer published', async () => {
  const [before] = (await published('audit')).keys;
  expect((await operate(`/admin/keys/${before?.kid}/compromise`, 'POST')).status).toBe(200);
  const set = await eventually(
    () => published('audit'),
    ({ keys }) => keys.every(({ kid }) => kid !== before?.kid),
  );
  expect(set.keys).toHaveLength(1);
  // What signs agents' tokens is another matter
  expect((await operate('/admin/keys', 'GET')).status).toBe(200);
});
