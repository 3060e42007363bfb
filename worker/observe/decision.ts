// Decision and Observer: what every part tells about a request that it let through or refused.

import type { Actor, TokenIdentity, VerifiedAgent } from '../../src/verify/index.ts';
import type { Trace } from './trace.ts';

/** A token or an off-line hop of a chain. */
export type Hop = Omit<TokenIdentity, 'issuedAt' | 'expiresAt' | 'status'>;

/** Who a decision is about: what a verified token says, never the token itself. */
export interface Who {
  /** The presenter. */
  readonly agent: string;
  /** The agent acted for; the same as `agent` without delegation. */
  readonly subject: string;
  /** The actors of a delegation, newest first. */
  readonly actors: readonly Actor[];
  /** The token, its ancestors and the off-line hops, oldest hop last: every hop by name. */
  readonly hops: readonly Hop[];
  readonly issuer: string;
  readonly tokenId: string | undefined;
  readonly sessionId: string | undefined;
  /** Thumbprint of the key that verified the token. */
  readonly keyThumbprint: string | undefined;
  /** Thumbprint of the key that the presenter proved. */
  readonly jkt: string | undefined;
}

/** One decision, allow or deny. Its record is written by the observer, escaped and truncated. */
export interface Decision {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `authority`: something that the authority did, also by itself (a key that rotates). */
  readonly via: 'http' | 'socket' | 'authority';
  readonly trace: Trace;
  /** The path of the route table (`/bus/messages/:id`), never the path of the request. */
  readonly route: string;
  /** The method of the route table, or the type of a socket's frame. */
  readonly method: string;
  /** `undefined` until a token was verified: nothing that an unverified one says is recorded. */
  readonly who: Who | undefined;
  /** What was to be done: a scope without its third part (`bus:publish`), or the authority's own (`token:issue`). */
  readonly action: string;
  /** What it was to be done to: the envelope's subject, the tool, the agent, the key. */
  readonly resource: string | undefined;
  readonly allowed: boolean;
  /** The reason of a refusal: a code of a table. */
  readonly code: string | undefined;
  /** The HTTP status of a refusal; `undefined` for what is let through, whose answer is not known yet. */
  readonly status: number | undefined;
}

/** The stages that a request waits in. */
export type Stage = 'view' | 'admission' | 'upstream' | 'total';

/** What a request took, once it is answered: for metrics alone. */
export interface Sample {
  /** Milliseconds, by stage; one that was not entered is left out. */
  readonly timings: Readonly<Partial<Record<Stage, number>>>;
  /** Envelopes that the bus accepted or handed out. */
  readonly messages?: number;
}

/** Takes down decisions. */
export interface Observer {
  /**
   * Records a decision. Where a promise is returned (`AUDIT=required`, and the decision allows), wait
   * for it before anything is forwarded: it resolves when the record is durable, and rejects with
   * TokenError `audit_unavailable`. Never throws.
   */
  record(decision: Decision): Promise<void> | undefined;
  /** Counts what an answered request took. Never throws, never waits. */
  measure(sample: Sample): void;
}

/** What a record says of a verified agent. */
export function whoOf(agent: VerifiedAgent): Who {
  const { agentId, subjectId, actors, identities, issuer } = agent;
  const { tokenId, sessionId, keyThumbprint, jkt } = agent;
  const token = { issuer, tokenId, sessionId, keyThumbprint, jkt };
  return { agent: agentId, subject: subjectId, actors, hops: identities, ...token };
}

/** A client of the authority, as far as it is known: it authenticated itself, or was enrolled. */
export function clientWho(id: string, issuer: string, known: Partial<Who> = {}): Who {
  return {
    agent: id,
    subject: id,
    actors: [],
    hops: [],
    issuer,
    tokenId: undefined,
    sessionId: undefined,
    keyThumbprint: undefined,
    jkt: undefined,
    ...known,
  };
}
