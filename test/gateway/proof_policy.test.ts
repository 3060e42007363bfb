// Where a proof is needed, by route, tier and scope; and nonces for proofs on every route

import { base64url } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthenticatedFetch, createTokenSource } from '../../src/client/index.ts';
import { importSigningKey } from '../../src/issue/index.ts';
import { boundToken, startAuthority, type RunningAuthority } from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { callWithChain, delegate, type Chain } from '../support/hops.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken, type TestKey } from '../support/tokens.ts';

const scope = 'bus:publish bus:veto bus:receive';

describe('DPOP_REQUIRED', () => {
  let gateway: RunningGateway;
  let key: TestKey;
  beforeAll(async () => {
    const variables = { DPOP_REQUIRED: 'power,bus:veto,bus:publish:pay-*,bus:status' };
    [gateway, key] = await Promise.all([startGateway({ variables }), makeKey()]);
  });
  afterAll(() => gateway.stop());

  const mint = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    mintToken(gateway.key, gateway.issuer, 'planner', scope, { claims });
  const send = async (options: Parameters<typeof makeEnvelope>[0]): Promise<string> => {
    const { text } = await makeEnvelope({ to: 'coder', ...options });
    const token = await mint();
    const { status, ...answer } = await call(`${gateway.url}/bus/messages`, {
      method: 'POST',
      token,
      body: text,
    });
    return status === 202 ? '202' : codeOf({ status, ...answer });
  };

  test('a tier that needs proofs: nothing without one', async () => {
    const token = await mint({ tier: 'power' });
    const answer = await call(`${gateway.url}/whoami`, { token });
    expect(codeOf(answer)).toBe('401 proof_required');
    const fast = await mint();
    expect((await call(`${gateway.url}/whoami`, { token: fast })).status).toBe(200);
    const bound = await mint({ tier: 'power', ...boundTo(key) });
    const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, bound);
    const headers = { authorization: `DPoP ${bound}`, dpop };
    expect((await call(`${gateway.url}/whoami`, { headers })).status).toBe(200);
  });

  test('a scope that needs proofs: nothing that uses it', async () => {
    expect(await send({ subject: 'review-code' })).toBe('202');
    expect(await send({ subject: 'review-code', type: 'VETO' })).toBe('401 proof_required');
  });

  test('a scope with a pattern: what its pattern matches', async () => {
    expect(await send({ subject: 'pay-salaries' })).toBe('401 proof_required');
    expect(await send({ subject: 'repay' })).toBe('202');
  });
});

