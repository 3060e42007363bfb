// What a verifier asks of others: keys, revocation, who a delegate is. A hook that fails or lies means refusal.

import { TokenError } from '../errors/token_error.ts';
import { canonicalAlgorithm } from '../keys/algorithms.ts';
import type { KeyQuery, KeySource, VerificationKey } from '../keys/key_source.ts';
import type { RevocationSource } from '../revoke/revocation_source.ts';
import type { VerifiedAgent } from '../token/agent.ts';
import type { TokenIdentity } from '../token/identity.ts';
import { isName } from '../token/shape.ts';
import type { AcceptedToken } from './accept.ts';
import { withAuthenticated } from './accept_chain.ts';
import type { Policy } from './policy.ts';

const asRefusal = (cause: unknown, code: 'key_unavailable' | 'revocation_unavailable') =>
  cause instanceof TokenError ? cause : new TokenError(code, { cause });

/** Finds the one key of a token; without a pause where the source has it in memory. */
export async function findKey(
  source: KeySource,
  query: KeyQuery,
): Promise<VerificationKey | TokenError> {
  try {
    const found = source.find(query);
    const key = found instanceof Promise ? await found : found;
    // A source of the caller's own making may be less strict than ours (RFC 8725 section 3.1).
    return canonicalAlgorithm(key.alg) === canonicalAlgorithm(query.alg) && isName(key.thumbprint)
      ? key
      : new TokenError('key_unusable');
  } catch (cause) {
    return asRefusal(cause, 'key_unavailable');
  }
}

/** Asks whether a token or an ancestor is revoked; `undefined` means that none is. */
export async function askRevocation(
  source: RevocationSource,
  identities: readonly TokenIdentity[],
): Promise<TokenError | undefined> {
  try {
    const answer = source.isRevoked(identities);
    const revoked = typeof answer === 'boolean' ? answer : await answer;
    return revoked === false ? undefined : new TokenError('token_revoked');
  } catch (cause) {
    return asRefusal(cause, 'revocation_unavailable');
  }
}

/** The agent of a token, after asking who the delegates of its chain are: each time, ids change hands. */
export async function authenticateDelegates(
  { authenticateActor }: Policy,
  accepted: AcceptedToken,
): Promise<VerifiedAgent | TokenError> {
  const { agent, delegates } = accepted;
  if (authenticateActor === undefined || delegates.length === 0) return agent;
  try {
    const answers = await Promise.all(
      delegates.map(async ({ agentId, jkt }) => (await authenticateActor(agentId, jkt)) === true),
    );
    return withAuthenticated(accepted, answers);
  } catch (cause) {
    return asRefusal(cause, 'key_unavailable');
  }
}
