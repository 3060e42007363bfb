// Upgrades that are refused before anything is switched: credentials, forms, origins, too many sockets

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { call, callRaw, codeOf } from '../support/http.ts';
import {
  openBearer,
  openBound,
  openSocket,
  socketProof,
  type TestSocket,
} from '../support/sockets.ts';
import { boundTo, makeKey, mintToken, type TestKey } from '../support/tokens.ts';

const origin = 'https://page.example';
let gateway: RunningGateway;
let agentKey: TestKey;
beforeAll(async () => {
  gateway = await startGateway({ variables: { ALLOWED_ORIGINS: origin } });
  agentKey = await makeKey();
});
afterAll(() => gateway.stop());

const mint = (scope = 'bus:receive', claims: object = {}, id = 'worker'): Promise<string> =>
  mintToken(gateway.key, gateway.issuer, id, scope, { claims: { ...claims } });
const bound = (): Promise<string> => mint('bus:receive', boundTo(agentKey));

const sample = 'dGhlIHNhbXBsZSBub25jZQ==';
const upgrade = {
  Host: 'gate.example',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': sample,
  'Sec-WebSocket-Version': '13',
};

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What an upgrade is answered, with these headers instead of the good ones. */
async function ask(fields: Fields, line = 'GET /bus/connect HTTP/1.1'): Promise<string> {
  const lines = Object.entries({ ...upgrade, ...fields }).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  return codeOf(await callRaw(gateway.url, [line, ...lines]));
}

const offered = (...names: string[]): Fields => ({ 'Sec-WebSocket-Protocol': names.join(', ') });

