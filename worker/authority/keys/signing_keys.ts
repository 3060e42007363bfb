// Takes a signing key of ours out of use, for whatever part of the authority hears that it is compromised.

import type { AuthorityContext } from '../context.ts';

/**
 * Takes a key out of the ring: it leaves the JWKS and its successor signs at once. To call after its
 * revocation was recorded: until then tokens of it are good.
 *
 * @returns `false` when the ring knows no such key
 */
export async function takeOutKey(
  { bindings, config, keys }: Pick<AuthorityContext, 'bindings' | 'config' | 'keys'>,
  kid: string,
): Promise<boolean> {
  const known = await bindings.KEY_RING.getByName(config.issuer).compromise(kid);
  keys.invalidate();
  return known;
}
