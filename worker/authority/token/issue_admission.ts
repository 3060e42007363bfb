// What every grant asks of the client's object before it issues: one call that decides and records all of it.

import type { StatusClaim } from '../../../src/verify/index.ts';
import type { AuthorityContext } from '../context.ts';
import type { GrantRequest } from './grant.ts';
import type { ClientRefusal } from '../http/oauth_error.ts';
import type { StatusIdentity } from '../status/status_match.ts';
import { statusClaim } from '../status/status_uri.ts';
import type { Registration } from '../agent/registration.ts';

/** What is to be issued. */
export interface Issuance {
  /** A session to go on with, or a new one. */
  readonly sid: string;
  /** Of the token, in seconds. */
  readonly lifetime: number;
  /** What the token is revoked by: of itself first, then of its ancestors. */
  readonly identities: readonly StatusIdentity[];
}

/** Leave to issue one token. */
export interface Admitted {
  /** It may be newer than the one that the request was checked against. */
  readonly registration: Registration;
  /** Where the token's status is listed. */
  readonly status: StatusClaim;
}

/**
 * Asks the object of the client: registered, enabled, the same key, assertion and proof used for the
 * first time. On a refusal nothing is recorded.
 */
export async function admitIssue(
  { client, proof }: Pick<GrantRequest, 'client' | 'proof'>,
  { sid, lifetime, identities }: Issuance,
  { bindings, clients, config, settings, now }: AuthorityContext,
): Promise<Admitted | ClientRefusal> {
  const { assertionUse, jkt, registration: known } = client;
  const decision = await bindings.AGENT.getByName(known.id).admitIssue({
    version: known.version,
    jkt,
    uses: proof === undefined ? [assertionUse] : [assertionUse, proof.use],
    lifetime,
    sid,
    status: {
      issuer: config.issuer,
      // A second more: it is signed a moment later
      token: { identities, expiresAt: now() / 1000 + lifetime + 1 },
    },
  });
  if (decision.kind === 'refused') {
    // The object knows better than this isolate
    clients.forget(known.id);
    return { refused: 'invalid_client' };
  }
  if (decision.kind === 'replayed') {
    return { refused: decision.index === 0 ? 'invalid_client' : 'invalid_dpop_proof' };
  }
  const { registration, index } = decision;
  const needsProof = registration.dpop === 'required' || settings.dpopTiers.has(registration.tier);
  if (proof === undefined && needsProof) return { refused: 'proof_missing' };
  if (index === undefined) throw new Error('The object answered another question');
  return { registration, status: statusClaim(index, config) };
}