describe('an upgrade is refused', () => {
  test('without a token, with one in the query alone, or with a protocol alone', async () => {
    expect(await ask({})).toBe('401 token_missing');
    expect(await ask(offered('swarmbus.v1'))).toBe('401 token_missing');
    const line = `GET /bus/connect?access_token=${await mint()} HTTP/1.1`;
    expect(await ask({}, line)).toBe('401 token_missing');
  });

  test('with a token that every route refuses', async () => {
    const now = Math.floor(Date.now() / 1000);
    const ways = (token: string): readonly Fields[] => [
      { Authorization: `Bearer ${token}` },
      offered('swarmbus.v1', `bearer.${token}`),
    ];
    const cases: readonly [string, string][] = [
      [await mint('bus:receive', { iat: now - 900, exp: now - 10 }), '401 token_expired'],
      [await mint('bus:receive', { aud: 'elsewhere' }), '401 audience_mismatch'],
      [await mint('bus:receive', { exp: now + 7200 }), '401 lifetime_too_long'],
      [(await mint()).replace(/\.[^.]{4}/, '.AAAA'), '400 token_malformed'],
      ['a.b.c', '400 token_malformed'],
      [await mint('tool:exec'), '403 scope_insufficient'],
      [await bound(), '401 proof_required'],
    ];
    for (const [token, code] of cases)
      for (const way of ways(token)) expect(await ask(way)).toBe(code);
  });

  test('with a bound token and a proof for something else, or one that was used', async () => {
    const token = await bound();
    const proof = await socketProof(agentKey, token);
    const [other, stranger] = [await bound(), await makeKey()];
    const protocols = (shown: string): Fields =>
      offered('swarmbus.v1', `dpop.${token}`, `proof.${shown}`);
    for (const shown of [await socketProof(agentKey, other), await socketProof(stranger, token)]) {
      expect(await ask(protocols(shown))).toBe('401 proof_invalid');
    }
    const socket = await openBoundWith(token, proof);
    socket.close();
    expect(await ask(protocols(proof))).toBe('401 proof_replayed');
    expect(await ask(offered('swarmbus.v1', `dpop.${await mint()}`, `proof.${proof}`))).toBe(
      '401 proof_invalid',
    );
    expect(await ask(offered('swarmbus.v1', `dpop.${token}`))).toBe('401 proof_required');
  });

  test('with more than one credential', async () => {
    const [token, other] = [await mint(), await mint()];
    const header = { Authorization: `Bearer ${token}` };
    const cases: readonly Fields[] = [
      { ...header, ...offered('swarmbus.v1', `bearer.${token}`) },
      { ...header, ...offered('swarmbus.v1', `dpop.${other}`) },
      { ...header, ...offered('swarmbus.v1', `Bearer.${other}`) },
      { ...header, ...offered('swarmbus.v1', 'proof.a.b.c') },
      { ...header, ...offered('swarmbus.v1', 'delegation.a.b.c') },
      { Authorization: [`Bearer ${token}`, `Bearer ${other}`] },
      offered('swarmbus.v1', `bearer.${token}`, `bearer.${other}`),
      offered('swarmbus.v1', `bearer.${token}`, `dpop.${token}`),
      { ...offered('swarmbus.v1', `bearer.${token}`), DPoP: 'a.b.c' },
      { ...offered('swarmbus.v1', `bearer.${token}`), 'Agent-Delegation': 'a.b.c' },
    ];
    for (const fields of cases) expect(await ask(fields)).toBe('400 credential_ambiguous');
    const line = `GET /bus/connect?access_token=${other} HTTP/1.1`;
    for (const way of [header, offered('swarmbus.v1', `bearer.${token}`)]) {
      expect(await ask(way, line)).toBe('400 credential_ambiguous');
    }
  });

  test('with subprotocols that nobody else may read', async () => {
    const token = await mint();
    for (const names of [
      [`bearer.${token}`],
      ['swarmbus.v1', 'swarmbus.v2', `bearer.${token}`],
      ['swarmbus.v2', `bearer.${token}`],
      ['swarmbus.v1', 'swarmbus.v1', `bearer.${token}`],
      ['swarmbus.v1', `bearer.${token}`, 'chat'],
    ]) {
      expect(await ask(offered(...names))).toBe('400 token_malformed');
    }
    const shown = offered('swarmbus.v1', `dpop.${token}`, 'proof.a.b.c', 'proof.a.b.c');
    expect(await ask(shown)).toBe('401 proof_invalid');
  });

  test.each<[string, Fields, string]>([
    ['no upgrade', { Upgrade: undefined, Connection: 'close' }, '426 message_malformed'],
    ['two upgrades', { Upgrade: 'websocket, h2c' }, '400 message_malformed'],
    ['another upgrade', { Upgrade: 'h2c' }, '400 message_malformed'],
    ['no key', { 'Sec-WebSocket-Key': undefined }, '400 message_malformed'],
    ['a short key', { 'Sec-WebSocket-Key': 'abc' }, '400 message_malformed'],
    ['two keys', { 'Sec-WebSocket-Key': [sample, sample] }, '400 message_malformed'],
    ['version 12', { 'Sec-WebSocket-Version': '12' }, '426 message_malformed'],
    ['two versions', { 'Sec-WebSocket-Version': ['13', '12'] }, '426 message_malformed'],
    ['no version', { 'Sec-WebSocket-Version': undefined }, '426 message_malformed'],
  ])('with %s, with a good token or without one', async (_what, fields, code) => {
    expect(await ask({ ...fields, Authorization: `Bearer ${await mint()}` })).toBe(code);
    expect(await ask(fields)).toBe(code);
  });

  test('by another method, upgrade or not', async () => {
    const header = { Authorization: `Bearer ${await mint()}`, 'Content-Length': '0' };
    expect(await ask(header, 'POST /bus/connect HTTP/1.1')).toBe('405 method_not_allowed');
    const post = { method: 'POST', token: await mint(), body: '' };
    expect(codeOf(await call(`${gateway.url}/bus/connect`, post))).toBe('405 method_not_allowed');
    const answer = await call(`${gateway.url}/bus/connect`, { token: await mint() });
    expect(codeOf(answer)).toBe('426 message_malformed');
    expect(answer.headers.get('sec-websocket-version')).toBe('13');
    const head = await call(`${gateway.url}/bus/connect`, { method: 'HEAD', token: await mint() });
    expect([head.status, head.text]).toEqual([426, '']);
  });

  test('from a page of another origin, and from an allowed one it is not', async () => {
    const token = await mint();
    const header = { Authorization: `Bearer ${token}` };
    for (const Origin of ['https://evil.example', 'null', `${origin}.evil.example`]) {
      expect(await ask({ ...header, Origin })).toBe('403 sender_mismatch');
    }
    for (const from of [origin, publicUrl]) {
      const socket = await openSocket(gateway.url, {
        protocols: ['swarmbus.v1', `bearer.${token}`],
        headers: { origin: from },
      });
      socket.close();
    }
  });

  test('to the mailbox of somebody else', async () => {
    const header = { Authorization: `Bearer ${await mint()}` };
    const to = (agent: string) => ask(header, `GET /bus/connect?agent=${agent} HTTP/1.1`);
    expect(await to('somebody')).toBe('403 sender_mismatch');
    expect(await to('%20')).toBe('400 message_malformed');
  });

  test('when the mailbox has 32 sockets', async () => {
    const token = await mint('bus:receive', {}, 'crowded');
    const sockets = await Promise.all(
      Array.from({ length: 32 }, () => openBearer(gateway.url, token)),
    );
    expect(await ask({ Authorization: `Bearer ${token}` })).toBe('429 rate_limited');
    sockets[0]?.close();
    await expect
      .poll(async () => {
        try {
          (await openBearer(gateway.url, token)).close();
          return 'opened';
        } catch {
          return 'refused';
        }
      })
      .toBe('opened');
    for (const socket of sockets) socket.close();
  });
});

async function openBoundWith(token: string, proof: string): Promise<TestSocket> {
  return openSocket(gateway.url, { protocols: ['swarmbus.v1', `dpop.${token}`, `proof.${proof}`] });
}

test('an upgrade with headers selects the protocol only where it was offered', async () => {
  const headers = { authorization: `Bearer ${await mint()}` };
  const plain = await openSocket(gateway.url, { headers });
  expect(plain.protocol).toBe('');
  const chosen = await openSocket(gateway.url, { headers, protocols: ['swarmbus.v1'] });
  expect(chosen.protocol).toBe('swarmbus.v1');
  const page = await openBound(gateway.url, agentKey, await bound());
  expect(page.protocol).toBe('swarmbus.v1');
  for (const socket of [plain, chosen, page]) socket.close();
});
