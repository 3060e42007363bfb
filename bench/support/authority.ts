// An authority in workerd for benchmarks, with one operator, and the bare Worker to hold it against.

import { randomBytes } from 'node:crypto';
import { createClientAssertion } from '../../src/client/index.ts';
import { createDpopProof, generateSigningKey, type SigningKey } from '../../src/index.ts';
import { bundleWorker, freePort, startWorkers } from './workers.ts';

/** An authority that runs. */
export interface BenchAuthority {
  readonly url: string;
  /** The same in an isolate of its own, which shares the first one's objects. */
  readonly otherUrl: string;
  /** A Worker that does nothing but what its source says, in the same process. */
  readonly bareUrl: string;
  readonly operator: SigningKey;
  readonly stop: () => Promise<void>;
}

/** Starts an authority and a bare Worker. */
export async function startAuthority(
  bare: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<BenchAuthority> {
  const operator = await generateSigningKey();
  const script = await bundleWorker({ entry: 'worker/index.ts' });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const bindings = {
    ISSUER: url,
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    OPERATOR_JWK: JSON.stringify(operator.publicJwk),
    ...variables,
  };
  const workers = await startWorkers([
    { name: 'gateway', script, port, bindings, isGateway: true },
    { name: 'other', script, bindings, isGateway: true, objectsOf: 'gateway' },
    { name: 'bare', script: bare },
  ]);
  return {
    url,
    otherUrl: workers.url('other'),
    bareUrl: workers.url('bare'),
    operator,
    stop: workers.stop,
  };
}

/** A token request, ready to be sent: its assertion can be used once. */
export async function tokenRequest(
  { url, operator }: BenchAuthority,
  clientId: string,
  key: SigningKey,
): Promise<RequestInit> {
  const assertion = await createClientAssertion({ key, clientId, issuer: url, lifetime: 300 });
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  });
  const needsProof = key === operator;
  const dpop = needsProof && (await createDpopProof({ key, method: 'POST', url: `${url}/token` }));
  return { method: 'POST', body, ...(dpop === false ? {} : { headers: { dpop } }) };
}

/** Registers agents with one tier and no need of proofs. */
export async function registerAgents(
  authority: BenchAuthority,
  ids: readonly string[],
  scope: readonly string[] = ['bus:receive'],
): Promise<readonly SigningKey[]> {
  const { url, operator } = authority;
  const granted = await fetch(`${url}/token`, await tokenRequest(authority, 'operator', operator));
  const { access_token: token = '' } = (await granted.json()) as { access_token?: string };
  const target = `${url}/admin/agents`;
  return Promise.all(
    ids.map(async (id) => {
      const key = await generateSigningKey();
      const proof = await createDpopProof({ key: operator, method: 'POST', url: target, token });
      const response = await fetch(target, {
        method: 'POST',
        headers: { authorization: `DPoP ${token}`, dpop: proof },
        body: JSON.stringify({
          id,
          tier: 'fast',
          scope,
          jwk: key.publicJwk,
          dpop: 'optional',
        }),
      });
      if (response.status !== 201) throw new Error(`No agent: ${response.status}`);
      return key;
    }),
  );
}
