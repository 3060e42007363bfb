// What few tokens need is loaded with the first of them: a page that never sees one never fetches it.

import { TokenError, type Result } from '../errors/token_error.ts';
import { andThen, type Maybe } from '../token/maybe.ts';
import type * as Parts from './parts.ts';

let loaded: typeof Parts | undefined;

/**
 * Goes on with the parts for proofs, delegations and unusual JSON: at once when they are there.
 *
 * Where they cannot be loaded the answer is a refusal, and the next call tries again.
 */
export function withParts<T>(
  use: (parts: typeof Parts) => Maybe<Result<T, TokenError>>,
): Maybe<Result<T, TokenError>> {
  // What is kept is the module, never the promise: in Workers no request waits for another's
  const parts =
    loaded ??
    import('./parts.ts').then(
      (module) => (loaded = module),
      (cause: unknown) => new TokenError('key_unavailable', { cause }),
    );
  return andThen<typeof Parts | TokenError, Result<T, TokenError>>(parts, (got) =>
    got instanceof TokenError ? { ok: false, error: got } : use(got),
  );
}
