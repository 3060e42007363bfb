// What is revoked, as a gate knows it: from the feed, kept on disk, and never older than the setting says

import {
  createFreshView,
  parseJson,
  TokenError,
  type FeedPage,
  type FeedRecord,
  type FreshView,
  type RevocationSource,
} from '../../src/verify/index.ts';
import { GateFault } from './fault.ts';
import { keep, readKept } from './folder.ts';
import type { GateSettings } from './settings.ts';

/** A source that can be kept fresh. */
export interface GateRevocations extends RevocationSource {
  /** Asks the feed unless that was done just now. Never rejects. */
  refresh(): Promise<void>;
  /** Seconds since the feed was asked with success; Infinity where it never was. */
  age(): number;
}

interface Known extends FeedPage {
  readonly url: string;
  /** When the feed was asked, in seconds: what was revoked before that is known. */
  readonly at: number;
}

const maxPageBytes = 4 * 1024 * 1024;
const maxKeptBytes = 64 * 1024 * 1024;
const maxPages = 1000;
/** Milliseconds for one page. */
const patience = 2000;
const longest = 3_600_000;
const kept = 'revocations.json';
const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Opens the source. Nothing is asked before the first token, or `refresh`. */
export function openGateRevocations(url: string, settings: GateSettings): GateRevocations {
  checkUrl(url);
  const { folder, revocationAge } = settings;
  // A second is the bound of the gateway itself; who allows more saves the network more
  const freshFor = Math.min(Math.max(revocationAge / 30, 0.5), 10);
  let known = readKnown(folder, url);
  let view: { readonly of: Known; readonly source: FreshView } | undefined;
  let flight: Promise<void> | undefined;
  let failedAt = -Infinity;

  const age = (): number => {
    const passed = known === undefined ? Infinity : Date.now() / 1000 - known.at;
    // A clock that was set back tells no age
    return passed >= 0 ? passed : Infinity;
  };

  async function load(): Promise<void> {
    try {
      // A log that was restored to an older state is taken again from its beginning, once what is
      // known of it is too old to count
      known = await follow(url, age() > revocationAge ? undefined : known);
      keepKnown(folder, known);
    } catch {
      // Then the age of what is known decides
      failedAt = performance.now();
    }
  }

  async function refresh(): Promise<void> {
    if (age() < freshFor || performance.now() - failedAt < 1000) return;
    flight ??= load().finally(() => {
      flight = undefined;
    });
    await flight;
  }

  return {
    refresh,
    age,
    async isRevoked(identities) {
      await refresh();
      if (known === undefined || age() > revocationAge) {
        throw new TokenError('revocation_unavailable');
      }
      if (view?.of.seq !== known.seq) view = { of: known, source: viewOf(known) };
      return view.source.isRevoked(identities);
    },
  };
}

/** The library's view of what is known; how old that may be is decided here, by the clock on the wall. */
function viewOf(known: Known): FreshView {
  return createFreshView({
    refreshEvery: longest,
    waitBeyond: longest,
    patience: longest,
    ceiling: longest,
    // It does not grow old by itself
    now: () => 0,
    load: async () => known,
  });
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === 'https:';
  const isLocal = url?.protocol === 'http:' && loopback.test(url.hostname);
  if (url === undefined || (!isSecure && !isLocal) || url.username + url.password !== '') {
    throw new GateFault(
      'revocation_unavailable',
      'The address of the revocations must be https (http on loopback only), without credentials',
    );
  }
}

function readKnown(folder: string, url: string): Known | undefined {
  const text = readKept(folder, kept, maxKeptBytes);
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Known;
    const isWhole = typeof value.at === 'number' && Array.isArray(value.records);
    return isWhole && value.url === url ? value : undefined;
  } catch {
    return undefined;
  }
}

function keepKnown(folder: string, known: Known): void {
  const text = JSON.stringify(known);
  if (text.length <= maxKeptBytes) keep(folder, kept, text);
}

/** Asks for what came after, page by page, to the last. */
async function follow(url: string, before: Known | undefined): Promise<Known> {
  const at = Date.now() / 1000;
  let state = before;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await readPage(url, state?.seq ?? 0);
    state = { ...merge(state, page), url, at };
    if (page.more !== true) return state;
  }
  throw new Error('The revocation feed has no end');
}

async function readPage(url: string, after: number): Promise<FeedPage> {
  const target = new URL(url);
  target.searchParams.set('after', String(after));
  const response = await fetch(target, {
    redirect: 'manual',
    signal: AbortSignal.timeout(patience),
  });
  if (response.status !== 200) throw new Error('The revocation feed does not answer');
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxPageBytes) throw new Error('The revocation feed is too large');
  }
  const page = parseJson(Buffer.concat(chunks).toString('utf8')) as FeedPage;
  // The view checks the records; here only what is needed to put pages together
  const isPage = Number.isSafeInteger(page.seq) && Array.isArray(page.records);
  if (!isPage || typeof page.issuer !== 'string' || !Number.isFinite(page.as_of)) {
    throw new Error('The revocation feed answers with something else');
  }
  return page;
}

/** All that is known after a page, as one page: without what was lifted or is over. */
function merge(before: FeedPage | undefined, page: FeedPage): FeedPage {
  const continues = before !== undefined && (!page.full || page.seq === before.seq);
  if (before !== undefined && (page.seq < before.seq || page.issuer !== before.issuer)) {
    throw new Error('The revocation feed went back');
  }
  if (before === undefined && !page.full && page.seq > 0) {
    throw new Error('The revocation feed leaves a gap');
  }
  const fresh = page.records.filter(({ seq }) => !continues || seq > before.seq);
  const lifted = new Map<string, number>();
  for (const { kind, h, exp, seq } of fresh) if (exp <= page.as_of) lifted.set(`${kind} ${h}`, seq);
  const stands = ({ kind, h, exp, seq }: FeedRecord): boolean =>
    exp > page.as_of && seq > (lifted.get(`${kind} ${h}`) ?? -1);
  const records = [...(continues ? before.records : []), ...fresh].filter(stands);
  const { issuer, seq, as_of } = page;
  return { issuer, seq, as_of, full: true, records };
}
