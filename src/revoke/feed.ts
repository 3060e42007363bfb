// revocationFeed: an authority's public list of what is revoked, followed over HTTP within a stated age.

import { checkOptionNames, numberOption } from '../errors/caller.ts';
import { fetchCapped } from '../keys/fetch_capped.ts';
import { isRecord } from '../token/shape.ts';
import { parseJson } from '../token/json.ts';
import { createFreshView, type FreshView } from './fresh_view.ts';
import type { FeedPage, FeedRecord, RevocationKind } from './records.ts';

/** Options of {@link revocationFeed}. */
export interface RevocationFeedOptions {
  /** How old, in seconds, what is known of revocation may be when it decides: 0.1 to 3,600. */
  readonly maxAge: number;
  /** Replaces `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Largest answer, in bytes; default 4 MiB. */
  readonly maxBytes?: number;
  /** A clock that is never set back, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
  /** Keeps a refresh alive beyond the request that began it, where the runtime needs that. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** Milliseconds: however old the view may be, no request should wait longer. */
const maxPatience = 2000;

const kinds: ReadonlySet<unknown> = new Set(['token', 'session', 'agent', 'key', 'jkt', 'before']);
const isNumber = (value: unknown): value is number => typeof value === 'number';

function readRecord(entry: unknown): FeedRecord {
  if (!isRecord(entry)) throw new Error('The revocation feed has a malformed record');
  const { seq, kind, h, before, exp } = entry;
  if (!isNumber(seq) || !isNumber(exp) || typeof h !== 'string' || !kinds.has(kind)) {
    throw new Error('The revocation feed has a malformed record');
  }
  if (before !== undefined && !isNumber(before)) {
    throw new Error('The revocation feed has a malformed record');
  }
  const record = { seq, kind: kind as RevocationKind, h, exp };
  return before === undefined ? record : { ...record, before };
}

/** Reads a page of the feed; throws an Error for anything else. */
function readFeedPage(text: string): FeedPage {
  const page = parseJson(text);
  if (!isRecord(page)) throw new Error('The revocation feed is no JSON object');
  const { issuer, seq, as_of, full, records, more } = page;
  if (typeof issuer !== 'string' || !isNumber(seq) || !isNumber(as_of)) {
    throw new Error('The revocation feed lacks a member');
  }
  if (typeof full !== 'boolean' || !Array.isArray(records)) {
    throw new Error('The revocation feed lacks a member');
  }
  return { issuer, seq, as_of, full, more: more === true, records: records.map(readRecord) };
}

function readUrl(url: string | URL): URL {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed?.hostname ?? '');
  if (parsed?.protocol !== 'https:' && !(parsed?.protocol === 'http:' && loopback)) {
    throw new TypeError('"url" must be https, or http on a loopback host');
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new TypeError('"url" must not hold credentials');
  }
  return parsed;
}

/**
 * Follows an authority's public revocation feed.
 *
 * What is known is refreshed as it is asked for, by one request for all callers, at most twenty
 * times in `maxAge`. Who finds it older than a tenth of `maxAge` waits for the refresh, for 8 % of
 * `maxAge` or 2 s at the longest; past `maxAge` every token is refused with `revocation_unavailable`. Age
 * counts from when the request was sent.
 *
 * Does not check who answers: the address is trusted, as that of the keys is. Redirects are not
 * followed.
 *
 * @param url address of the feed: https; http only on a loopback host
 * @param options `maxAge` in seconds is required: staleness is your decision
 * @returns a revocation source for `createVerifier`
 * @throws TypeError for a wrong address or option
 * @example
 * ```ts
 * import { revocationFeed } from 'swarmgate';
 *
 * const page = { issuer: 'https://authority.example', seq: 0, as_of: 0, full: true, records: [] };
 * const revocation = revocationFeed('https://authority.example/revocations', {
 *   maxAge: 5,
 *   fetch: async () => Response.json(page),
 * });
 * await revocation.refresh();
 * if (!(revocation.age() < 5_000)) throw new Error('unexpected');
 * ```
 */
export function revocationFeed(url: string | URL, options: RevocationFeedOptions): FreshView {
  checkOptionNames('revocationFeed', options, ['maxAge', 'fetch', 'maxBytes', 'now', 'waitUntil']);
  const address = readUrl(url);
  if (options.maxAge === undefined) throw new TypeError('"maxAge" is required');
  const age = { min: 0.1, max: 3600, fallback: 5 };
  const ceiling = numberOption('maxAge', options.maxAge, age) * 1000;
  const bytes = { min: 1024, max: 256 * 1024 * 1024, fallback: 4 * 1024 * 1024 };
  const maxBytes = numberOption('maxBytes', options.maxBytes, bytes);
  const { fetch: fetchPage = (target, init) => fetch(target, init), waitUntil } = options;
  return createFreshView({
    refreshEvery: ceiling / 20,
    waitBeyond: ceiling / 10,
    patience: Math.min(ceiling * 0.08, maxPatience),
    ceiling,
    ...(options.now === undefined ? {} : { now: options.now }),
    ...(waitUntil === undefined ? {} : { waitUntil }),
    load: async (after, signal) => {
      const target = new URL(address);
      target.searchParams.set('after', String(after));
      const { text } = await fetchCapped(fetchPage, target.href, { maxBytes, signal });
      return readFeedPage(text);
    },
  });
}
