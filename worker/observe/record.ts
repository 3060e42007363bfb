// Decision → record: the members that the audit log keeps of it, and nothing else.

import { clean } from './clean.ts';
import type { Decision, Hop, Who } from './decision.ts';

/** An entry before it has a place in a shard: JSON of printable ASCII. */
export interface Draft {
  readonly kind: 'record' | 'summary';
  /** Seconds since the epoch, to the millisecond. */
  readonly at: number;
  readonly members: Readonly<Record<string, unknown>>;
}

type Members = Record<string, unknown>;

const maxHops = 16;

function named(members: Readonly<Record<string, string | undefined>>): Members {
  const named: Members = {};
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) named[name] = clean(value);
  }
  return named;
}

function hopOf({ issuer, tokenId, sessionId, agentIds, keyThumbprint, jkt }: Hop): Members {
  return {
    ...named({ issuer, token: tokenId, session: sessionId }),
    agents: agentIds.slice(0, maxHops).map((id) => clean(id)),
    ...named({ key: keyThumbprint, jkt }),
  };
}

function whoMembers({
  agent,
  subject,
  issuer,
  tokenId,
  sessionId,
  keyThumbprint,
  jkt,
  ...chain
}: Who): Members {
  const actors = chain.actors.slice(0, maxHops).map(({ agentId, authenticated, jkt: key }) => ({
    agent: clean(agentId),
    authenticated,
    ...named({ jkt: key }),
  }));
  const hops = chain.hops.length > 1 ? chain.hops.slice(0, maxHops).map(hopOf) : [];
  return {
    ...named({
      agent,
      subject,
      issuer,
      token: tokenId,
      session: sessionId,
      key: keyThumbprint,
      jkt,
    }),
    ...(actors.length === 0 ? {} : { actors }),
    ...(hops.length === 0 ? {} : { hops }),
  };
}

/** A time in milliseconds as records have it. */
export const recordTime = (milliseconds: number): number => Math.round(milliseconds) / 1000;

/** The record of a decision. */
export function draftOf(decision: Decision): Draft {
  const { at, via, trace, route, method, action, resource, allowed, code, status, who } = decision;
  return {
    kind: 'record',
    at: recordTime(at),
    members: {
      via,
      trace: trace.traceId,
      span: trace.spanId,
      ...named({ route, method, action, resource }),
      decision: allowed ? 'allow' : 'deny',
      ...named({ code }),
      ...(status === undefined ? {} : { status }),
      ...(who === undefined ? {} : whoMembers(who)),
    },
  };
}
