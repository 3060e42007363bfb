// An authority in workerd for benchmarks, with one agent, and the bare Worker to hold it against.

import { createServer } from 'node:net';
import { randomBytes } from 'node:crypto';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare';
import { localWorkerOptions } from '../../scripts/local_worker.ts';
import { createClientAssertion } from '../../src/client/index.ts';
import { createDpopProof, generateSigningKey, type SigningKey } from '../../src/index.ts';

const root = new URL('../../', import.meta.url).pathname;

/** An authority that runs. */
export interface BenchAuthority {
  readonly url: string;
  /** A Worker that does nothing but what its source says, in the same process. */
  readonly bareUrl: string;
  readonly operator: SigningKey;
  readonly stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts an authority and a bare Worker. */
export async function startAuthority(bare: string): Promise<BenchAuthority> {
  const operator = await generateSigningKey();
  const { outputFiles } = await build({
    entryPoints: [`${root}worker/index.ts`],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
  });
  const script = outputFiles[0]?.text ?? '';
  const port = await freePort();
  const barePort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const workerOptions = localWorkerOptions();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.NONE),
      workers: [
        {
          ...workerOptions,
          name: 'gateway',
          modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
          bindings: {
            ISSUER: url,
            KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
            OPERATOR_JWK: JSON.stringify(operator.publicJwk),
          },
          unsafeDirectSockets: [{ host: '127.0.0.1', port }],
        },
        {
          name: 'bare',
          compatibilityDate: '2026-10-01',
          modules: [{ type: 'ESModule', path: 'bare.js', contents: bare }],
          unsafeDirectSockets: [{ host: '127.0.0.1', port: barePort }],
        },
      ],
    }),
  );
  await miniflare.ready;
  return {
    url,
    bareUrl: `http://127.0.0.1:${barePort}`,
    operator,
    stop: () => miniflare.dispose(),
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
