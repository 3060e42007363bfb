// How long a chain of off-line hops takes against bare signature checks.

import { importJWK } from 'jose';
import {
  createIssuer,
  createVerifier,
  delegateAgentToken,
  generateSigningKey,
  localKeys,
} from '../src/index.ts';
import { machine, oneAtATime, printRatios, type Contender } from './support/interleave.ts';

const quick = process.argv.includes('--quick');
const chainCount = quick ? 150 : 1000;

const authority = await generateSigningKey();
const planner = await generateSigningKey();
const researcher = await generateSigningKey();
const scraper = await generateSigningKey();
const printer = await generateSigningKey();
const issuer = createIssuer({ key: authority });

interface Chain {
  readonly token: string;
  readonly delegation: string;
}

/** A root and three hops by these keys, each narrower than the one before it. */
async function makeChain(holders: readonly [typeof planner, typeof planner, typeof planner]) {
  const [first, second, third] = holders;
  const token = await issuer.issueAgentToken({
    sub: 'planner',
    tier: 'power',
    scope: ['bus:publish', 'bus:receive'],
    sid: crypto.randomUUID(),
    cnf: { jkt: first.kid },
    dlgMax: 3,
  });
  let delegation: string | undefined;
  const links = [
    { key: first, to: 'researcher', cnf: { jkt: second.kid }, scope: 'bus:publish:team-*' },
    { key: second, to: 'scraper', cnf: { jkt: third.kid }, scope: 'bus:publish:team-a-*' },
    { key: third, to: 'printer', cnf: { jkt: printer.kid }, scope: 'bus:publish:team-a-b' },
  ];
  for (const link of links) {
    const given: { delegation?: string } = delegation === undefined ? {} : { delegation };
    const hop = await delegateAgentToken({ token, ...given, ...link });
    delegation = delegation === undefined ? hop : `${delegation},${hop}`;
  }
  return { token, delegation: delegation ?? '' };
}

const chains = new Map<string, Chain>();
const strangers = new Map<string, Chain>();
for (let index = 0; index < chainCount; index++) {
  chains.set(String(index), await makeChain([planner, researcher, scraper]));
  const fresh = await Promise.all([0, 1, 2].map(() => generateSigningKey()));
  const [a = planner, b = researcher, c = scraper] = fresh;
  strangers.set(String(index), await makeChain([a, b, c]));
}

const encoder = new TextEncoder();
const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };

interface Signed {
  readonly key: CryptoKey;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

async function publicKeyOf({ publicJwk }: typeof planner): Promise<CryptoKey> {
  const key = await importJWK(publicJwk, 'ES256');
  if (!(key instanceof CryptoKey)) throw new Error('The key of the benchmark is no CryptoKey');
  return key;
}

const publicKeys = await Promise.all([authority, planner, researcher, scraper].map(publicKeyOf));

function signedParts({ token, delegation }: Chain): readonly Signed[] {
  return [token, ...delegation.split(',')].map((text, at) => {
    const dot = text.lastIndexOf('.');
    const signature = new Uint8Array(Buffer.from(text.slice(dot + 1), 'base64url'));
    const key = publicKeys[at];
    if (key === undefined) throw new Error('A chain of the benchmark is too long');
    return { key, data: encoder.encode(text.slice(0, dot)), signature };
  });
}

const parts = new Map([...chains].map(([id, chain]) => [id, signedParts(chain)]));
const bare: Contender = {
  name: '4 bare crypto.subtle.verify',
  run: async (id) => {
    for (const { key, data, signature } of parts.get(id) ?? []) {
      await crypto.subtle.verify(ecdsa, key, signature, data);
    }
  },
};

const keys = await localKeys(authority.publicJwk);
const uncached = createVerifier({ keys, cache: false });
const cached = createVerifier({ keys, cache: { maxEntries: chainCount } });

const verifying =
  (verifier: typeof uncached, from: ReadonlyMap<string, Chain>) =>
  async (id: string): Promise<void> => {
    const chain = from.get(id);
    if (chain === undefined) throw new Error('A chain of the benchmark is missing');
    await verifier.verifyAgentToken(chain.token, { delegation: chain.delegation, proof: null });
  };

process.stdout.write(`${machine()}; ES256, ${chainCount} chains of a root and 3 hops\n`);
const ids = [...chains.keys()];
const contenders: readonly Contender[] = [
  bare,
  { name: 'chain, keys of hops seen before', run: verifying(uncached, chains) },
  { name: 'chain, keys of hops at first sight', run: verifying(uncached, strangers) },
];
await oneAtATime(contenders.slice(0, 2), ids.slice(0, 100));
printRatios('A chain of 3 hops, nothing remembered but keys', await oneAtATime(contenders, ids));
const again: Contender = { name: 'chain, seen before', run: verifying(cached, chains) };
await oneAtATime([again], ids);
printRatios('The same chain again', await oneAtATime([bare, again], ids));
