// A route to a service binding: the service gets what any upstream gets, without the network (THREATS 138)

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { createGateway } from '../../worker/gateway/gateway.ts';
import { makeKey, mintToken } from '../support/tokens.ts';

test('a service binding is called instead of the network', async () => {
  const key = await makeKey();
  const seen: Request[] = [];
  const service = {
    async fetch(request: Request): Promise<Response> {
      seen.push(request);
      return Response.json({ heard: await request.text() }, { headers: { 'set-cookie': 'a=b' } });
    },
  };
  const issuer = 'https://issuer.example';
  const gateway = createGateway();
  const authorization = `Bearer ${await mintToken(key, issuer, 'planner', 'tool:exec')}`;
  const bound = {
    ...env,
    // No authority: nothing has to be fetched before the answer
    KEY_ENCRYPTION_KEY: undefined,
    TRUSTED_ISSUERS: JSON.stringify([{ issuer, jwks: { keys: [key.publicJwk] } }]),
    TOOLS: service,
    ROUTES: JSON.stringify([
      {
        prefix: '/tools',
        upstream: 'https://tools.internal/api',
        service: 'TOOLS',
        methods: ['POST'],
        scopes: ['tool:exec'],
      },
    ]),
  };
  const call = (upgrade: string): Promise<Response> =>
    gateway.fetch(
      new Request('https://gate.example/tools/x?y=z', {
        method: 'POST',
        headers: {
          authorization,
          upgrade,
          'x-agent-id': 'mallory',
          x_agent_id: 'mallory',
          'sec-websocket-key': 'x',
        },
        body: 'hello',
      }),
      bound,
    );

  // Without its upgrade it would be another request than the client means
  expect((await call('websocket')).status).toBe(400);
  expect(seen).toEqual([]);
  const response = await call('h2c');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ heard: 'hello' });
  expect(response.headers.get('set-cookie')).toBeNull();
  const [request, ...more] = seen;
  expect(more).toEqual([]);
  expect(request?.url).toBe('https://tools.internal/api/x?y=z');
  expect(request?.redirect).toBe('manual');
  const headers = Object.fromEntries(request?.headers ?? []);
  expect(headers).toMatchObject({ 'x-agent-id': 'planner', via: '1.1 gate.example' });
  for (const name of ['authorization', 'x_agent_id', 'upgrade', 'sec-websocket-key']) {
    expect(headers[name]).toBeUndefined();
  }
});
