// Verifying as what it knows grows: tokens seen, tokens revoked, keys trusted, agents; as ratios to the smallest.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createFreshView,
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
  type RevocationSource,
  type Verifier,
} from '../src/index.ts';
import { inFlight, machine, printRatios, type Contender } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const batch = 500;
const rounds = quick ? 6 : 40;
const most = quick ? 10_000 : 1_000_000;

const key = await generateSigningKey();
const issuer = createIssuer({ key });
const now = Math.floor(Date.now() / 1000);

async function issue(count: number, agents: number): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let index = 0; index < count; index++) {
    const request = { sub: `agent-${Math.floor((index * agents) / count)}`, tier: 'fast' };
    tokens.push(await issuer.issueAgentToken({ ...request, scope: ['bus:publish'] }));
  }
  return tokens;
}

async function compare(
  title: string,
  contenders: readonly Contender[],
  inputs: readonly string[],
  warmUp = inputs,
) {
  await inFlight(contenders, warmUp, { width: 1, batch, rounds: quick ? 4 : 12 });
  printRatios(title, await inFlight(contenders, inputs, { width: 1, batch, rounds }));
}

const runs = (name: string, verifier: Verifier): Contender => ({
  name,
  run: (token) => verifier.verifyAgentToken(token),
});

/** A view of so many records, none of which is about the tokens here. */
async function revocationOf(count: number): Promise<RevocationSource> {
  const records = Array.from({ length: count }, (_, at) => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const h = Buffer.from(bytes).toString('base64url');
    return { seq: at + 1, kind: 'token' as const, h, exp: now + 3600 };
  });
  const page = { issuer: 'yamtam-engine', seq: count, as_of: now, full: true, records };
  let asked = false;
  const view = createFreshView({
    refreshEvery: 3_600_000,
    waitBeyond: 3_600_000,
    patience: 1000,
    ceiling: 3_600_000,
    load: async () => {
      if (asked) return { ...page, full: false, records: [] };
      asked = true;
      return page;
    },
  });
  await view.refresh();
  return view;
}

async function trusting(count: number): Promise<Verifier> {
  const jwks = [key.publicJwk];
  while (jwks.length < count) jwks.push((await generateSigningKey()).publicJwk);
  return createVerifier({ keys: await localKeys({ keys: jwks }), cache: false });
}

const keys = await localKeys(key.publicJwk);
// Else what is counted is the garbage of the tables above
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

process.stdout.write(`${machine()}; ES256\n`);

const few = await issue(100, 100);
const fresh = await issue(batch, 100);

const revoked = [0, 1000, most];
await compare(
  'Known tokens, as the tokens that are revoked grow',
  await Promise.all(
    revoked.map(async (count) =>
      runs(`${count} revoked`, createVerifier({ keys, revocation: await revocationOf(count) })),
    ),
  ),
  few,
);
await compare(
  'New tokens, as the trusted keys grow',
  [runs('1 key', await trusting(1)), runs('100 keys', await trusting(100))],
  fresh,
);
const manyAgents = quick ? 1000 : 100_000;
const verifier = createVerifier({ keys, cache: false });
const ofMany = await issue(batch, manyAgents);
const others = new Map(fresh.map((token, index) => [token, ofMany[index] ?? token]));
await compare(
  'New tokens, as the agents grow',
  [
    runs('tokens of 100 agents', verifier),
    {
      name: `tokens of ${manyAgents} agents`,
      run: (token) => verifier.verifyAgentToken(others.get(token) ?? token),
    },
  ],
  fresh,
);

// The cache is bounded: what a million distinct tokens leave behind is what ten thousand do
const seen = createVerifier({ keys });
const empty = heap();
let count = 0;
const sizes: string[] = [];
for (const until of quick ? [1000, 3000] : [10_000, 20_000, 100_000, 1_000_000]) {
  while (count < until) {
    const tokens = await issue(500, 500);
    await Promise.all(tokens.map((token) => seen.verifyAgentToken(token)));
    count += tokens.length;
  }
  sizes.push(`${until} distinct tokens: ${((heap() - empty) / 1e6).toFixed(1)} MB`);
}
process.stdout.write(`\nHeap that a verifier holds after\n  ${sizes.join('\n  ')}\n`);
await compare(
  'New tokens, as the distinct tokens grow',
  [runs('none seen', createVerifier({ keys })), runs(`${count} seen`, seen)],
  await issue(batch * rounds, 100),
  await issue(batch, 100),
);
