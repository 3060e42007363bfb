// Decision → record: the members that the audit log keeps of it, and nothing else, spelled at once.

import type { Actor } from '../../src/verify/index.ts';
import { clean } from './clean.ts';
import type { Decision, Hop, Who } from './decision.ts';

/**
 * An entry before it has a place in a shard: the inside of a JSON object, of printable ASCII, that
 * begins with its kind. Text is handed on at a tenth of what members cost.
 */
export type Draft = string;

const maxHops = 16;
const maxPlain = 128;
// Needs neither cleaning nor escaping
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A text from outside as a JSON string, made harmless. */
function quote(text: string): string {
  const isPlain = text.length <= maxPlain && plain.test(text);
  return isPlain ? `"${text}"` : JSON.stringify(clean(text));
}

/** A member that is known, and what follows others begins with a comma. */
const member = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${quote(value)}`;

const listOf = <T>(items: readonly T[], spell: (item: T) => string): string =>
  `[${items.slice(0, maxHops).map(spell).join(',')}]`;

function spellHop({ issuer, tokenId, sessionId, agentIds, keyThumbprint, jkt }: Hop): string {
  const origin = member('token', tokenId) + member('session', sessionId);
  const agents = `,"agents":${listOf(agentIds, quote)}`;
  const keys = member('key', keyThumbprint) + member('jkt', jkt);
  return `{"issuer":${quote(issuer)}${origin}${agents}${keys}}`;
}

const spellActor = ({ agentId, authenticated, jkt }: Actor): string =>
  `{"agent":${quote(agentId)},"authenticated":${authenticated}${member('jkt', jkt)}}`;

function spellWho(who: Who): string {
  const { actors, hops } = who;
  const names = member('agent', who.agent) + member('subject', who.subject);
  const token = member('issuer', who.issuer) + member('token', who.tokenId);
  const session = member('session', who.sessionId);
  const keys = member('key', who.keyThumbprint) + member('jkt', who.jkt);
  const acting = actors.length > 0 ? `,"actors":${listOf(actors, spellActor)}` : '';
  const chain = hops.length > 1 ? `,"hops":${listOf(hops, spellHop)}` : '';
  return names + token + session + keys + acting + chain;
}

/** How every entry begins; its time in milliseconds since the epoch becomes seconds. */
export const draftStart = (kind: 'record' | 'summary' | 'gap', milliseconds: number): Draft =>
  `"kind":"${kind}","at":${Math.round(milliseconds) / 1000}`;

/** The record of a decision. */
export function draftOf(decision: Decision): Draft {
  const { trace, allowed, status, who } = decision;
  const origin = `,"via":"${decision.via}","trace":"${trace.traceId}","span":"${trace.spanId}"`;
  const route = member('route', decision.route) + member('method', decision.method);
  const wanted = member('action', decision.action) + member('resource', decision.resource);
  const code = member('code', decision.code) + (status === undefined ? '' : `,"status":${status}`);
  const judged = `,"decision":"${allowed ? 'allow' : 'deny'}"${code}`;
  const about = who === undefined ? '' : spellWho(who);
  return draftStart('record', decision.at) + origin + route + wanted + judged + about;
}

/** The draft of refusals that were only counted. */
export function summaryOf(decision: Decision, count: number, now: number): Draft {
  const { route, method, code = 'other' } = decision;
  const reason = member('route', route) + member('method', method) + member('code', code);
  return `${draftStart('summary', now)}${reason},"count":${count}`;
}
