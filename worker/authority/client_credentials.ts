// The grant client_credentials (RFC 6749 section 4.4): an agent gets a token for itself.

import { TokenError } from '../../src/verify/index.ts';
import type { Grant } from './grant.ts';
import { askedSession, sessionEnded } from './token_session.ts';
import { grantedAudience, grantedScope } from './token_scope.ts';

/**
 * Grants an agent what it asks for and may have. One call of its object decides: registered,
 * enabled, the same key, assertion and proof used for the first time; and records the session.
 */
export const clientCredentials: Grant = async ({ form, client, proof }, context) => {
  const { bindings, clients, config, settings, keys, issueToken } = context;
  const { assertionUse, jkt } = client;
  const asked = form.get('scope');
  if (grantedScope(asked, client.registration) === undefined) return { refused: 'invalid_scope' };
  const audience = grantedAudience(form, config);
  if (audience === undefined) return { refused: 'invalid_target' };
  const session = askedSession(form);
  if (session === null) return { refused: 'invalid_request' };
  if (await sessionEnded(session, context)) return { refused: 'invalid_grant' };
  // Before anything is recorded as used: without a key there is nothing to use it for
  const key = await keys.signer();
  const lifetime = settings.tokenLifetime;
  const decision = await bindings.AGENT.getByName(client.registration.id).admitIssue({
    version: client.registration.version,
    jkt,
    uses: proof === undefined ? [assertionUse] : [assertionUse, proof.use],
    lifetime,
    ...(session === undefined ? {} : { sid: session }),
  });
  if (decision.kind === 'refused') {
    // The object knows better than this isolate
    clients.forget(client.registration.id);
    return { refused: 'invalid_client' };
  }
  if (decision.kind === 'replayed') {
    return { refused: decision.index === 0 ? 'invalid_client' : 'invalid_dpop_proof' };
  }
  // The registration may be newer than the one that was asked against
  const { registration, sid } = decision;
  const scope = grantedScope(asked, registration);
  if (scope === undefined) return { refused: 'invalid_scope' };
  const needsProof = registration.dpop === 'required' || settings.dpopTiers.has(registration.tier);
  if (proof === undefined && needsProof) return { refused: 'proof_missing' };
  try {
    const request = { registration, sid, scope, audience, jkt: proof?.jkt };
    return {
      granted: {
        access_token: await issueToken(key, request),
        token_type: proof === undefined ? 'Bearer' : 'DPoP',
        expires_in: lifetime,
        ...(scope.length === 0 ? {} : { scope: scope.join(' ') }),
      },
    };
  } catch (error) {
    if (error instanceof TokenError && error.code === 'token_too_large') {
      return { refused: 'invalid_scope' };
    }
    throw error;
  }
};
