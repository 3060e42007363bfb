// How often a verifier fetches a key set: 1,000 verifications at once that start without one, over real HTTP.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createIssuer, createVerifier, generateSigningKey, remoteKeys } from '../src/index.ts';
import { machine } from './support/interleave.ts';

const count = process.argv.includes('--quick') ? 100 : 1000;
const key = await generateSigningKey();
const issuer = createIssuer({ key });
const tokens = await Promise.all(
  Array.from({ length: count }, (_, index) =>
    issuer.issueAgentToken({ sub: `agent-${index}`, tier: 'fast', scope: ['bus:receive'] }),
  ),
);

let fetches = 0;
const server = createServer((_request, response) => {
  fetches++;
  // Slow on purpose: all verifications are waiting when it answers
  setTimeout(() => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('cache-control', 'public, max-age=300');
    response.end(JSON.stringify({ keys: [key.publicJwk] }));
  }, 50);
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;
const url = new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`);

async function measure(name: string, verify: (token: string) => Promise<unknown>) {
  fetches = 0;
  const start = performance.now();
  await Promise.all(tokens.map(verify));
  return { what: name, fetches, milliseconds: Math.round(performance.now() - start) };
}

process.stdout.write(`${machine()}; ${count} cold verifications at once\n`);
const verifier = createVerifier({ keys: remoteKeys(url) });
const rows = [await measure('swarmgate', (token) => verifier.verifyAgentToken(token))];
const jwks = createRemoteJWKSet(url);
rows.push(await measure('jose createRemoteJWKSet', (token) => jwtVerify(token, jwks)));
console.table(rows);
server.close();
if (rows[0]?.fetches !== 1) throw new Error('More than one fetch for one key set');
