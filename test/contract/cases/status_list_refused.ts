// Token Status Lists: everything that must not count as a list, and every address that must not be asked

import { localKeys, statusListSource, type StatusListOptions } from '../../../src/index.ts';
import { decodeStatusList, encodeStatusList } from '../../../src/revoke/status_codec.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { change, type Json } from '../support/forge.ts';
import { refusesCaller } from '../support/rejections.ts';
import {
  answer,
  forgedList,
  goodList,
  listed,
  listIssuer,
  listUri,
  listWorld,
  type ListChanges,
} from '../support/status_lists.ts';
import { keyOf, now } from '../support/world.ts';

const unavailable = 'revocation_unavailable';

/** A list of so many zero bytes, compressed: what a bomb is. */
const bomb = (mebibytes: number): Promise<string> =>
  encodeStatusList(new Uint8Array(mebibytes * 2 ** 20));

const forged: readonly (readonly [name: string, changes: ListChanges])[] = [
  ['alg none', { header: { alg: 'none' } }],
  ['alg HS256', { header: { alg: 'HS256' } }],
  ['an algorithm that is not configured', { header: { alg: 'Ed25519' } }],
  ['typ at+jwt', { header: { typ: 'at+jwt' } }],
  ['typ JWT', { header: { typ: 'JWT' } }],
  ['typ statuslist+cwt', { header: { typ: 'statuslist+cwt' } }],
  ['no typ', { header: { typ: undefined } }],
  ['a jwk', { header: { jwk: {} } }],
  ['a jku', { header: { jku: 'https://evil.example' } }],
  ['crit', { header: { crit: ['x'] } }],
  ['an unknown kid', { header: { kid: 'x' } }],
  ["a stranger's signature", { signer: 'stranger' }],
  ['another sub', { claims: { sub: `${listUri}0` } }],
  ['no sub', { claims: { sub: undefined } }],
  ['another iss', { claims: { iss: 'https://other.example' } }],
  ['no iat', { claims: { iat: undefined } }],
  ['an iat of text', { claims: { iat: '1' } }],
  ['an iat in the future', { claims: { iat: now + 6 } }],
  ['no exp', { claims: { exp: undefined } }],
  ['an exp in the past', { claims: { exp: now - 5 } }],
  ['a ttl of 0', { claims: { ttl: 0 } }],
  ['a negative ttl', { claims: { ttl: -1 } }],
  ['a ttl of text', { claims: { ttl: '60' } }],
  ['no status_list', { claims: { status_list: undefined } }],
  ['a list instead of an object', { claims: { status_list: [1] } }],
  ['bits 0', { list: { bits: 0 } }],
  ['bits 3', { list: { bits: 3 } }],
  ['bits 16', { list: { bits: 16 } }],
  ['bits of text', { list: { bits: '1' } }],
  ['no bits', { list: { bits: undefined } }],
  ['no lst', { list: { lst: undefined } }],
  ['an empty lst', { list: { lst: '' } }],
  ['a padded lst', { list: { lst: 'eNo76fITAAPfAgc=' } }],
  ['an lst that is not canonical', { list: { lst: 'eNo76fITAAPfAgd' } }],
  ['an lst that is not compressed', { list: { lst: 'ycRE' } }],
  ['an lst that is cut short', { list: { lst: 'eNo76fIT' } }],
  ['an lst with a wrong checksum', { list: { lst: 'eNo76fITAAPfAgg' } }],
];

