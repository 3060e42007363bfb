// The grant client_credentials (RFC 6749 section 4.4): an agent gets a token for itself.

import { isAgentId } from '../../../src/verify/index.ts';
import { clientWho } from '../../observe/decision.ts';
import type { Grant } from './grant.ts';
import { admitIssue } from './issue_admission.ts';
import { refuseTooLarge, tokenResponse } from './token_response.ts';
import { ownIdentity } from './token_identity.ts';
import { askedSession, sessionEnded } from './token_session.ts';
import { grantedAudience, grantedScope } from './token_scope.ts';

/**
 * Grants an agent what it asks for and may have. `may_act`, a parameter of our own, names the agent
 * that may exchange the token (RFC 8693 section 4.4), where an operator allows it too.
 */
export const clientCredentials: Grant = async ({ form, client, proof }, context) => {
  const { config, settings, keys, issueToken } = context;
  const asked = form.get('scope');
  if (grantedScope(asked, client.registration) === undefined) return { refused: 'invalid_scope' };
  const audience = grantedAudience(form, config);
  if (audience === undefined) return { refused: 'invalid_target' };
  const session = await askedSession(form, client.registration.id);
  const mayAct = form.get('may_act');
  const malformed = session === null || (mayAct !== undefined && !isAgentId(mayAct));
  if (malformed) return { refused: 'invalid_request' };
  if (await sessionEnded(session, context)) return { refused: 'invalid_grant' };
  // Before anything is recorded as used: without a key there is nothing to use it for
  const key = await keys.signer();
  const lifetime = settings.tokenLifetime;
  const sid = session ?? crypto.randomUUID();
  const tokenId = crypto.randomUUID();
  const identity = ownIdentity(
    {
      tokenId,
      sessionId: sid,
      agentIds: [client.registration.id],
      kid: key.kid,
      jkt: proof?.jkt,
    },
    context,
  );
  const issuance = { sid, lifetime, identities: [identity] };
  const admitted = await admitIssue({ client, proof }, issuance, context);
  if ('refused' in admitted) return admitted;
  const { registration, status } = admitted;
  const scope = grantedScope(asked, registration);
  if (scope === undefined) return { refused: 'invalid_scope' };
  const request = { registration, sid, scope, audience, jkt: proof?.jkt, mayAct, tokenId, status };
  const who = clientWho(registration.id, config.issuer, {
    hops: [identity],
    tokenId,
    sessionId: sid,
    keyThumbprint: key.kid,
    jkt: proof?.jkt,
  });
  return refuseTooLarge(async () => ({
    who,
    granted: tokenResponse(await issueToken(key, request), { proof, lifetime, scope }),
  }));
};
