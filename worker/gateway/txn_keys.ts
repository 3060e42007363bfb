// The keys of transaction tokens in this isolate: of the ring, but used for nothing else.

import { importSigningKey, type PublicJwk, type SigningKey } from '../../src/issue/index.ts';
import { TokenError } from '../../src/verify/index.ts';
import { createKeySealing } from '../authority/keys/key_sealing.ts';
import type { Bindings, Config } from '../env.ts';
import type { AuthorityConfig } from '../env_authority.ts';
import { createFreshValue } from '../fresh_value.ts';

/** The keys. Everything here rejects with TokenError `key_unavailable`, or is right. */
export interface TxnKeys {
  signer(): Promise<SigningKey>;
  published(): Promise<readonly PublicJwk[]>;
}

/** What the keys need. */
export interface TxnKeyOptions {
  readonly config: Pick<Config, 'issuer'>;
  readonly settings: Pick<AuthorityConfig, 'sealingKeys'>;
  readonly bindings: Pick<Bindings, 'KEY_RING'>;
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Held {
  readonly signer: SigningKey;
  readonly published: readonly PublicJwk[];
}

const ceiling = 60_000;
const freshness = { refreshEvery: 10_000, waitBeyond: 20_000, patience: 1000 };

/** Makes the keys. Asks for nothing before the first question. */
export function createTxnKeys(options: TxnKeyOptions): TxnKeys {
  const { config, settings, bindings, waitUntil, now } = options;
  const { issuer } = config;
  const sealing = createKeySealing(settings.sealingKeys);

  async function load(before: Held | undefined): Promise<Held> {
    const { signer, published } = await bindings.KEY_RING.getByName(issuer).serviceKeys('txn');
    const { kid, alg } = signer.jwk;
    if (before?.signer.kid === kid) return { signer: before.signer, published };
    const secret = await sealing.open({ use: 'service-key', issuer, name: kid }, signer.sealed);
    return { signer: await importSigningKey(secret, alg), published };
  }

  const fresh = createFreshValue<Held>({ load, now, waitUntil, ...freshness });

  async function held(): Promise<Held> {
    const value = await fresh.get(ceiling);
    if (value === undefined) throw new TokenError('key_unavailable');
    return value;
  }

  return {
    signer: async () => (await held()).signer,
    published: async () => (await held()).published,
  };
}
