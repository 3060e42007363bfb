// The session that a token belongs to: one run of an agent, which it may name so that all its tokens end together.

import type { AuthorityContext } from '../context.ts';
import type { Form } from '../http/form.ts';

// As long as a random id is: one that could be guessed might be another agent's
const wellFormed = /^[\w-]{22,64}$/;

/** The session that a token request names (`sid`, a parameter of our own); `null`: a malformed one. */
export function askedSession(form: Form): string | undefined | null {
  const sid = form.get('sid');
  return sid === undefined || wellFormed.test(sid) ? sid : null;
}

/**
 * Tells whether a session was revoked: what is issued in it would be refused everywhere, until the
 * record is pruned with the last token that it covers.
 */
export async function sessionEnded(
  sid: string | undefined,
  { config, revocation, settings, now }: AuthorityContext,
): Promise<boolean> {
  if (sid === undefined) return false;
  const issuedAt = Math.floor(now() / 1000);
  const session = {
    issuer: config.issuer,
    tokenId: undefined,
    sessionId: sid,
    agentIds: [],
    keyThumbprint: '',
    jkt: undefined,
    issuedAt,
    expiresAt: issuedAt + settings.tokenLifetime,
  };
  return (await revocation.isRevoked([session])) !== false;
}
