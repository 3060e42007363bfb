// A transaction token is for one service: wherever an agent's token is taken, it is none

import { afterAll, describe, expect, test } from 'vitest';
import {
  boundToken,
  callBound,
  postForm,
  registerAgent,
  startAuthority,
  tokenForm,
} from '../support/authority.ts';
import { call, callRaw } from '../support/http.ts';
import { mintProof } from '../support/tokens.ts';
import { publicUrl } from '../support/gateway.ts';
import { startUpstream } from '../support/upstream.ts';

const upstream = await startUpstream();
const scopes = ['tool:exec'];
const authority = await startAuthority({
  variables: {
    TRUST_DOMAIN: 'tools.example',
    METRICS_TOKEN: 'scraper-0123456789-0123456789-0123456789',
    ROUTES: JSON.stringify([
      { prefix: '/trusted', upstream: upstream.url, scopes, trusted: true },
      { prefix: '/mcp', upstream: upstream.url, mcp: true },
    ]),
  },
});
afterAll(() => Promise.all([authority.stop(), upstream.stop()]));
const { url } = authority;
const key = await registerAgent(authority, 'planner', { scope: [...scopes, 'bus:receive'] });
const token = await boundToken(url, key, 'planner');
const used = await callBound(url, '/trusted/x', key, token);
if (used.status !== 200) throw new Error(`The service was not asked: ${used.status}`);
const txn = upstream.take()[0]?.all('txn-token')[0] ?? '';

describe('a transaction token', () => {
  test.each([
    ['GET', '/whoami'],
    ['GET', '/bus/messages'],
    ['POST', '/bus/messages'],
    ['GET', '/bus/status'],
    ['GET', '/trusted/x'],
    ['POST', '/mcp'],
    ['GET', '/admin/agents'],
    ['GET', '/admin/audit'],
    ['GET', '/metrics'],
    ['POST', '/agents/self/key'],
  ])('is refused as a bearer token, and with a proof, by %s %s', async (method, path) => {
    const body = method === 'POST' ? { body: '{}' } : {};
    const bearer = await call(url + path, { method, token: txn, ...body });
    expect(bearer.status).toBe(401);
    const proof = await mintProof(key, method, publicUrl + path, txn);
    const headers = { authorization: `DPoP ${txn}`, dpop: proof };
    expect((await fetch(url + path, { method, headers, ...body })).status).toBe(401);
    expect(upstream.take()).toEqual([]);
  });

  test('opens no socket', async () => {
    const answer = await callRaw(url, [
      'GET /bus/connect HTTP/1.1',
      'Host: gate.example',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Sec-WebSocket-Protocol: swarmbus.v1, bearer.${txn}`,
    ]);
    expect(answer.status).toBe(401);
  });

  test('is exchanged for nothing, says nothing, and does not authenticate a client', async () => {
    const exchange = {
      ...(await tokenForm(key, 'planner')),
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: txn,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    const exchanged = await postForm(`${url}/token`, exchange);
    expect([exchanged.status, exchanged.body['error']]).toEqual([400, 'invalid_request']);
    const about = { ...(await tokenForm(key, 'planner')), token: txn };
    expect((await postForm(`${url}/introspect`, about)).body).toEqual({ active: false });
    const client = { ...(await tokenForm(key, 'planner')), client_assertion: txn };
    const answer = await postForm(`${url}/token`, client);
    expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_client']);
  });

  test('is no proof and no delegation', async () => {
    for (const headers of [{ dpop: txn }, { 'agent-delegation': txn }]) {
      const proof = await mintProof(key, 'GET', `${publicUrl}/whoami`, token);
      const all = { authorization: `DPoP ${token}`, dpop: proof, ...headers };
      expect((await fetch(`${url}/whoami`, { headers: all })).status).toBe(401);
    }
  });
});
