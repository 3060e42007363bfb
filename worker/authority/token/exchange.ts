// The grant token-exchange (RFC 8693): a client gets a token to act for somebody, narrower than the one it brings.

import { CompactSign } from 'jose';
import { TokenError, type Actor, type VerifiedAgent } from '../../../src/verify/index.ts';
import type { SigningKey } from '../../../src/issue/index.ts';
import { clientWho } from '../../observe/decision.ts';
import type { AuthorityContext } from '../context.ts';
import { delegatedClaims, type DelegatedToken } from './delegated_claims.ts';
import {
  hasRoom,
  narrowedAudience,
  narrowedHops,
  narrowedScope,
  narrowedTier,
} from './exchange_narrow.ts';
import { issuedTokenType, readNamedTokens, readParties } from './exchange_subject.ts';
import type { Grant } from './grant.ts';
import { admitIssue } from './issue_admission.ts';
import { refuseTooLarge, tokenResponse } from './token_response.ts';
import { ownIdentity } from './token_identity.ts';
import { askedSession, sessionEnded } from './token_session.ts';

const maxBytes = 4096;
const encoder = new TextEncoder();

async function sign(
  key: SigningKey,
  subject: VerifiedAgent,
  token: DelegatedToken,
): Promise<string> {
  const text = JSON.stringify(delegatedClaims(subject, token));
  const signed = await new CompactSign(encoder.encode(text))
    .setProtectedHeader({ alg: key.alg, typ: 'at+jwt', kid: key.kid })
    .sign(key.privateKey);
  if (signed.length > maxBytes) throw new TokenError('token_too_large');
  return signed;
}

const actorId = ({ agentId }: Actor): string => agentId;

/** Whole seconds that the new token lives: never longer than what it came from. */
function lifetimeOf(expiresAt: number, { settings, now }: AuthorityContext): number {
  return Math.floor(Math.min(settings.tokenLifetime, expiresAt - Math.floor(now() / 1000)));
}

/**
 * Exchanges a token. Whose it may be, {@link readParties} says; scope, tier, audience and time only
 * narrow. The result names every ancestor: whoever verifies it sees that it narrowed, and what ends
 * an ancestor ends it.
 */
export const tokenExchange: Grant = async ({ form, client, proof, delegation }, context) => {
  const { config, keys, now } = context;
  const named = readNamedTokens(form);
  if ('refused' in named) return named;
  const session = await askedSession(form, client.registration.id);
  if (session === null) return { refused: 'invalid_request' };
  const parties = await readParties(named, { client, proof, delegation }, context);
  if ('refused' in parties) return parties;
  const { subject } = parties;
  const lifetime = lifetimeOf(parties.expiresAt, context);
  if (!hasRoom(subject) || lifetime < 1) return { refused: 'subject_refused' };
  const asked = form.get('scope');
  if (narrowedScope(asked, subject, client.registration) === undefined) {
    return { refused: 'invalid_scope' };
  }
  const audience = narrowedAudience(form, subject, config);
  if (audience === undefined) return { refused: 'invalid_target' };
  if (await sessionEnded(session, context)) return { refused: 'invalid_grant' };
  // Before anything is recorded as used: without a key there is nothing to use it for
  const key = await keys.signer();
  const sid = session ?? crypto.randomUUID();
  const tokenId = crypto.randomUUID();
  const agentIds = [
    ...new Set([subject.subjectId, client.registration.id, ...subject.actors.map(actorId)]),
  ];
  const identity = ownIdentity(
    { tokenId, sessionId: sid, agentIds, kid: key.kid, jkt: proof?.jkt },
    context,
  );
  const identities = [identity, ...subject.identities];
  const issuance = { sid, lifetime, identities };
  const admitted = await admitIssue({ client, proof }, issuance, context);
  if ('refused' in admitted) return admitted;
  const { registration, status } = admitted;
  // The registration may be newer, and narrower, than the one above
  const scope = narrowedScope(asked, subject, registration);
  const tier = narrowedTier(subject, registration);
  if (scope === undefined || tier === undefined) return { refused: 'invalid_scope' };
  const issuedAt = Math.floor(now() / 1000);
  const expiresAt = Math.min(issuedAt + lifetime, parties.expiresAt);
  return refuseTooLarge(async () => {
    const token = await sign(key, subject, {
      issuer: config.issuer,
      audience,
      actor: registration.id,
      tokenId,
      status,
      sessionId: sid,
      tier,
      scope,
      issuedAt,
      expiresAt,
      jkt: proof?.jkt,
      hops: proof === undefined ? undefined : narrowedHops(subject, registration),
      kid: key.kid,
    });
    const response = tokenResponse(token, { proof, lifetime: expiresAt - issuedAt, scope });
    const who = clientWho(registration.id, config.issuer, {
      subject: subject.subjectId,
      actors: subject.actors,
      hops: identities,
      tokenId,
      sessionId: sid,
      keyThumbprint: key.kid,
      jkt: proof?.jkt,
    });
    return { who, granted: { ...response, issued_token_type: issuedTokenType } };
  });
};
