// What a token that is about to be issued will be revoked by.

import type { AuthorityContext } from '../context.ts';
import type { StatusIdentity } from '../status/status_match.ts';

/** What is known of a token before it is issued. */
export interface Identifying {
  readonly tokenId: string;
  readonly sessionId: string;
  /** The agent acted for, then the actors. */
  readonly agentIds: readonly string[];
  /** Thumbprint of the key that will sign it. */
  readonly kid: string;
  readonly jkt: string | undefined;
}

/** The identity of a token of this authority that is issued now. */
export function ownIdentity(
  { tokenId, sessionId, agentIds, kid, jkt }: Identifying,
  { config, now }: Pick<AuthorityContext, 'config' | 'now'>,
): StatusIdentity {
  return {
    issuer: config.issuer,
    tokenId,
    sessionId,
    agentIds,
    keyThumbprint: kid,
    jkt,
    issuedAt: Math.floor(now() / 1000),
  };
}
