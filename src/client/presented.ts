// A token that is about to be presented: its form checked, whoever handed it out.

import { isDelegationText, isTokenText, type AccessToken } from './access_token.ts';
import { CallerMistake } from './caller_mistake.ts';
import { isSigningKey } from './token_source_options.ts';

/**
 * A source may be anybody's: what is not a token must not become a header.
 *
 * @throws CallerMistake
 */
export function checkAccess(access: AccessToken): AccessToken {
  const { scheme, token, key, delegation } = access;
  const isKnown = scheme === 'Bearer' || (scheme === 'DPoP' && isSigningKey(key));
  if (!isKnown || !isTokenText(token)) {
    throw new CallerMistake('"source" must give { token, scheme }, and the key of a DPoP token');
  }
  // RFC 9449: a chain is worth nothing without a proof by its last key
  if (delegation !== undefined && !(scheme === 'DPoP' && isDelegationText(delegation))) {
    throw new CallerMistake('"source" must give hops of delegation beside a DPoP token only');
  }
  return access;
}
