// Token exchanges a second in workerd, over HTTP, against plain token issue by the same agents in the same run.

import { createClientAssertion } from '../src/client/index.ts';
import { createDpopProof, type SigningKey } from '../src/index.ts';
import { registerAgents, startAuthority, type BenchAuthority } from './support/authority.ts';
import { inFlight, machine, printRatios, type Contender } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const agents = quick ? 8 : 32;
const width = { width: 32, batch: quick ? 64 : 256, rounds: quick ? 4 : 16 };

interface Agent {
  readonly id: string;
  readonly key: SigningKey;
}

/** A bound token request, ready to be sent: its assertion and its proof can be used once. */
async function request(
  { url }: BenchAuthority,
  { id, key }: Agent,
  fields: Readonly<Record<string, string>>,
): Promise<RequestInit> {
  const body = new URLSearchParams({
    ...fields,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await createClientAssertion({
      key,
      clientId: id,
      issuer: url,
      lifetime: 300,
    }),
  });
  const dpop = await createDpopProof({ key, method: 'POST', url: `${url}/token` });
  return { method: 'POST', body, headers: { dpop } };
}

const plain = { grant_type: 'client_credentials' };
const exchangeOf = (token: string): Record<string, string> => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: token,
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
});

async function tokenOf(authority: BenchAuthority, init: RequestInit): Promise<string> {
  const response = await fetch(`${authority.url}/token`, init);
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (response.status !== 200 || token === undefined)
    throw new Error(`Refused: ${response.status}`);
  return token;
}

const authority = await startAuthority(`export default { fetch: () => new Response() };`);
try {
  const ids = Array.from({ length: agents }, (_, index) => `agent-${index}`);
  const keys = await registerAgents(authority, ids);
  const all = keys.map((key, index): Agent => ({ id: `agent-${index}`, key }));
  const roots: string[] = [];
  const deep: string[] = [];
  for (const agent of all) {
    const root = await tokenOf(authority, await request(authority, agent, plain));
    const child = await tokenOf(authority, await request(authority, agent, exchangeOf(root)));
    roots.push(root);
    deep.push(await tokenOf(authority, await request(authority, agent, exchangeOf(child))));
  }

  async function contender(
    name: string,
    fieldsOf: (index: number) => Readonly<Record<string, string>>,
  ): Promise<Contender> {
    const requests: RequestInit[] = [];
    for (let index = 0; index < width.batch * (width.rounds + 2); index++) {
      const agent = all[index % agents];
      if (agent === undefined) throw new Error('There is no such agent');
      requests.push(await request(authority, agent, fieldsOf(index % agents)));
    }
    let next = 0;
    return { name, run: () => tokenOf(authority, requests[next++] ?? {}) };
  }
  const contenders = [
    await contender('client_credentials, bound', () => plain),
    await contender('token exchange of a root token', (index) => exchangeOf(roots[index] ?? '')),
    await contender('token exchange, the third hop', (index) => exchangeOf(deep[index] ?? '')),
  ];
  process.stdout.write(`${machine()}; workerd, ${agents} agents, 32 requests in flight\n`);
  await inFlight(contenders, ['warm'], { ...width, rounds: 2 });
  printRatios('Exchanging', await inFlight(contenders, ['one'], width));
} finally {
  await authority.stop();
}
