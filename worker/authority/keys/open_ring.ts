// Opens a snapshot of the ring for use: keys imported once, private parts never extractable.

import { importSigningKey, type PublicJwk, type SigningKey } from '../../../src/issue/index.ts';
import { localKeys, type VerificationKey } from '../../../src/verify/index.ts';
import { logError } from '../../observe/log.ts';
import type { KeySealing } from './key_sealing.ts';
import type { RingSnapshot } from './key_ring.ts';

/** A ring that was opened. */
export interface OpenRing {
  readonly version: number;
  readonly published: readonly PublicJwk[];
  /** By kid, which is the thumbprint: as long as a key is published, it is the same object. */
  readonly verification: ReadonlyMap<string, VerificationKey>;
  /** `undefined` when this isolate cannot open it. */
  readonly signer: SigningKey | undefined;
  /** By name, the newest first. */
  readonly nonceKeys: ReadonlyMap<string, CryptoKey>;
}

/** Imports what is new in a snapshot, and takes the rest from the one before. */
export async function openRing(
  snapshot: RingSnapshot,
  issuer: string,
  sealing: KeySealing,
  before: OpenRing | undefined,
): Promise<OpenRing> {
  const { version, published, nonceSecrets } = snapshot;
  const [verification, signer, nonceKeys] = await Promise.all([
    importAll(published, ({ kid }) => kid, importPublic, before?.verification),
    importSigner(snapshot, issuer, sealing, before?.signer),
    importAll(
      nonceSecrets,
      ({ name }) => name,
      async ({ name, sealed }) =>
        importNonceKey(await sealing.open({ use: 'nonce-secret', issuer, name }, sealed)),
      before?.nonceKeys,
    ),
  ]);
  return { version, published, verification, signer, nonceKeys };
}

async function importAll<T, K>(
  items: readonly T[],
  nameOf: (item: T) => string,
  load: (item: T) => Promise<K>,
  known: ReadonlyMap<string, K> | undefined,
): Promise<ReadonlyMap<string, K>> {
  const loaded = items.map(
    async (item) => [nameOf(item), known?.get(nameOf(item)) ?? (await load(item))] as const,
  );
  return new Map(await Promise.all(loaded));
}

async function importPublic(jwk: PublicJwk): Promise<VerificationKey> {
  const { alg, kid } = jwk;
  const source = await localKeys({ keys: [{ ...jwk }] });
  return source.find({ alg, kid });
}

async function importSigner(
  { signer }: RingSnapshot,
  issuer: string,
  sealing: KeySealing,
  known: SigningKey | undefined,
): Promise<SigningKey | undefined> {
  if (signer === undefined) return undefined;
  const { kid, alg } = signer.jwk;
  if (known?.kid === kid) return known;
  try {
    const secret = await sealing.open({ use: 'signing-key', issuer, name: kid }, signer.sealed);
    const key = await importSigningKey(secret, alg);
    return key.kid === kid ? key : undefined;
  } catch {
    // What can be verified still is; nothing can be issued until the configuration is right
    logError('sealed_key_cannot_be_opened', { variable: 'KEY_ENCRYPTION_KEY' });
    return undefined;
  }
}

function importNonceKey(secret: object): Promise<CryptoKey> {
  const { k } = secret as { readonly k: string };
  const bytes = Uint8Array.from(atob(k), (character) => character.charCodeAt(0));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}
