// The issuer's own keys in this isolate: to verify with, to sign with and to publish, a second old at most.

import type { PublicJwk, SigningKey } from '../../../src/issue/index.ts';
import {
  TokenError,
  type KeyQuery,
  type KeySource,
  type VerificationKey,
} from '../../../src/verify/index.ts';
import { createFreshValue } from '../../fresh_value.ts';
import type { AuthorityContext } from '../context.ts';
import { createKeySealing } from './key_sealing.ts';
import { openRing, type OpenRing } from './open_ring.ts';

/** The issuer's own keys. Everything here rejects with TokenError `key_unavailable`, or is right. */
export interface OwnKeys extends KeySource {
  /** The key that signs now, not extractable. */
  signer(): Promise<SigningKey>;
  /** What the JWKS holds. */
  published(): Promise<readonly PublicJwk[]>;
  /** The keys that nonces are made under, the newest first. */
  nonceKeys(): Promise<readonly CryptoKey[]>;
  /** Lets the next question see what was changed in the ring just now. */
  invalidate(): void;
}

/** What own keys need of the authority. */
export type OwnKeysOptions = Pick<
  AuthorityContext,
  'config' | 'settings' | 'bindings' | 'waitUntil' | 'now'
>;

// While the ring cannot be reached: known keys verify for a minute, but a key that may have been
// replaced does not sign for long. KEY_RETIRE_SECONDS counts on no more than that.
const verifyCeiling = 60_000;
const signCeiling = 5000;
const freshness = { refreshEvery: 1000, waitBeyond: 1500, patience: 400 };

/** Makes the keys of an issuer. Asks for nothing before the first question. */
export function createOwnKeys(options: OwnKeysOptions): OwnKeys {
  const { config, settings, bindings, now, waitUntil } = options;
  const sealing = createKeySealing(settings.sealingKeys);

  async function load(held: OpenRing | undefined): Promise<OpenRing> {
    const stub = bindings.KEY_RING.getByName(config.issuer);
    const snapshot = await stub.snapshot(held?.version ?? -1);
    if (snapshot !== 'unchanged') return openRing(snapshot, config.issuer, sealing, held);
    if (held === undefined) throw new Error('The ring answered another question');
    return held;
  }

  const ring = createFreshValue<OpenRing>({ load, now, waitUntil, ...freshness });

  async function current(ceiling: number): Promise<OpenRing> {
    const held = await ring.get(ceiling);
    if (held === undefined) throw new TokenError('key_unavailable');
    return held;
  }

  async function findLater(query: KeyQuery): Promise<VerificationKey> {
    const found = lookUp(await current(verifyCeiling), query);
    if (found !== undefined) return found;
    // It may be a key of a moment ago: at most one look a second, for all who ask
    await ring.refresh();
    const second = lookUp(await current(verifyCeiling), query);
    if (second === undefined) throw new TokenError('key_unknown');
    return second;
  }

  return {
    find(query) {
      const held = ring.get(verifyCeiling);
      const found = held === undefined || held instanceof Promise ? undefined : lookUp(held, query);
      return found ?? findLater(query);
    },
    async signer() {
      const { signer } = await current(signCeiling);
      if (signer === undefined) throw new TokenError('key_unavailable');
      return signer;
    },
    published: async () => (await current(verifyCeiling)).published,
    nonceKeys: async () => [...(await current(verifyCeiling)).nonceKeys.values()],
    invalidate: () => ring.invalidate(),
  };
}

/** Our own tokens name their key: none is guessed for a token that does not. */
function lookUp({ verification }: OpenRing, { alg, kid }: KeyQuery): VerificationKey | undefined {
  const found = kid === undefined ? undefined : verification.get(kid);
  if (found !== undefined && found.alg !== alg) throw new TokenError('key_unusable');
  return found;
}
