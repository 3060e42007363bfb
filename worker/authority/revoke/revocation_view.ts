// What this isolate knows of revocation: one view of the issuer's log, and of other issuers' feeds.

import {
  createFreshView,
  revocationFeed,
  type FreshView,
  type RevocationSource,
} from '../../../src/verify/index.ts';
import { logStub, type RevocationBindings } from './revocations.ts';

/** Milliseconds. The stated bound: a second at p99 with the log reachable, five seconds always. */
const freshness = { refreshEvery: 250, waitBeyond: 500, patience: 400, ceiling: 5000 } as const;
const pageSize = 10_000;

/** What a view is made of. */
export interface ViewOptions {
  readonly config: {
    readonly issuer: string;
    readonly trustedIssuers: readonly FeedOwner[];
  };
  readonly bindings: RevocationBindings;
  /** Lets work go on after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** An issuer that may publish a feed of its own. */
export interface FeedOwner {
  readonly issuer: string;
  readonly revocationsUri?: string | undefined;
}

/** Makes the view of the issuer's log. Asks for nothing before the first token. */
function createLogView({ config, bindings, waitUntil }: ViewOptions): FreshView {
  return createFreshView({
    ...freshness,
    waitUntil,
    // A stub is made for each request: one that has failed once may go on failing
    load: (after) => logStub(bindings, config).since(config.issuer, after, pageSize),
  });
}

/** The feeds of other issuers, each asked only for tokens of its own: it cannot revoke anybody else's. */
export function followFeeds(
  issuers: readonly FeedOwner[],
  waitUntil: ViewOptions['waitUntil'],
): RevocationSource | undefined {
  const feeds = new Map<string, RevocationSource>();
  for (const { issuer, revocationsUri } of issuers) {
    if (revocationsUri === undefined) continue;
    feeds.set(issuer, revocationFeed(revocationsUri, { maxAge: 5, waitUntil }));
  }
  if (feeds.size === 0) return undefined;

  return {
    async isRevoked(chain) {
      const answers: (boolean | Promise<boolean>)[] = [];
      for (const [issuer, feed] of feeds) {
        const theirs = chain.filter((identity) => identity.issuer === issuer);
        if (theirs.length > 0) answers.push(feed.isRevoked(theirs));
      }
      const settled = await Promise.all(answers.map(async (answer) => answer));
      return settled.some((answer) => answer !== false);
    },
  };
}

/** What an authority's gateway asks: its own log, which may name any issuer, and others' feeds. */
export function createRevocations(options: ViewOptions): RevocationSource & Pick<FreshView, 'age'> {
  const own = createLogView(options);
  const others = followFeeds(options.config.trustedIssuers, options.waitUntil);
  if (others === undefined) return own;
  return {
    age: own.age,
    async isRevoked(chain) {
      const answers = [own, others].map(async (source) => source.isRevoked(chain));
      return (await Promise.all(answers)).some((answer) => answer !== false);
    },
  };
}
