// browserKey in a real browser: pages, Web Workers and Service Workers of one origin share a key

import { afterAll, expect, test } from 'vitest';
import { browserKey, forgetBrowserKey } from '../../src/client/index.ts';
import {
  createDpopProof,
  createTokenSource,
  generateSigningKey,
  verifyDpopProof,
} from '../../src/index.ts';

/** A name that no earlier run has used. */
const fresh = (): string => `key-${crypto.randomUUID()}`;

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('swarmgate', 1);
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(new Error('No database')));
  });
}

async function inStore(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  const db = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const request = work(db.transaction('keys', mode).objectStore('keys'));
      request.addEventListener('success', () => resolve(request.result));
      request.addEventListener('error', () => reject(new Error('No result')));
    });
  } finally {
    db.close();
  }
}

function answerOf(port: MessagePort | Worker): Promise<unknown> {
  return new Promise((resolve) => {
    port.addEventListener('message', (event) => resolve((event as MessageEvent<unknown>).data), {
      once: true,
    });
  });
}

/** The kid that a Web Worker finds: another tab, as far as storage goes. */
async function inWorker(name: string): Promise<unknown> {
  const worker = new Worker(new URL('./key_worker.ts', import.meta.url), { type: 'module' });
  try {
    const answer = answerOf(worker);
    worker.postMessage(name, []);
    return await answer;
  } finally {
    worker.terminate();
  }
}

const workers = navigator.serviceWorker;
const registered: ServiceWorkerRegistration[] = [];

afterAll(async () => {
  await Promise.all(registered.map((registration) => registration.unregister()));
});

async function inServiceWorker(name: string): Promise<unknown> {
  const url = new URL('./key_service_worker.ts', import.meta.url);
  const registration = await workers.register(url, { type: 'module' });
  registered.push(registration);
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (worker === null) throw new Error('No service worker');
  if (worker.state !== 'activated') {
    await new Promise<void>((resolve) => {
      worker.addEventListener('statechange', () => {
        if (worker.state === 'activated') resolve();
      });
    });
  }
  const { port1, port2 } = new MessageChannel();
  const answer = answerOf(port1);
  port1.start();
  worker.postMessage(name, [port2]);
  return answer;
}

test('browserKey() makes a key on first use, and gives the same one afterwards', async () => {
  const name = fresh();
  const first = await browserKey(name);
  const second = await browserKey(name);
  expect(second.kid).toBe(first.kid);
  expect(second.publicJwk).toEqual(first.publicJwk);
  expect((await browserKey(fresh())).kid).not.toBe(first.kid);
});

test('browserKey() gives a key that signs and cannot be exported', async () => {
  const key = await browserKey(fresh());
  expect(key.privateKey.extractable).toBe(false);
  const exported = crypto.subtle.exportKey('jwk', key.privateKey);
  await expect(exported).rejects.toHaveProperty('name', 'InvalidAccessError');
  expect(key.publicJwk).not.toHaveProperty('d');
  const request = { method: 'GET', url: 'https://gate.example/whoami' };
  const proof = await createDpopProof({ key, ...request });
  expect((await verifyDpopProof(proof, request)).jkt).toBe(key.kid);
});

test('browserKey() makes one key however many ask at the same time', async () => {
  const name = fresh();
  const kids = await Promise.all([
    ...Array.from({ length: 10 }, async () => (await browserKey(name)).kid),
    ...Array.from({ length: 3 }, () => inWorker(name)),
  ]);
  expect(new Set(kids).size).toBe(1);
});

test('browserKey() gives a Web Worker the key of the page', async () => {
  const name = fresh();
  const { kid } = await browserKey(name);
  expect(await inWorker(name)).toBe(kid);
});

test('browserKey() gives a page the key of a Service Worker', async () => {
  const name = fresh();
  const kid = await inServiceWorker(name);
  expect((await browserKey(name)).kid).toBe(kid);
});

test('browserKey() refuses a key of another algorithm than the one asked for', async () => {
  const name = fresh();
  const { alg } = await browserKey(name, { alg: 'ES384' });
  expect(alg).toBe('ES384');
  expect((await browserKey(name)).alg).toBe('ES384');
  await expect(browserKey(name, { alg: 'ES256' })).rejects.toThrow(TypeError);
});

test('browserKey() refuses a stored pair whose halves do not belong together', async () => {
  const name = fresh();
  await browserKey(name);
  const { publicJwk } = await generateSigningKey();
  const stored = (await inStore('readonly', (store) => store.get(name))) as object;
  await inStore('readwrite', (store) => store.put({ ...stored, publicJwk }, name));
  await expect(browserKey(name)).rejects.toThrow(TypeError);
});

test('browserKey() replaces what is no key', async () => {
  const name = fresh();
  await browserKey(fresh());
  await inStore('readwrite', (store) => store.put('no key', name));
  const { kid } = await browserKey(name);
  expect((await browserKey(name)).kid).toBe(kid);
});

test('browserKey() refuses wrong names and options', async () => {
  await expect(browserKey('')).rejects.toThrow(TypeError);
  await expect(browserKey('a'.repeat(129))).rejects.toThrow(TypeError);
  const unknown = { extractable: true } as object;
  await expect(browserKey(fresh(), unknown)).rejects.toThrow(TypeError);
});

test('createTokenSource() takes its key from the browser', async () => {
  const name = fresh();
  const source = createTokenSource({
    issuer: 'https://gate.example',
    tokenEndpoint: 'https://gate.example/token',
    clientId: 'planner',
    key: () => browserKey(name),
    fetch: async () =>
      Response.json({ access_token: 'a.b.c', token_type: 'DPoP', expires_in: 900 }),
  });
  const { key } = await source.token();
  expect(key?.kid).toBe((await browserKey(name)).kid);
  await source.close();
});

test('forgetBrowserKey() forgets a key for good, and what was never there', async () => {
  const name = fresh();
  const { kid } = await browserKey(name);
  await forgetBrowserKey(name);
  await forgetBrowserKey(name);
  expect(await inStore('readonly', (store) => store.get(name))).toBeUndefined();
  expect((await browserKey(name)).kid).not.toBe(kid);
  await expect(forgetBrowserKey('')).rejects.toThrow('"name" must be a string');
});
