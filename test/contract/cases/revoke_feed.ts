// revocationFeed: what counts as an answer, what does not, and what its options may be

import { revocationFeed, type FeedPage, type RevocationFeedOptions } from '../../../src/index.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';
import { identityOf, pageOf, recordOf, serveLog, verdict } from '../support/revocations.ts';

const url = 'https://authority.example/revocations';
type Respond = (url: string, init: RequestInit) => Response | Promise<Response>;

const feedOf = (respond: Respond, options: Partial<RevocationFeedOptions> = {}) =>
  revocationFeed(url, { maxAge: 5, fetch: async (...request) => respond(...request), ...options });

const json = { 'content-type': 'application/json' };
const respondText =
  (text: BodyInit, init: ResponseInit = {}): Respond =>
  () =>
    new Response(text, { headers: json, ...init });

/** Text of the page of one record with members changed. */
async function changed(change: (page: FeedPage) => object): Promise<Respond> {
  return respondText(JSON.stringify(change(pageOf([await recordOf(1)]))));
}

const withRecord = (members: object) => (page: FeedPage) => ({
  ...page,
  records: page.records.map((record) => ({ ...record, ...members })),
});

const garbage: Readonly<Record<string, () => Respond | Promise<Respond>>> = {
  'a redirect': () => respondText('', { status: 302, headers: { location: url } }),
  'status 304 although nothing was held': () => () => new Response(null, { status: 304 }),
  'status 500 with a good page': () => respondText(JSON.stringify(pageOf([])), { status: 500 }),
  HTML: () => respondText('<html>', { headers: { 'content-type': 'text/html' } }),
  'no media type': () => () => new Response(new TextEncoder().encode('{}')),
  'text that is no JSON': () => respondText('{'),
  'duplicate names': () => respondText('{"seq":1,"seq":2}'),
  'no UTF-8': () => respondText(Uint8Array.of(0x22, 0xff, 0x22)),
  'a list': () => respondText('[]'),
  null: () => respondText('null'),
  'more than 4 MiB': () => respondText(`"${'a'.repeat(4 * 1024 * 1024)}"`),
  'no issuer': () => changed(({ issuer: _issuer, ...page }) => page),
  'no number': () => changed(({ seq: _seq, ...page }) => page),
  'a number as text': () => changed((page) => ({ ...page, seq: '1' })),
  'a number without end': () =>
    respondText('{"issuer":"a","seq":1e400,"as_of":1,"full":true,"records":[]}'),
  'no time': () => changed(({ as_of: _time, ...page }) => page),
  'no word about a snapshot': () => changed(({ full: _full, ...page }) => page),
  'no records': () => changed(({ records: _records, ...page }) => page),
  'records that are no list': () => changed((page) => ({ ...page, records: {} })),
  'a record that is none': () => changed((page) => ({ ...page, records: [null] })),
  'an unknown kind': () => changed(withRecord({ kind: 'everything' })),
  'a hash that is none': () => changed(withRecord({ h: 'AAAA' })),
  'a hash that is no text': () => changed(withRecord({ h: 1 })),
  'a time that is no number': () => changed(withRecord({ kind: 'before', before: '1' })),
  'an end that is no number': () => changed(withRecord({ exp: '1' })),
};

const badUrls = [
  'http://authority.example/revocations',
  'ftp://authority.example',
  'http://127.0.0.1.evil.example/',
  'https://user:word@authority.example/',
  '/revocations',
  '',
];

const badOptions: readonly (readonly [options: unknown, words: string])[] = [
  [{}, '"maxAge"'],
  [{ maxAge: 0 }, '"maxAge"'],
  [{ maxAge: 3601 }, '"maxAge"'],
  [{ maxAge: '5' }, '"maxAge"'],
  [{ maxAge: Number.NaN }, '"maxAge"'],
  [{ maxAge: 5, maxBytes: 1 }, '"maxBytes"'],
  [{ maxAge: 5, retries: 1 }, '"retries"'],
  [undefined, 'object'],
];

export const cases: readonly ContractCase[] = [
  {
    name: 'revocationFeed() asks for what follows the last record, by GET, without following redirects',
    run: async () => {
      const asked: string[] = [];
      const modes = new Set<unknown>();
      let now = 0;
      const log = serveLog([await recordOf(7)]);
      const feed = feedOf(
        async (target, init) => {
          asked.push(target);
          modes.add(`${init.method ?? 'GET'} ${init.redirect}`);
          const after = Number(new URL(target).searchParams.get('after'));
          return Response.json(await log(after, AbortSignal.abort()));
        },
        { now: () => now },
      );
      equal(await verdict(feed, identityOf()), 'revoked', 'verdict');
      now = 501;
      equal(await verdict(feed, identityOf({ tokenId: 'b' })), 'not revoked', 'verdict of another');
      deepEqual(asked, [`${url}?after=0`, `${url}?after=7`], 'asked');
      deepEqual([...modes], ['GET manual'], 'requests');
    },
  },
  {
    name: 'revocationFeed() keeps the query of its address',
    run: async () => {
      let asked = '';
      const feed = revocationFeed(`${url}?tenant=a`, {
        maxAge: 5,
        fetch: async (target) => {
          asked = target;
          return Response.json(pageOf([]));
        },
      });
      await feed.refresh();
      equal(asked, `${url}?tenant=a&after=0`, 'asked');
    },
  },
  {
    name: 'revocationFeed() refuses once what it knows is older than maxAge',
    run: async () => {
      let now = 0;
      let isDown = false;
      const feed = feedOf(() => (isDown ? Response.error() : Response.json(pageOf([]))), {
        maxAge: 60,
        now: () => now,
      });
      equal(await verdict(feed, identityOf()), 'not revoked', 'at first');
      isDown = true;
      now = 60_000;
      equal(await verdict(feed, identityOf()), 'not revoked', 'at maxAge');
      now = 60_001;
      equal(await verdict(feed, identityOf()), 'revocation_unavailable', 'past maxAge');
    },
  },
  ...Object.entries(garbage).map(([name, make]) => ({
    name: `revocationFeed() counts as no answer: ${name}`,
    run: async () => {
      const feed = feedOf(await make());
      equal(await verdict(feed, identityOf()), 'revocation_unavailable', 'verdict');
      equal(feed.seq, 0, 'seq');
      equal(feed.size, 0, 'size');
    },
  })),
  ...badUrls.map((address) => ({
    name: `revocationFeed() refuses the address "${address}"`,
    run: () => refusesCaller(() => revocationFeed(address, { maxAge: 5 }), '"url"'),
  })),
  ...badOptions.map(([options, words]) => ({
    name: `revocationFeed() refuses the options ${JSON.stringify(options)}`,
    run: () => refusesCaller(() => revocationFeed(url, options as RevocationFeedOptions), words),
  })),
];
