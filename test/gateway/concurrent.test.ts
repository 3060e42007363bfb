// Many at once on one isolate: nobody is taken for another, and who gives up stops nobody else

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { publicUrl, startGateway } from '../support/gateway.ts';
import { call, codeOf, type Answer } from '../support/http.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';

describe('200 interleaved requests of four agents', () => {
  test('are each answered for the agent that sent it', async () => {
    const gateway = await startGateway();
    try {
      const agents = await Promise.all(
        ['planner', 'coder', 'reviewer', 'tester'].map(async (id, at) => {
          const key = await makeKey();
          const claims = at % 2 === 0 ? {} : boundTo(key);
          const scope = `tool:${id}`;
          const token = await mintToken(gateway.key, gateway.issuer, id, scope, { claims });
          return { id, key, token, scope, isBound: at % 2 === 1 };
        }),
      );
      const asked = await Promise.all(
        Array.from({ length: 200 }, async (_, at) => {
          const agent = agents[at % agents.length];
          if (agent === undefined) throw new Error('There is no such agent');
          const { id, key, token, scope, isBound } = agent;
          const dpop = isBound && (await mintProof(key, 'GET', `${publicUrl}/whoami`, token));
          const headers: Record<string, string> = dpop
            ? { authorization: `DPoP ${token}`, dpop }
            : { authorization: `Bearer ${token}` };
          return { id, scope, headers };
        }),
      );
      const seen = await Promise.all(
        asked.map(async ({ headers }) => {
          const { text } = await call(`${gateway.url}/whoami`, { headers });
          const { agent_id, scope } = JSON.parse(text) as Readonly<Record<string, unknown>>;
          return { agent_id, scope };
        }),
      );
      expect(seen).toEqual(asked.map(({ id, scope }) => ({ agent_id: id, scope: [scope] })));
    } finally {
      await gateway.stop();
    }
  });
});

describe('a client that gives up while keys are fetched', () => {
  test('stops nobody who waits for the same fetch', async () => {
    const key = await makeKey();
    const body = JSON.stringify({ keys: [key.publicJwk] });
    const held: ServerResponse[] = [];
    let isOpen = false;
    const authority = createServer((_request, response) => {
      response.setHeader('content-type', 'application/jwk-set+json');
      if (isOpen) response.end(body);
      else held.push(response);
    });
    await new Promise<void>((resolve) => authority.listen(0, '127.0.0.1', resolve));
    const { port } = authority.address() as AddressInfo;
    const issuer = 'https://elsewhere.example';
    const entry = { issuer, jwks_uri: `http://127.0.0.1:${port}/jwks` };
    const gateway = await startGateway({ variables: { TRUSTED_ISSUERS: JSON.stringify([entry]) } });
    try {
      const token = await mintToken(key, issuer, 'planner', 'bus:receive');
      const giveUp = new AbortController();
      const gone = fetch(`${gateway.url}/whoami`, {
        headers: { authorization: `Bearer ${token}` },
        signal: giveUp.signal,
      }).then(
        () => 'answered',
        () => 'gave up',
      );
      const deadline = Date.now() + 10_000;
      while (held.length === 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(held).toHaveLength(1);
      const others: Promise<Answer>[] = Array.from({ length: 5 }, () =>
        call(`${gateway.url}/whoami`, { token }),
      );
      giveUp.abort();
      expect(await gone).toBe('gave up');
      isOpen = true;
      for (const response of held) response.end(body);
      expect((await Promise.all(others)).map(codeOf)).toEqual(['200', '200', '200', '200', '200']);
      expect(gateway.logs()).toBe('');
    } finally {
      await gateway.stop();
      authority.closeAllConnections();
      authority.close();
    }
  });
});
