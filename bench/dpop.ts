// A request with a bound token and its proof, against two bare signature checks: the key known, and seen for the first time.

import {
  createDpopProof,
  createIssuer,
  createVerifier,
  generateSigningKey,
  localKeys,
  type SigningKey,
} from '../src/index.ts';
import { inFlight, machine, printRatios, type Contender } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const rounds = quick ? 6 : 30;
const batch = quick ? 100 : 200;
const clients = 50;
const where = { method: 'GET', url: 'https://gate.example/whoami' };

interface Request {
  readonly token: string;
  readonly proof: string;
}

// Proofs are good for a minute, which is shorter than a slow run
const started = Math.floor(Date.now() / 1000);
const clock = (): number => started;

const key = await generateSigningKey();
const issuer = createIssuer({ key, clock });
const keys = await localKeys(key.publicJwk);
const holders: SigningKey[] = [];
for (let index = 0; index < clients; index++) holders.push(await generateSigningKey());

async function makeRequest(index: number, client: SigningKey): Promise<Request> {
  const request = { sub: `agent-${index}`, tier: 'fast', scope: ['bus:publish', 'bus:receive'] };
  const token = await issuer.issueAgentToken({ ...request, cnf: { jkt: client.kid } });
  return { token, proof: await createDpopProof({ key: client, token, clock, ...where }) };
}

const requests = new Map<string, Request>();
for (let index = 0; index < 2 * batch; index++) {
  const client = holders[index % clients];
  if (client === undefined) throw new Error('There is no such client');
  requests.set(String(index), await makeRequest(index, client));
}
const inputs = [...requests.keys()];

const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };
const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
  'sign',
  'verify',
]);
const data = crypto.getRandomValues(new Uint8Array(450));
const signature = await crypto.subtle.sign(ecdsa, pair.privateKey, data);
const bareVerify = (): Promise<boolean> =>
  crypto.subtle.verify(ecdsa, pair.publicKey, signature, data);

/** A verifier that checks the same proofs again and again; `forget`: as if it had seen nobody before. */
function requestChecked(name: string, cache: boolean, forget: boolean): Contender {
  const make = () => createVerifier({ keys, cache, replay: null, clock });
  let verifier = make();
  return {
    name,
    run: (input) => {
      if (forget) verifier = make();
      const found = requests.get(input);
      return found && verifier.verifyAgentToken(found.token, { proof: found.proof, ...where });
    },
  };
}

const contenders: readonly Contender[] = [
  {
    name: 'two bare crypto.subtle.verify',
    run: async () => {
      await bareVerify();
      await bareVerify();
    },
  },
  requestChecked('new token, key seen before', false, false),
  requestChecked('new token, key seen for the first time', false, true),
  requestChecked('known token, key seen before', true, false),
];

process.stdout.write(`${machine()}; ES256, ${clients} clients\n`);
for (const width of [1, 64]) {
  await inFlight(contenders, inputs, { width, batch, rounds: quick ? 4 : 20 });
  const readings = await inFlight(contenders, inputs, { width, batch, rounds });
  printRatios(`Bound token and proof, ${width} in flight`, readings);
}
