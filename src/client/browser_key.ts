// browserKey: a key pair that lives in the browser's IndexedDB and cannot be taken out of it.

import { checkOptionNames } from '../errors/caller.ts';
import { isSigningAlgorithm, type SigningAlgorithm } from '../keys/algorithms.ts';
import { generateSigningKey } from '../keys/generate.ts';
import { importSigningKey } from '../keys/import.ts';
import type { PublicJwk, SigningKey } from '../keys/signing_key.ts';
import { isName, isRecord } from '../token/shape.ts';

/** Options of {@link browserKey}. */
export interface BrowserKeyOptions {
  /** The signature algorithm of a key that is made now. Default: `ES256`. */
  readonly alg?: SigningAlgorithm;
}

const database = 'swarmgate';
const storeName = 'keys';

interface StoredKey {
  readonly alg: SigningAlgorithm;
  readonly privateKey: CryptoKey;
  readonly publicJwk: PublicJwk;
}

/**
 * Gives the key of that name in this browser, and makes it on first use.
 *
 * The private key is not extractable: scripts of the same origin can sign with it while they run,
 * but nobody can take it away. Tabs and workers that ask at the same time get the same key. Works
 * in pages, Web Workers and Service Workers.
 *
 * Does not keep the key for ever: browsers may clear storage, and users do; then a new key is
 * made, and has to be enrolled. Does not protect against scripts of the same origin.
 *
 * @param name names the key within the origin, 1 to 128 characters
 * @returns the key; its public JWK is what to enrol
 * @throws TypeError where there is no IndexedDB, for a wrong name, or when the key of that name is
 * of another algorithm; the browser's own DOMException when the storage fails
 * @see Web Cryptography API section 5.2, Indexed Database API
 * @example
 * ```ts
 * import { browserKey } from 'swarmgate/client';
 *
 * if ('indexedDB' in globalThis) {
 *   const key = await browserKey('planner');
 *   if (key.privateKey.extractable) throw new Error('unexpected');
 * }
 * ```
 */
export async function browserKey(
  name: string,
  options: BrowserKeyOptions = {},
): Promise<SigningKey> {
  checkOptionNames('browserKey', options, ['alg']);
  const { alg } = options;
  if (!isName(name)) throw new TypeError('"name" must be a string of 1 to 128 characters');
  if (alg !== undefined && !isSigningAlgorithm(alg)) {
    throw new TypeError('"alg" must be a signature algorithm');
  }
  const db = await open(factoryOf('browserKey'));
  try {
    const stored = (await read(db, name)) ?? (await add(db, name, alg));
    if (alg !== undefined && stored.alg !== alg) {
      throw new TypeError(`The key of that name is for ${stored.alg}`);
    }
    const { privateKey, publicJwk } = stored;
    return await importSigningKey(privateKey, stored.alg, { publicJwk });
  } finally {
    db.close();
  }
}

/**
 * Forgets the key of that name in this browser, for good: nothing can be signed with it any more.
 *
 * Does not tell any authority: whoever was enrolled with it stays registered.
 *
 * @param name the name that the key was made under
 * @returns when it is gone, also where there was none
 * @throws TypeError where there is no IndexedDB, or for a wrong name
 * @example
 * ```ts
 * import { forgetBrowserKey } from 'swarmgate/client';
 *
 * if ('indexedDB' in globalThis) await forgetBrowserKey('planner');
 * ```
 */
export async function forgetBrowserKey(name: string): Promise<void> {
  if (!isName(name)) throw new TypeError('"name" must be a string of 1 to 128 characters');
  const db = await open(factoryOf('forgetBrowserKey'));
  try {
    const transaction = db.transaction(storeName, 'readwrite');
    const done = completion(transaction);
    transaction.objectStore(storeName).delete(name);
    await done;
  } finally {
    db.close();
  }
}

function factoryOf(caller: string): IDBFactory {
  const factory: IDBFactory | undefined = globalThis.indexedDB;
  if (factory === undefined) {
    throw new TypeError(`${caller}() needs IndexedDB, which this runtime does not have`);
  }
  return factory;
}

async function open(factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open(database, 1);
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(storeName);
  });
  const db = await resultOf(request);
  // A later version in another tab must not wait for this one
  db.addEventListener('versionchange', () => db.close());
  return db;
}

async function read(db: IDBDatabase, name: string): Promise<StoredKey | undefined> {
  const store = db.transaction(storeName, 'readonly').objectStore(storeName);
  return readStored(await resultOf(store.get(name)));
}

/** Stores a new key, unless another tab was faster: reading and writing are one transaction. */
async function add(
  db: IDBDatabase,
  name: string,
  wanted: SigningAlgorithm | undefined,
): Promise<StoredKey> {
  // Made before: a transaction ends as soon as nothing of its own is waited for
  const made = await generateSigningKey(wanted, { extractable: false });
  const { alg, privateKey, publicJwk } = made;
  const transaction = db.transaction(storeName, 'readwrite');
  const done = completion(transaction);
  const store = transaction.objectStore(storeName);
  const request = store.get(name);
  let winner: StoredKey | undefined;
  request.addEventListener('success', () => {
    winner = readStored(request.result);
    if (winner === undefined) store.put({ alg, privateKey, publicJwk }, name);
  });
  await done;
  return winner ?? made;
}

function readStored(value: unknown): StoredKey | undefined {
  if (!isRecord(value)) return undefined;
  const { alg, privateKey, publicJwk } = value;
  const isWhole = isSigningAlgorithm(alg) && privateKey instanceof CryptoKey && isRecord(publicJwk);
  // The import checks that the two belong together
  return isWhole ? { alg, privateKey, publicJwk: publicJwk as unknown as PublicJwk } : undefined;
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(errorOf(request.error)));
  });
}

function completion(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(errorOf(transaction.error)));
  });
}

function errorOf(error: DOMException | null): DOMException {
  return error ?? new DOMException('The storage failed', 'UnknownError');
}
