// The session that a token belongs to: one run of an agent, which it may name so that all its tokens end together.

import { base64url } from 'jose';
import type { AuthorityContext } from '../context.ts';
import type { Form } from '../http/form.ts';

// As long as a random id is: it is the name of one run, and of no other of its agent
const wellFormed = /^[\w-]{22,64}$/;
const encoder = new TextEncoder();

/**
 * The session that a token request names (`sid`, a parameter of our own); `null`: a malformed one.
 *
 * The same name is another session for each client: whoever sees a token sees its session, and must
 * not be able to join it, and to end it with what is in it.
 */
export async function askedSession(
  form: Form,
  clientId: string,
): Promise<string | undefined | null> {
  const name = form.get('sid');
  if (name === undefined) return undefined;
  if (!wellFormed.test(name)) return null;
  // Ids of agents have no spaces
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(`${clientId} ${name}`));
  return base64url.encode(new Uint8Array(digest));
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
