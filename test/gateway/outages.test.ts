// What the gateway does while something that it asks is not there, or says another thing than a moment ago

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { boundToken, registerAgent, startAuthority } from '../support/authority.ts';
import { makeEnvelope } from '../support/envelopes.ts';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { callWithChain, chainCode, delegate } from '../support/hops.ts';
import { call, codeOf } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';

/** The gateway's object classes, with an Agent of the test's own. */
async function objectsWith(agent: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { Agent as Own } from './worker/index.ts';
        export * from './worker/index.ts';
        export class Agent extends Own { ${agent} }
        export default { fetch: () => new Response(null, { status: 404 }) };
      `,
      resolveDir: new URL('../../', import.meta.url).pathname,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe('while agents’ objects cannot be reached', () => {
  test('whatever would happen once is refused, and bearer tokens are taken', async () => {
    const objects = await objectsWith(`
      async admitRequest() { throw new Error('secret detail of the object'); }
    `);
    const gateway = await startGateway({ objects });
    try {
      const key = await makeKey();
      const mint = (claims = {}): Promise<string> =>
        mintToken(gateway.key, gateway.issuer, 'planner', 'bus:publish', { claims });
      const bound = await mint(boundTo(key));
      const dpop = await mintProof(key, 'GET', `${publicUrl}/whoami`, bound);
      const headers = { authorization: `DPoP ${bound}`, dpop };
      const refused = await call(`${gateway.url}/whoami`, { headers });
      expect(codeOf(refused)).toBe('503 bus_unavailable');
      expect(refused.headers.get('retry-after')).toBe('2');
      expect(refused.text).not.toContain('secret');
      const { text } = await makeEnvelope({ to: 'coder' });
      const token = await mint();
      const sent = await call(`${gateway.url}/bus/messages`, { method: 'POST', token, body: text });
      expect(codeOf(sent)).toBe('503 bus_unavailable');
      expect((await call(`${gateway.url}/whoami`, { token })).status).toBe(200);
    } finally {
      await gateway.stop();
    }
  });
});

describe('a delegate whose key is replaced while the chain is served', () => {
  const until = (gone: string): string => `
    async admitRequest(request) {
      if (request.holder === undefined) return super.admitRequest(request);
      this.gone = ${gone};
      return { kind: 'not_holder' };
    }
    async registration() { return this.gone ? null : super.registration(); }
  `;

  test.each([
    ['acts for the root, in the same request', 'true', '200'],
    ['is refused where its object says both', 'false', '401 proof_invalid'],
  ])('%s', async (_name, gone, outcome) => {
    const world = await startAuthority({ objects: await objectsWith(until(gone)) });
    try {
      const planner = await registerAgent(world, 'planner', { dlg_max: 1 });
      const lead = await registerAgent(world, 'lead');
      const token = await boundToken(world.url, planner, 'planner');
      const root = { token, hops: [], key: planner };
      const chain = await delegate(root, { to: 'lead', key: lead, scope: 'bus:receive' });
      const answer = await callWithChain(world.url, '/whoami', chain);
      expect(chainCode(answer)).toBe(outcome);
      if (outcome === '200') {
        expect(answer.body).toMatchObject({
          agent_id: 'planner',
          actors: [{ agent_id: 'lead', authenticated: false }],
        });
      }
    } finally {
      await world.stop();
    }
  });

  test('its message is read once, and sent by the root', async () => {
    const world = await startAuthority({ objects: await objectsWith(until('true')) });
    try {
      const planner = await registerAgent(world, 'planner', { dlg_max: 1 });
      const lead = await registerAgent(world, 'lead');
      const token = await boundToken(world.url, planner, 'planner');
      const root = { token, hops: [], key: planner };
      const chain = await delegate(root, { to: 'lead', key: lead, scope: 'bus:publish' });
      const { text } = await makeEnvelope({ to: 'planner' });
      const request = { method: 'POST', body: text };
      const sent = await callWithChain(world.url, '/bus/messages', chain, request);
      expect(chainCode(sent)).toBe('202');
      const received = await callWithChain(world.url, '/bus/messages', root);
      expect(received.body).toMatchObject({ messages: [{ sender: 'planner', via: [] }] });
    } finally {
      await world.stop();
    }
  });
});

describe('a gateway whose authority elsewhere goes away', () => {
  test('goes on with the keys that it knows, and takes no others', async () => {
    const key = await makeKey();
    const authority: Server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/jwk-set+json');
      response.end(JSON.stringify({ keys: [key.publicJwk] }));
    });
    await new Promise<void>((resolve) => authority.listen(0, '127.0.0.1', resolve));
    const { port } = authority.address() as AddressInfo;
    const issuer = 'https://elsewhere.example';
    const entry = { issuer, jwks_uri: `http://127.0.0.1:${port}/jwks` };
    const gateway = await startGateway({ variables: { TRUSTED_ISSUERS: JSON.stringify([entry]) } });
    try {
      const token = await mintToken(key, issuer, 'planner', 'bus:receive');
      const whoami = async (url: string, presented = token): Promise<string> =>
        codeOf(await call(`${url}/whoami`, { token: presented }));
      expect(await whoami(gateway.url)).toBe('200');
      authority.closeAllConnections();
      await new Promise((resolve) => authority.close(resolve));
      expect(await whoami(gateway.url)).toBe('200');
      const next = await mintToken(key, issuer, 'coder', 'bus:receive');
      expect(await whoami(gateway.url, next)).toBe('200');
      // It asked a moment ago, and does not ask for each stranger
      const stranger = await mintToken(await makeKey(), issuer, 'coder', 'bus:receive');
      expect(await whoami(gateway.url, stranger)).toBe('401 key_unknown');
      expect(await whoami(gateway.otherUrl)).toBe('503 key_unavailable');
    } finally {
      await gateway.stop();
    }
  });
});
