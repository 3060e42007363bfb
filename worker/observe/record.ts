// Decision → record: the members that the audit log keeps of it, and nothing else.

import type { Actor } from '../../src/verify/index.ts';
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

/** Adds a member that is known, made harmless. Every request is recorded: no list is made of the others. */
function put(members: Members, name: string, value: string | undefined): void {
  if (value !== undefined) members[name] = clean(value);
}

function hopOf({ issuer, tokenId, sessionId, agentIds, keyThumbprint, jkt }: Hop): Members {
  const members: Members = {};
  put(members, 'issuer', issuer);
  put(members, 'token', tokenId);
  put(members, 'session', sessionId);
  members['agents'] = agentIds.slice(0, maxHops).map((id) => clean(id));
  put(members, 'key', keyThumbprint);
  put(members, 'jkt', jkt);
  return members;
}

function actorOf({ agentId, authenticated, jkt }: Actor): Members {
  const members: Members = { agent: clean(agentId), authenticated };
  put(members, 'jkt', jkt);
  return members;
}

function putWho(members: Members, who: Who): void {
  put(members, 'agent', who.agent);
  put(members, 'subject', who.subject);
  put(members, 'issuer', who.issuer);
  put(members, 'token', who.tokenId);
  put(members, 'session', who.sessionId);
  put(members, 'key', who.keyThumbprint);
  put(members, 'jkt', who.jkt);
  const { actors, hops } = who;
  if (actors.length > 0) members['actors'] = actors.slice(0, maxHops).map(actorOf);
  if (hops.length > 1) members['hops'] = hops.slice(0, maxHops).map(hopOf);
}

/** A time in milliseconds as records have it. */
export const recordTime = (milliseconds: number): number => Math.round(milliseconds) / 1000;

/** The record of a decision. */
export function draftOf(decision: Decision): Draft {
  const { trace, allowed, status, who } = decision;
  const members: Members = { via: decision.via, trace: trace.traceId, span: trace.spanId };
  put(members, 'route', decision.route);
  put(members, 'method', decision.method);
  put(members, 'action', decision.action);
  put(members, 'resource', decision.resource);
  members['decision'] = allowed ? 'allow' : 'deny';
  put(members, 'code', decision.code);
  if (status !== undefined) members['status'] = status;
  if (who !== undefined) putWho(members, who);
  return { kind: 'record', at: recordTime(decision.at), members };
}
