// What every grant asks of the client's object before it issues: one call that decides and records all of it.

import type { AuthorityContext } from './context.ts';
import type { GrantRequest } from './grant.ts';
import type { ClientRefusal } from './oauth_error.ts';
import type { Registration } from './registration.ts';

/** What is to be issued. */
export interface Issuance {
  /** A session to go on with; `undefined`: a new one. */
  readonly sid: string | undefined;
  /** Of the token, in seconds. */
  readonly lifetime: number;
}

/** Leave to issue one token. */
export interface Admitted {
  /** It may be newer than the one that the request was checked against. */
  readonly registration: Registration;
  readonly sid: string;
}

/**
 * Asks the object of the client: registered, enabled, the same key, assertion and proof used for the
 * first time. On a refusal nothing is recorded.
 */
export async function admitIssue(
  { client, proof }: Pick<GrantRequest, 'client' | 'proof'>,
  { sid, lifetime }: Issuance,
  { bindings, clients, settings }: AuthorityContext,
): Promise<Admitted | ClientRefusal> {
  const { assertionUse, jkt, registration: known } = client;
  const decision = await bindings.AGENT.getByName(known.id).admitIssue({
    version: known.version,
    jkt,
    uses: proof === undefined ? [assertionUse] : [assertionUse, proof.use],
    lifetime,
    ...(sid === undefined ? {} : { sid }),
  });
  if (decision.kind === 'refused') {
    // The object knows better than this isolate
    clients.forget(known.id);
    return { refused: 'invalid_client' };
  }
  if (decision.kind === 'replayed') {
    return { refused: decision.index === 0 ? 'invalid_client' : 'invalid_dpop_proof' };
  }
  const { registration } = decision;
  const needsProof = registration.dpop === 'required' || settings.dpopTiers.has(registration.tier);
  if (proof === undefined && needsProof) return { refused: 'proof_missing' };
  return { registration, sid: decision.sid };
}
