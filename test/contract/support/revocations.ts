// A revocation log as the cases need it: records by name, answers by hand, a clock by hand

import {
  createFreshView,
  revocationHash,
  type FeedPage,
  type FeedRecord,
  type FreshView,
  type FreshViewOptions,
  type RevocationName,
  type TokenIdentity,
} from '../../../src/index.ts';

export const authority = 'https://authority.example';

/** When the cases happen, seconds since the epoch. */
export const asOf = 1_800_000_000;

/** The identity of one token. */
export function identityOf(changes: Partial<TokenIdentity> = {}): TokenIdentity {
  return {
    issuer: authority,
    tokenId: 'token-1',
    sessionId: 'run-1',
    agentIds: ['planner'],
    keyThumbprint: 'signing-key',
    jkt: 'agent-key',
    issuedAt: asOf - 60,
    expiresAt: asOf + 840,
    ...changes,
  };
}

/** What a case says of a record; the rest is a revocation of the token that `identityOf` makes. */
export interface RecordOptions extends Partial<RevocationName> {
  readonly before?: number;
  readonly exp?: number;
}

/** A record as the feed publishes it. */
export async function recordOf(seq: number, options: RecordOptions = {}): Promise<FeedRecord> {
  const {
    kind = 'token',
    issuer = authority,
    value = 'token-1',
    before,
    exp = asOf + 900,
  } = options;
  const h = await revocationHash({ kind, issuer, value });
  return { seq, kind, h, exp, ...(before === undefined ? {} : { before }) };
}

/** A page of these records: a whole snapshot, unless the changes say otherwise. */
export function pageOf(records: readonly FeedRecord[], changes: Partial<FeedPage> = {}): FeedPage {
  const seq = records.at(-1)?.seq ?? 0;
  return { issuer: authority, seq, as_of: asOf, full: true, records, ...changes };
}

/** How a log answers a request for what follows `after`. */
export type LogAnswer = (after: number, signal: AbortSignal) => FeedPage | Promise<FeedPage>;

/** A log, the clock of its view, and the view. */
export interface LogServer {
  readonly view: FreshView;
  /** What was asked for so far: the numbers after which. */
  readonly asked: readonly number[];
  /** Answers from now on. */
  readonly answer: (answer: LogAnswer) => void;
  /** Moves the clock, in milliseconds. */
  readonly pass: (milliseconds: number) => void;
}

/** The freshness that the gateway uses. */
export const gatewayFreshness = {
  refreshEvery: 250,
  waitBeyond: 500,
  patience: 400,
  ceiling: 5000,
} as const;

/** A view of a log; its clock moves by hand, unless the options bring one. */
export function logServer(first: LogAnswer, options: Partial<FreshViewOptions> = {}): LogServer {
  let current = first;
  let now = 1000;
  const asked: number[] = [];
  const view = createFreshView({
    ...gatewayFreshness,
    now: () => now,
    load: async (after, signal) => {
      asked.push(after);
      return current(after, signal);
    },
    ...options,
  });
  return {
    view,
    asked,
    answer: (answer) => {
      current = answer;
    },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** Answers as a log that has these records: a snapshot at first, then what follows. */
export function serveLog(records: readonly FeedRecord[]): LogAnswer {
  return (after) => {
    const seq = records.at(-1)?.seq ?? 0;
    const following = records.filter((record) => record.seq > after);
    return pageOf(following, { seq, full: after === 0 });
  };
}

/** Answers as a log that is down. */
export const brokenLog: LogAnswer = () => Promise.reject(new Error('The log is down'));

/** A log that never answers. */
export const silentLog: LogAnswer = () => new Promise<FeedPage>(() => {});

/** What a view says of a chain: `revoked`, `not revoked`, or the code with which it refuses. */
export async function verdict(
  view: FreshView,
  ...chain: readonly TokenIdentity[]
): Promise<string> {
  try {
    return (await view.isRevoked(chain)) ? 'revoked' : 'not revoked';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/**
 * Runs the synchronous part of some work with timers that never fire: what is left of a request
 * that was cancelled, whose I/O and timers the runtime has dropped.
 */
export function asCancelled<T>(work: () => T): T {
  const { setTimeout: real } = globalThis;
  const dead: unknown = () => 0;
  Object.assign(globalThis, { setTimeout: dead });
  try {
    return work();
  } finally {
    Object.assign(globalThis, { setTimeout: real });
  }
}

/** An answer that is given when the case says so. */
export function heldAnswer(answer: LogAnswer): {
  readonly answer: LogAnswer;
  readonly release: () => void;
} {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    answer: async (after, signal) => {
      await gate;
      return answer(after, signal);
    },
    release,
  };
}
