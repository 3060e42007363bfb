// What a verifier asks of others: keys and revocation. A hook that fails or lies means refusal.

import { TokenError } from '../errors/token_error.ts';
import { canonicalAlgorithm } from '../keys/algorithms.ts';
import type { KeyQuery, KeySource, VerificationKey } from '../keys/key_source.ts';
import type { RevocationSource } from '../revoke/revocation_source.ts';
import type { TokenIdentity } from '../token/identity.ts';
import type { Maybe } from '../token/maybe.ts';
import { isName } from '../token/shape.ts';

/** What a hook threw, as a refusal. */
export const asRefusal = (
  cause: unknown,
  code: 'key_unavailable' | 'revocation_unavailable',
): TokenError => (cause instanceof TokenError ? cause : new TokenError(code, { cause }));

/** A source of the caller's own making may be less strict than ours (RFC 8725 section 3.1). */
function checkedKey(key: VerificationKey, query: KeyQuery): VerificationKey | TokenError {
  try {
    return canonicalAlgorithm(key.alg) === canonicalAlgorithm(query.alg) && isName(key.thumbprint)
      ? key
      : new TokenError('key_unusable');
  } catch (cause) {
    return asRefusal(cause, 'key_unavailable');
  }
}

/** Finds the one key of a token; without a pause where the source has it in memory. */
export function findKey(source: KeySource, query: KeyQuery): Maybe<VerificationKey | TokenError> {
  const failed = (cause: unknown): TokenError => asRefusal(cause, 'key_unavailable');
  try {
    const found = source.find(query);
    return found instanceof Promise
      ? found.then((key) => checkedKey(key, query), failed)
      : checkedKey(found, query);
  } catch (cause) {
    return failed(cause);
  }
}

/** Asks whether a token or an ancestor is revoked; `undefined` means that none is. */
export function askRevocation(
  source: RevocationSource,
  identities: readonly TokenIdentity[],
): Maybe<TokenError | undefined> {
  const failed = (cause: unknown): TokenError => asRefusal(cause, 'revocation_unavailable');
  const judge = (revoked: unknown): TokenError | undefined =>
    revoked === false ? undefined : new TokenError('token_revoked');
  try {
    const answer = source.isRevoked(identities);
    return typeof answer === 'boolean'
      ? judge(answer)
      : Promise.resolve(answer).then(judge, failed);
  } catch (cause) {
    return failed(cause);
  }
}