describe('DPOP_RESOURCE_NONCE', () => {
  let world: RunningAuthority;
  let planner: TestKey;
  let lead: TestKey;
  beforeAll(async () => {
    const variables = { DPOP_RESOURCE_NONCE: 'required', DPOP_NONCE: 'optional' };
    world = await startAuthority({ variables });
    const token = await boundToken(world.url, world.operator, 'operator');
    const register = async (id: string): Promise<TestKey> => {
      const key = await makeKey();
      const nonce = nonceOf(await ask(world.operator, token, {}));
      const answer = await ask(
        world.operator,
        token,
        { nonce },
        {
          path: '/admin/agents',
          method: 'POST',
          body: JSON.stringify({
            id,
            tier: 'fast',
            scope: ['bus:receive'],
            dpop: 'optional',
            dlg_max: 1,
            jwk: key.publicJwk,
          }),
        },
      );
      if (answer.status !== 201) throw new Error(answer.text);
      return key;
    };
    [planner, lead] = [await register('planner'), await register('lead')];
  });
  afterAll(() => world.stop());

  const nonceOf = ({ headers }: Answer): string => headers.get('dpop-nonce') ?? 'none';

  interface Sent {
    readonly url?: string;
    readonly path?: string;
    readonly method?: string;
    readonly body?: string;
  }

  async function ask(
    key: TestKey,
    token: string,
    claims: Readonly<Record<string, unknown>>,
    { url = world.url, path = '/whoami', method = 'GET', body }: Sent = {},
  ): Promise<Answer> {
    const dpop = await mintProof(key, method, `${publicUrl}${path}`, token, { claims });
    const headers = { authorization: `DPoP ${token}`, dpop };
    return call(url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  }

  test('asks for a nonce, takes it in every isolate, and gives the next one', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const asked = await ask(planner, token, {});
    expect(codeOf(asked)).toBe('401 proof_nonce_required');
    expect(asked.headers.get('www-authenticate')).toMatch(/^DPoP .*error="use_dpop_nonce"/);
    const nonce = nonceOf(asked);
    for (const url of [world.url, world.otherUrl]) {
      const taken = await ask(planner, token, { nonce }, { url });
      expect(taken.status).toBe(200);
      expect((await ask(planner, token, { nonce: nonceOf(taken) })).status).toBe(200);
    }
  });

  test.each([
    ['forged', async (nonce: string) => nonce.replace(/.$/, (end) => (end === '0' ? '1' : '0'))],
    ['old', async (nonce: string) => nonce.replace(/^[^.]+/, (1_700_000_000).toString(36))],
    [
      'of another client',
      async () => {
        const token = await boundToken(world.url, lead, 'lead');
        return nonceOf(await ask(lead, token, {}));
      },
    ],
    ['no text', async () => 5],
    ['made up', async () => 'x'],
  ])('refuses one that is %s, with a fresh one', async (_name, change) => {
    const token = await boundToken(world.url, planner, 'planner');
    const nonce = await change(nonceOf(await ask(planner, token, {})));
    const refused = await ask(planner, token, { nonce });
    expect(codeOf(refused)).toBe('401 proof_nonce_required');
    expect((await ask(planner, token, { nonce: nonceOf(refused) })).status).toBe(200);
  });

  test('asks for it where a route verifies by itself too', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const asked = await ask(planner, token, {}, { path: '/metrics' });
    expect(codeOf(asked)).toBe('401 proof_nonce_required');
    const taken = await ask(planner, token, { nonce: nonceOf(asked) }, { path: '/metrics' });
    expect(codeOf(taken)).toBe('403 scope_insufficient');
  });

  test('asks the last delegate of a chain', async () => {
    const token = await boundToken(world.url, planner, 'planner');
    const start: Chain = { token, hops: [], key: planner };
    const chain = await delegate(start, { to: 'lead', key: lead, scope: 'bus:receive' });
    const asked = await callWithChain(world.url, '/whoami', chain);
    expect(asked).toMatchObject({ status: 401, body: { code: 'proof_nonce_required' } });
  });

  test('an agent that is not asked for a proof is not asked for a nonce', async () => {
    const answer = await call(`${world.url}/whoami`, {
      token: await boundToken(world.url, planner, 'planner'),
    });
    expect(codeOf(answer)).toBe('401 proof_required');
    expect(answer.headers.get('dpop-nonce')).toBeNull();
  });

  test('the library’s client answers by itself', async () => {
    const jwk = { ...(await crypto.subtle.exportKey('jwk', planner.privateKey)), kid: planner.kid };
    const key = await importSigningKey(jwk, 'ES256');
    const throughProxy: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      return fetch(request.url.replace(publicUrl, world.url), {
        method: request.method,
        headers: request.headers,
        ...(request.body === null ? {} : { body: await request.text() }),
      });
    };
    const source = createTokenSource({
      issuer: publicUrl,
      tokenEndpoint: `${publicUrl}/token`,
      revocationEndpoint: `${publicUrl}/revoke`,
      clientId: 'planner',
      key,
      fetch: throughProxy,
    });
    const agentFetch = createAuthenticatedFetch({
      source,
      origins: [publicUrl],
      fetch: throughProxy,
    });
    for (let i = 0; i < 2; i++) {
      expect((await agentFetch(`${publicUrl}/whoami`)).status).toBe(200);
    }
    await source.close();
  });
});

describe('a gateway without an authority', () => {
  test('makes nonces under NONCE_KEY, the same in every isolate', async () => {
    const secret = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
    const gateway = await startGateway({
      variables: { DPOP_RESOURCE_NONCE: 'required', NONCE_KEY: secret },
    });
    try {
      const key = await makeKey();
      const claims = boundTo(key);
      const token = await mintToken(gateway.key, gateway.issuer, 'planner', scope, { claims });
      const ask = async (url: string, nonce?: string): Promise<Answer> => {
        const made = nonce === undefined ? {} : { claims: { nonce } };
        const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, token, made);
        return call(`${url}/whoami`, { headers: { authorization: `DPoP ${token}`, dpop } });
      };
      const asked = await ask(gateway.url);
      expect(codeOf(asked)).toBe('401 proof_nonce_required');
      const nonce = asked.headers.get('dpop-nonce') ?? '';
      expect((await ask(gateway.otherUrl, nonce)).status).toBe(200);
    } finally {
      await gateway.stop();
    }
  });
});
