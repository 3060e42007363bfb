// The gateway in one isolate: what its first requests share

import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { createGateway } from '../../worker/gateway/gateway.ts';
import { boundTo, makeKey, mintProof, mintToken } from '../support/tokens.ts';

const issuer = 'https://issuer.example';

test('createGateway() lets a proof through once among the first requests of an isolate', async () => {
  const [key, agentKey] = [await makeKey(), await makeKey()];
  const { AGENT, AUDIT_LOG, DIRECTORY, MAILBOX, OUTBOX, CONNECTIONS } = env;
  const variables = {
    AGENT,
    DIRECTORY,
    MAILBOX,
    OUTBOX,
    CONNECTIONS,
    AUDIT_LOG,
    ISSUER: 'https://gate.example',
    TRUSTED_ISSUERS: JSON.stringify([{ issuer, jwks: { keys: [key.publicJwk] } }]),
  };
  const url = 'https://gate.example/whoami';
  const token = await mintToken(key, issuer, 'planner', 'a:b', { claims: boundTo(agentKey) });
  const headers = {
    authorization: `DPoP ${token}`,
    dpop: await mintProof(agentKey, 'GET', url, token),
  };
  const gateway = createGateway();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => gateway.fetch(new Request(url, { headers }), variables)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});
