// remoteKeys: how long a set is fresh by its headers, and which addresses and options stop the start

import { remoteKeys } from '../../../src/keys/remote.ts';
import { equal, type ContractCase } from '../case.ts';
import { keySetServer, outcome, type Answer } from '../support/key_set_server.ts';
import { es7515 } from '../support/printed_keys.ts';
import { refusesCaller } from '../support/rejections.ts';

const { d: _d, ...publicJwk } = es7515;
const a = { alg: 'ES256', kid: 'a' } as const;

const withHeaders =
  (headers: Record<string, string>, ...keys: readonly unknown[]): Answer =>
  () =>
    Response.json({ keys }, { headers });

/** Seconds after which a set with such headers is asked for again. */
async function freshness(headers: Record<string, string>): Promise<number> {
  const server = keySetServer(withHeaders(headers, { ...publicJwk, kid: 'a' }), {
    cooldown: 10,
    maxAge: 300,
  });
  await outcome(server.keys, a);
  for (let seconds = 1; seconds <= 400; seconds++) {
    server.pass(1);
    await outcome(server.keys, a);
    if (server.calls() > 1) return seconds;
  }
  return Infinity;
}

const freshnessTable: readonly (readonly [headers: Record<string, string>, seconds: number])[] = [
  [{}, 300],
  [{ 'cache-control': 'max-age=60' }, 60],
  [{ 'cache-control': 'public, max-age=60, must-revalidate' }, 60],
  [{ 'cache-control': 'max-age=31536000' }, 300],
  [{ 'cache-control': 'max-age=0' }, 10],
  [{ 'cache-control': 'max-age=-5' }, 10],
  [{ 'cache-control': 'max-age=x' }, 10],
  [{ 'cache-control': 'max-age=99999999999999999999' }, 10],
  [{ 'cache-control': 'no-store' }, 10],
  [{ 'cache-control': 'No-Cache, max-age=200' }, 10],
  [{ 'cache-control': 'max-age=200', age: '50' }, 150],
  [{ 'cache-control': 'max-age=200', age: '999999999' }, 10],
  [{ age: '999999999' }, 10],
  [{ 'cache-control': 'max-age=200', age: '-5' }, 200],
];

const badUrls: readonly (readonly [url: string, words: string])[] = [
  ['http://issuer.example/jwks', 'must be https'],
  ['http://localhost.example/jwks', 'must be https'],
  ['http://127.0.0.1.example/jwks', 'must be https'],
  ['ftp://issuer.example/jwks', 'must be https'],
  ['file:///etc/passwd', 'must be https'],
  ['data:application/json,{}', 'must be https'],
  ['https://user@issuer.example/jwks', 'no credentials'],
  ['https://user:secret@issuer.example/jwks', 'no credentials'],
  ['https://issuer.example/jwks#a', 'no fragment'],
  ['/jwks', 'absolute URL'],
  ['', 'absolute URL'],
];

const badOptions: readonly (readonly [options: object, words: string])[] = [
  [{ timeOut: 1 }, 'no option "timeOut"'],
  [{ timeout: 0 }, '"timeout"'],
  [{ timeout: -1 }, '"timeout"'],
  [{ timeout: NaN }, '"timeout"'],
  [{ timeout: 5000 }, '"timeout"'],
  [{ timeout: '1' }, '"timeout"'],
  [{ cooldown: 0 }, '"cooldown"'],
  [{ cooldown: 301 }, '"cooldown"'],
  [{ maxAge: 0 }, '"maxAge"'],
  [{ maxAge: Infinity }, '"maxAge"'],
  [{ staleLimit: 299 }, '"staleLimit"'],
  [{ staleLimit: 1e9 }, '"staleLimit"'],
  [{ maxBytes: 0 }, '"maxBytes"'],
  [{ maxKeys: 0 }, '"maxKeys"'],
  [{ fetch: 'https' }, '"fetch" must be a function'],
  [{ clock: 1 }, '"clock" must be a function'],
  [{ waitUntil: {} }, '"waitUntil" must be a function'],
  [{ onFailure: {} }, '"onFailure" must be a function'],
];

export const cases: readonly ContractCase[] = [
  ...freshnessTable.map(([headers, seconds]) => ({
    name: `remoteKeys() keeps a set for ${seconds} s under ${JSON.stringify(headers)}`,
    run: async () => equal(await freshness(headers), seconds, 'seconds'),
  })),
  ...badUrls.map(([url, words]) => ({
    name: `remoteKeys() refuses the address ${JSON.stringify(url)}`,
    run: async () => refusesCaller(() => remoteKeys(url), words),
  })),
  ...badOptions.map(([options, words]) => ({
    name: `remoteKeys() refuses the options ${JSON.stringify(options)}`,
    run: async () => refusesCaller(() => remoteKeys('https://issuer.example', options), words),
  })),
  {
    name: 'remoteKeys() takes http on loopback hosts',
    run: async () => {
      for (const host of ['localhost:8787', '127.0.0.1', '127.1', '[::1]:80', 'LOCALHOST']) {
        remoteKeys(`http://${host}/jwks`);
      }
    },
  },
];
