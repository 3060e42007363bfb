// Token issues a second in workerd, whole and over HTTP, against a Worker that makes the bare signature alone.

import { inFlight, machine, printRatios, type Contender } from './support/interleave.ts';
import { registerAgents, startAuthority, tokenRequest } from './support/authority.ts';

const quick = process.argv.includes('--quick');
const agents = quick ? 8 : 32;
const width = { width: 32, batch: quick ? 64 : 256, rounds: quick ? 4 : 16 };

const bare = `
const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
const data = new Uint8Array(400);
export default {
  async fetch(request) {
    await request.text();
    await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, data);
    return new Response('{}');
  },
};`;

const authority = await startAuthority(bare);
try {
  const ids = Array.from({ length: agents }, (_, index) => `agent-${index}`);
  const keys = await registerAgents(authority, ids);
  const total = width.batch * (width.rounds + 2);
  const requests: RequestInit[] = [];
  for (let index = 0; index < total; index++) {
    const key = keys[index % agents];
    if (key === undefined) throw new Error('There is no such agent');
    requests.push(await tokenRequest(authority, `agent-${index % agents}`, key));
  }
  let next = 0;
  const issue: Contender = {
    name: 'POST /token: assertion checked and used once, session stored, token signed',
    run: async () => {
      const response = await fetch(`${authority.url}/token`, requests[next++]);
      if (response.status !== 200) throw new Error(`Refused: ${response.status}`);
      return response.text();
    },
  };
  const signature: Contender = {
    name: 'bare Worker: one ES256 signature',
    run: async () =>
      (await fetch(authority.bareUrl, { method: 'POST', body: 'x'.repeat(600) })).text(),
  };
  process.stdout.write(`${machine()}; workerd, ${agents} agents, 32 requests in flight\n`);
  await inFlight([signature, issue], ['warm'], { ...width, rounds: 2 });
  printRatios('Issuing', await inFlight([signature, issue], ['one'], width));
} finally {
  await authority.stop();
}
