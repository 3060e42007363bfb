// Acting for the subject of a delegation on the bus, which takes a scope of its own.

import { isAgentId, TokenError, type VerifiedAgent } from '../../src/verify/index.ts';

/**
 * The scopes that it takes to use the name or mailbox of `id`: none for one's own, `bus:represent`
 * for the subject's.
 *
 * @throws TokenError `sender_mismatch` for anybody else's
 */
export function representScope(agent: VerifiedAgent, id: string | undefined): readonly string[] {
  if (id === undefined || id === agent.agentId) return [];
  if (id === agent.subjectId) return ['bus:represent'];
  throw new TokenError('sender_mismatch');
}

/** The mailbox that a request is about: `?agent=`, or one's own. */
export function mailboxOf(agent: VerifiedAgent, named: string | undefined): string {
  if (named === undefined) return agent.agentId;
  if (!isAgentId(named)) throw new TokenError('message_malformed');
  return named;
}

/** The scopes that it takes to receive from a mailbox: everything, or what has a subject. */
export function receiveScopes(
  agent: VerifiedAgent,
  mailbox: string,
  subject?: string,
): readonly string[] {
  const scope = subject === undefined ? 'bus:receive' : `bus:receive:${subject}`;
  return [scope, ...representScope(agent, mailbox)];
}
