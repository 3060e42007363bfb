// The whole client against the real authority: an agent is registered, gets tokens, talks, and leaves

import { base64url } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import {
  createAuthenticatedFetch,
  createBusClient,
  createTokenSource,
  generateSigningKey,
  importSigningKey,
  type AuthenticatedFetch,
  type ClientFetch,
  type SigningKey,
  type TokenSource,
  type TokenSourceOptions,
} from '../../src/index.ts';
import { publicUrl, startGateway, type RunningGateway } from '../support/gateway.ts';
import { makeKey } from '../support/tokens.ts';

const operatorKey = await makeKey();

const start = (variables: Readonly<Record<string, string>> = {}): Promise<RunningGateway> =>
  startGateway({
    variables: {
      KEY_ENCRYPTION_KEY: base64url.encode(crypto.getRandomValues(new Uint8Array(32))),
      OPERATOR_JWK: JSON.stringify(operatorKey.publicJwk),
      TRUSTED_ISSUERS: undefined,
      ...variables,
    },
  });

const gateway = await start();
const strict = await start({ DPOP_NONCE: 'required' });
const brief = await start({ TOKEN_SECONDS: '2' });
afterAll(() => Promise.all([gateway, strict, brief].map((each) => each.stop())));

interface Wire {
  readonly fetch: ClientFetch;
  /** Path and status of each request. */
  readonly log: string[];
}

/** The way to a gateway: its public name is not that of the port it listens on. */
function wireTo(url: string): Wire {
  const log: string[] = [];
  return {
    log,
    fetch: async (input, init) => {
      if (typeof input !== 'string') throw new Error('Not sent here');
      const response = await fetch(input.replace(publicUrl, url), init);
      log.push(`${new URL(input).pathname} ${response.status}`);
      return response;
    },
  };
}

interface Agent {
  readonly source: TokenSource;
  readonly call: AuthenticatedFetch;
  readonly log: readonly string[];
}

function agentOf(
  { url }: RunningGateway,
  clientId: string,
  key: SigningKey,
  options: Partial<TokenSourceOptions> = {},
): Agent {
  const { fetch: ask, log } = wireTo(url);
  const source = createTokenSource({ issuer: publicUrl, clientId, key, fetch: ask, ...options });
  const call = createAuthenticatedFetch({ source, origins: [publicUrl], fetch: ask });
  return { source, call, log };
}

async function operatorOf(at: RunningGateway): Promise<Agent> {
  const jwk = await crypto.subtle.exportKey('jwk', operatorKey.privateKey);
  return agentOf(at, 'operator', await importSigningKey(jwk));
}

/** Registers an agent with a key that cannot be exported, through the library alone. */
async function register(
  at: RunningGateway,
  id: string,
  options: Partial<TokenSourceOptions> = {},
): Promise<Agent> {
  const key = await generateSigningKey('ES256', { extractable: false });
  const { call, source } = await operatorOf(at);
  const scope = ['bus:publish', 'bus:receive'];
  const response = await call(`${publicUrl}/admin/agents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id, tier: 'fast', scope, dpop: 'optional', jwk: key.publicJwk }),
  });
  expect(response.status).toBe(201);
  await source.close();
  return agentOf(at, id, key, options);
}

const whoami = `${publicUrl}/whoami`;

describe.each([
  ['where proofs need no nonce', gateway],
  ['where proofs need the nonce of the authority', strict],
])('%s', (_what, at) => {
  test('createTokenSource() gets a bound token that the gateway takes', async () => {
    const { source, call, log } = await register(at, 'planner');
    const response = await call(whoami);
    expect(await response.json()).toMatchObject({ agent_id: 'planner' });
    const { scheme, scope } = await source.token();
    expect(scheme).toBe('DPoP');
    expect(scope).toEqual(['bus:publish', 'bus:receive']);
    expect(log.filter((line) => line === '/token 200')).toHaveLength(1);
  });

  test('close() revokes, and the gateway refuses the token within a second', async () => {
    const { source, log } = await register(at, 'leaver');
    const held = await source.token();
    const still = createAuthenticatedFetch({
      source: { token: async () => held },
      origins: [publicUrl],
      fetch: wireTo(at.otherUrl).fetch,
    });
    expect((await still(whoami)).status).toBe(200);
    await source.close();
    expect(log.at(-1)).toBe('/revoke 200');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const refused = await still(whoami);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 'token_revoked' });
    await expect(source.token()).rejects.toMatchObject({ code: 'source_closed' });
  });
});

test('createBusClient() works on while its tokens of 2 s are renewed under it', async () => {
  const [asker, answerer] = [await register(brief, 'asker'), await register(brief, 'answerer')];
  const clientOf = ({ call }: Agent) =>
    createBusClient({ url: publicUrl, fetch: (input, init) => call(input, init) });
  const [asking, answering] = [clientOf(asker), clientOf(answerer)];
  const end = new AbortController();
  const done = (async () => {
    for await (const { id, sender, subject } of answering.messages(end)) {
      const payload = { request_id: id };
      await answering.send({ to: sender, type: 'RESPONSE', subject, payload });
    }
  })().catch((error: unknown) => error);
  const tokens = new Set<string>();
  const began = Date.now();
  while (Date.now() - began < 7000) {
    const part = { to: 'answerer', subject: 'ping', payload: {} };
    expect((await asking.request(part)).sender).toBe('answerer');
    tokens.add((await asker.source.token()).token);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  end.abort(new Error('Enough'));
  expect(String(await done)).toBe('Error: Enough');
  expect(tokens.size).toBeGreaterThanOrEqual(3);
  const refused = [...asker.log, ...answerer.log].filter((line) => / [45]/.test(line));
  expect(refused).toEqual([]);
}, 20_000);

test('createTokenSource() names the error of an authority that refuses', async () => {
  const stranger = await generateSigningKey();
  const { source } = agentOf(gateway, 'nobody', stranger);
  await expect(source.token()).rejects.toMatchObject({
    name: 'AuthorityError',
    code: 'authority_refused',
    error: 'invalid_client',
    status: 401,
  });
  const { source: greedy } = await register(gateway, 'greedy', { scope: 'admin:write' });
  await expect(greedy.token()).rejects.toMatchObject({ error: 'invalid_scope' });
});
