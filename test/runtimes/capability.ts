// What each runtime can do, and what then happens to a caller of the library where it cannot

import type { ContractCase } from '../contract/case.ts';
import { identifyRuntime, type Runtime, type RuntimeName } from './identify.ts';

/** One thing that runtimes differ in, or might. */
export interface Capability {
  readonly name: string;
  /** Resolves where the platform itself can do it, whatever the library makes of that. */
  readonly probe: () => Promise<unknown>;
  /** The runtimes that cannot, with the major versions for which that holds where not for all. */
  readonly lacking: Partial<Readonly<Record<RuntimeName, readonly string[] | 'all'>>>;
  /** For the page: what is refused, and how, where it is lacking. */
  readonly otherwise: string;
}

const { subtle } = crypto;
const data = new Uint8Array(32);

/** WebKitGTK fails to make one pair of some curves in 200: only what always fails is lacking. */
async function persistently(work: () => Promise<void>): Promise<void> {
  for (let left = 5; left > 1; left--) {
    try {
      return await work();
    } catch {
      // Again
    }
  }
  return work();
}

const signs =
  (algorithm: object, parameters: object = algorithm) =>
  async () => {
    const pair = await subtle.generateKey(algorithm as RsaHashedKeyGenParams, false, [
      'sign',
      'verify',
    ]);
    const signature = await subtle.sign(parameters as EcdsaParams, pair.privateKey, data);
    if (!(await subtle.verify(parameters as EcdsaParams, pair.publicKey, signature, data))) {
      throw new Error('It does not verify what it signs');
    }
  };

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };

const agrees = (algorithm: { readonly name: string; readonly namedCurve?: string }) => async () => {
  const pair = (await subtle.generateKey(algorithm, false, ['deriveBits'])) as CryptoKeyPair;
  const parameters = { name: algorithm.name, public: pair.publicKey };
  await subtle.deriveBits(parameters, pair.privateKey, 256);
};

/** A point that is on no curve (RFC 7515 A.3 with `x` as `y`). */
const offCurve = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
};

async function refusesPoint(): Promise<void> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const accepted = await subtle.importKey('jwk', offCurve, algorithm, false, ['verify']).then(
    () => true,
    () => false,
  );
  if (accepted) throw new Error('It imports a point that is on no curve');
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}

const zlib = new Uint8Array([120, 156, 99, 100, 98, 6, 0, 0, 13, 0, 7]);

/** The table. A row is tried in every runtime, so that the day one changes is noticed. */
export const capabilities: readonly Capability[] = [
  {
    name: 'ES256',
    probe: signs({ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: 'SHA-256' }),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'ES384',
    probe: signs({ name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: 'SHA-384' }),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'RS256',
    probe: signs({ name: 'RSASSA-PKCS1-v1_5', ...rsa }),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'PS256',
    probe: signs({ name: 'RSA-PSS', ...rsa }, { name: 'RSA-PSS', saltLength: 32 }),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'Ed25519',
    probe: () => persistently(signs({ name: 'Ed25519' })),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'ECDH on P-256',
    probe: agrees({ name: 'ECDH', namedCurve: 'P-256' }),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'X25519',
    probe: () => persistently(agrees({ name: 'X25519' })),
    lacking: {},
    otherwise: '',
  },
  {
    name: 'RSA-OAEP-256',
    probe: async () => {
      const algorithm = { name: 'RSA-OAEP', ...rsa };
      const { publicKey } = await subtle.generateKey(algorithm, false, ['encrypt', 'decrypt']);
      await subtle.encrypt({ name: 'RSA-OAEP' }, publicKey, data);
    },
    lacking: {},
    otherwise: '',
  },
  {
    name: 'ML-DSA-44',
    probe: signs({ name: 'ML-DSA-44' }),
    lacking: { node: ['22'], workerd: 'all', firefox: 'all', webkit: 'all' },
    otherwise: 'the library refuses it everywhere, `alg_not_allowed`: it is not in its table yet',
  },
  {
    name: 'DecompressionStream',
    probe: async () => {
      const bytes = new Uint8Array(await inflate(zlib));
      if (bytes.join() !== '1,2,3') throw new Error(`It unfolds to ${bytes.join()}`);
    },
    lacking: { 'edge-runtime': 'all' },
    otherwise: 'status lists are not read: `revocation_unavailable`',
  },
  {
    name: 'Refuses a compressed stream that is cut short',
    probe: async () => {
      const cut = await inflate(zlib.slice(0, 8)).then(
        () => true,
        () => false,
      );
      if (cut) throw new Error('It takes a stream that is cut short');
    },
    lacking: { deno: 'all' },
    otherwise: 'the library compares the checksum of a status list itself',
  },
  {
    name: 'Refuses a point off its curve at import',
    probe: refusesPoint,
    lacking: { deno: 'all', webkit: 'all' },
    otherwise: 'the library compares a point with its curve itself',
  },
  {
    name: 'IndexedDB',
    probe: async () => {
      if (!('indexedDB' in globalThis)) throw new Error('There is no IndexedDB');
    },
    lacking: { node: 'all', bun: 'all', deno: 'all', workerd: 'all', 'edge-runtime': 'all' },
    otherwise: '`browserKey` is a TypeError that says so',
  },
];

/** Whether the table says that a runtime has a capability. */
export function isCapable({ name, version }: Runtime, { lacking }: Capability): boolean {
  const versions = lacking[name];
  if (versions === undefined || versions === 'all') return versions === undefined;
  return !versions.includes(version?.split('.')[0] ?? '');
}

/**
 * Cases that need what the runtime may lack. Where it does, a case may end as it always does, or in
 * one of the refusals that the library documents for it; nothing else passes.
 */
export function asFarAs(
  need: string,
  refusals: readonly (string | RegExp)[],
  cases: readonly ContractCase[],
): readonly ContractCase[] {
  const capability = capabilities.find(({ name }) => name === need);
  if (capability === undefined) throw new Error(`The table has no "${need}"`);
  if (isCapable(identifyRuntime(), capability)) return cases;
  return cases.map(({ name, run }) => ({
    name,
    run: async () => {
      try {
        await run();
      } catch (error) {
        const words = `${String((error as { code?: unknown }).code)} ${String(error)}`;
        if (!refusals.some((refusal) => words.match(refusal))) throw error;
      }
    },
  }));
}