const odd: readonly (readonly [name: string, make: () => Promise<Response>])[] = [
  ['a redirect', async () => new Response(null, { status: 302, headers: { location: '/x' } })],
  ['status 404', async () => answer(await goodList(), { status: 404 })],
  ['HTML', async () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
  ['another media type', async () => Response.json(await goodList())],
  ['an empty body', async () => answer('')],
  ['no token', async () => answer('x')],
  ['too large a body', async () => answer('x'.repeat(2_097_153))],
];

/** Addresses that no token may make anybody fetch. */
const addresses: readonly string[] = [
  'http://authority.example/status/0',
  'https://evil.example/status/0',
  'https://authority.example.evil.example/status/0',
  'https://authority.example@evil.example/status/0',
  'https://user:word@authority.example/status/0',
  'https://authority.example:8443/status/0',
  'http://169.254.169.254/latest/meta-data',
  'http://localhost/status/0',
  'file:///etc/passwd',
  'data:,x',
  '/status/0',
  'x',
];

type Options = Partial<StatusListOptions>;
const mistakes: readonly (readonly [options: object, words: string])[] = [
  [{ issuers: [] }, '"issuers"'],
  [{ issuers: undefined }, '"issuers"'],
  [{ typo: 1 }, '"typo"'],
  [{ unlisted: 'ignore' }, '"unlisted"'],
  [{ maxAge: 0 }, '"maxAge"'],
  [{ maxAge: 60, staleLimit: 59 }, '"staleLimit"'],
  [{ cooldown: 0 }, '"cooldown"'],
  [{ timeout: 0 }, '"timeout"'],
  [{ maxBytes: '1' }, '"maxBytes"'],
  [{ maxListBytes: 0 }, '"maxListBytes"'],
  [{ maxLists: 0 }, '"maxLists"'],
  [{ clockTolerance: 61 }, '"clockTolerance"'],
  [{ fetch: 1 }, '"fetch"'],
  [{ clock: 1 }, '"clock"'],
];

const entryMistakes: readonly (readonly [entry: Json, words: string])[] = [
  [{ issuer: '' }, '"issuer"'],
  [{ keys: [] }, '"keys"'],
  [{ issuer: 'yamtam-engine' }, '"origins"'],
  [{ origins: [] }, '"origins"'],
  [{ origins: ['https://a.example/x'] }, '"origins"'],
  [{ origins: ['http://a.example'] }, '"origins"'],
  [{ algorithms: ['none'] }, '"algorithms"'],
  [{ algorithms: [] }, '"algorithms"'],
  [{ typo: 1 }, '"typo"'],
];

async function refusedList(serve: () => Promise<Response>, options: Options = {}): Promise<void> {
  const list = await listWorld(options);
  list.serve = serve;
  await rejectsWithCode((async () => list.source.isRevoked([listed(0)]))(), unavailable);
  equal(list.asked.length, 1, 'fetches');
}

export const cases: readonly ContractCase[] = [
  {
    name: 'statusListSource() accepts the forged list before anything is changed in it',
    run: async () => {
      const list = await listWorld();
      list.serve = async () => answer(await forgedList({}));
      equal(await list.source.isRevoked([listed(0)]), true, 'revoked');
      equal(await list.source.isRevoked([listed(2)]), false, 'revoked');
    },
  },
  ...forged.map(([name, changes]): ContractCase => ({
    name: `statusListSource() refuses a list with ${name}`,
    run: () => refusedList(async () => answer(await forgedList(changes))),
  })),
  ...odd.map(([name, make]): ContractCase => ({
    name: `statusListSource() refuses an answer that is ${name}`,
    run: () => refusedList(make),
  })),
  {
    name: 'statusListSource() stops a list that unfolds to more than its limit',
    run: async () => {
      const lst = await bomb(64);
      equal(lst.length < 200_000, true, 'a small token');
      await refusedList(async () => answer(await forgedList({ list: { lst } })));
    },
  },
  ...[9, 12, 2 ** 20, 2 ** 53 - 1].map((idx): ContractCase => ({
    name: `statusListSource() refuses index ${idx} of a list of 8`,
    run: async () => {
      const { source } = await listWorld();
      await rejectsWithCode((async () => source.isRevoked([listed(idx)]))(), unavailable);
    },
  })),
  {
    name: 'statusListSource() asks no address but https ones of the origins that it was told',
    run: async () => {
      const { source, asked } = await listWorld();
      for (const uri of addresses) {
        await rejectsWithCode((async () => source.isRevoked([listed(0, uri)]))(), unavailable);
      }
      const other = listed(0, listUri, 'https://other.example');
      await rejectsWithCode((async () => source.isRevoked([other]))(), unavailable);
      equal(asked.length, 0, 'fetches');
    },
  },
  {
    name: 'statusListSource() takes lists from other origins where it was told so, and no other',
    run: async () => {
      const keys = await localKeys((await keyOf('ES256', 'trusted')).publicJwk);
      const uri = 'https://status.example/0';
      const issuers = [{ issuer: 'yamtam-engine', keys, origins: ['https://status.example'] }];
      const list = await listWorld({ issuers });
      list.serve = async () =>
        answer(await forgedList({ claims: { iss: 'yamtam-engine', sub: uri } }));
      equal(await list.source.isRevoked([listed(0, uri, 'yamtam-engine')]), true, 'revoked');
      const own = listed(0, listUri, 'yamtam-engine');
      await rejectsWithCode((async () => list.source.isRevoked([own]))(), unavailable);
    },
  },
  {
    name: 'statusListSource() sends no credentials, and follows no redirect',
    run: async () => {
      const list = await listWorld();
      let sent: RequestInit = {};
      list.serve = async (_url, init) => {
        sent = init;
        return answer(await goodList());
      };
      await list.source.isRevoked([listed(0)]);
      equal(sent.redirect, 'manual', 'redirect');
      equal(new Headers(sent.headers).get('accept'), 'application/statuslist+jwt', 'accept');
    },
  },
  {
    name: 'statusListSource() refuses mistakes of its caller',
    run: async () => {
      const keys = await localKeys((await keyOf('ES256', 'trusted')).publicJwk);
      const good = { issuer: listIssuer, keys };
      for (const [options, words] of mistakes) {
        const call = { issuers: [good], ...options } as StatusListOptions;
        await refusesCaller(() => statusListSource(call), words);
      }
      for (const [entry, words] of entryMistakes) {
        const issuers = [change(good, entry)] as unknown as StatusListOptions['issuers'];
        await refusesCaller(() => statusListSource({ issuers }), words);
      }
      await refusesCaller(() => statusListSource({ issuers: [good, good] }), 'twice');
    },
  },
  {
    name: 'decodeStatusList() refuses one byte more than its limit',
    run: async () => {
      const lst = await encodeStatusList(new Uint8Array(1001));
      equal((await decodeStatusList(lst, 1001)).length, 1001, 'bytes');
      const outcome = await decodeStatusList(lst, 1000).catch(() => 'refused');
      equal(outcome, 'refused', 'outcome');
    },
  },
];
