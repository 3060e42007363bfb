// What one runtime makes and every other must take: tokens, proofs, sealed payloads

import {
  createDpopProof,
  createIssuer,
  createSealer,
  createVerifier,
  generateSigningKey,
  localKeys,
  verifyDpopProof,
  type Sealer,
  type SigningAlgorithm,
} from '../../src/index.ts';
import { deepEqual, equal, type ContractCase, type ContractSuite } from '../contract/case.ts';
import { ec7517, rsa7516, x25519 } from '../contract/support/printed_keys.ts';

const now = 1_800_000_000;
const clock = (): number => now;
const algorithms: readonly SigningAlgorithm[] = ['ES256', 'RS256', 'PS256', 'Ed25519'];
const request = { method: 'POST', url: 'https://gate.example/bus/messages' };
const payload = { from: 'planner', text: 'naïve ☃', numbers: [1, 2.5, -3e-7] };
const secret = Uint8Array.from({ length: 32 }, (_, at) => at + 1);

interface Seal {
  readonly name: string;
  readonly encrypts: () => Sealer;
  readonly decrypts: () => Sealer;
}

const pair = (name: string, privateKey: Readonly<Record<string, unknown>>): Seal => ({
  name,
  encrypts: () => {
    const names = ['kty', 'crv', 'x', 'y', 'n', 'e'];
    const members = Object.entries(privateKey).filter(([member]) => names.includes(member));
    return createSealer({ recipient: Object.fromEntries(members) });
  },
  decrypts: () => createSealer({ privateKey }),
});

const seals: readonly Seal[] = [
  {
    name: 'dir',
    encrypts: () => createSealer({ key: secret }),
    decrypts: () => createSealer({ key: secret }),
  },
  pair('ECDH-ES+A256KW', ec7517),
  pair('ECDH-ES+A256KW on X25519', x25519),
  pair('RSA-OAEP-256', rsa7516),
];

interface Signed {
  readonly alg: SigningAlgorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly token: string;
  readonly proof: string;
}

/** What a runtime has made. */
export interface Made {
  readonly signed: readonly Signed[];
  readonly sealed: Readonly<Record<string, string>>;
}

/** Makes one of each. */
export async function make(): Promise<Made> {
  const signed = await Promise.all(algorithms.map(makeSigned));
  const sealed: Record<string, string> = {};
  for (const { name, encrypts } of seals) sealed[name] = await encrypts().encryptPayload(payload);
  return { signed, sealed };
}

async function makeSigned(alg: SigningAlgorithm): Promise<Signed> {
  const key = await generateSigningKey(alg);
  const issuer = createIssuer({ key, issuer: 'https://gate.example', clock });
  const cnf = { jkt: key.kid };
  const claims = { sub: 'planner', tier: 'fast', scope: ['bus:publish:news-*'], cnf };
  const token = await issuer.issueAgentToken(claims);
  const proof = await createDpopProof({ key, ...request, token, clock });
  return { alg, jwk: { ...key.publicJwk }, token, proof };
}

/** The cases of one reader: everything that every maker has made. */
export function interchange(makers: Readonly<Record<string, Made>>): ContractSuite[] {
  return Object.entries(makers).map(([maker, made]) => ({
    name: `made by ${maker}`,
    cases: [
      ...algorithms.map((alg) => signedCase(alg, made)),
      ...seals.map((seal) => sealedCase(seal, made)),
    ],
  }));
}

function signedCase(alg: SigningAlgorithm, { signed }: Made): ContractCase {
  return {
    name: `${alg}: token and proof`,
    run: async () => {
      const found = signed.find((entry) => entry.alg === alg);
      if (found === undefined) throw new Error('It was not made');
      const { jwk, token, proof } = found;
      const keys = await localKeys(jwk, alg);
      const options = { keys, issuer: 'https://gate.example', algorithms: [alg], clock };
      const agent = await createVerifier(options).verifyAgentToken(token, { proof: null });
      equal(agent.agentId, 'planner', 'agentId');
      deepEqual(agent.scope, ['bus:publish:news-*'], 'scope');
      const expected = { ...request, token, algorithms: [alg], clock };
      equal((await verifyDpopProof(proof, expected)).jkt, agent.jkt, 'thumbprint');
    },
  };
}

function sealedCase({ name, decrypts }: Seal, { sealed }: Made): ContractCase {
  return {
    name: `${name}: payload`,
    run: async () => {
      const opened = await decrypts().decryptPayload(sealed[name] ?? '');
      deepEqual(opened, payload, 'payload');
    },
  };
}
