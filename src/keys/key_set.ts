// A JWK set as an issuer publishes it (RFC 7517 section 5): text → checked keys → an index for look-up.

import { parseJson } from '../token/json.ts';
import { copyMembers } from './jwk.ts';
import type { VerificationKey } from './key_source.ts';
import { checkAnyJwk, importVerificationKeys, type CheckedJwk } from './public_jwk.ts';
import { indexKeys, type KeyIndex, type PublishedKey } from './select.ts';

/** A set that was read: its keys, and the kids of those that cannot be used. */
export interface KeySet {
  readonly jwks: readonly CheckedJwk[];
  readonly unusable: readonly string[];
}

/** A set that is ready: `imported` holds its keys by content, so that the next set can take them over. */
export interface ImportedSet {
  readonly index: KeyIndex;
  readonly imported: ReadonlyMap<string, readonly VerificationKey[]>;
}

/**
 * Reads the text of a JWK set.
 *
 * A key of unknown type is skipped (RFC 7517 section 5). One that is weak, malformed or for
 * something else is left out, but its kid is remembered. A private or symmetric one condemns the
 * whole set: whoever published it may have lost the others too.
 *
 * @throws Error that says why the set is refused.
 */
export async function readKeySet(text: string, maxKeys: number): Promise<KeySet> {
  const document = copyMembers(parse(text));
  const keys = document?.['keys'];
  if (!Array.isArray(keys)) throw new Error('The key set is not a JSON object with "keys"');
  if (keys.length > maxKeys) throw new Error(`The key set has more than ${maxKeys} keys`);
  const jwks: CheckedJwk[] = [];
  const unusable: string[] = [];
  for (const entry of keys) {
    const jwk = copyMembers(entry);
    if (jwk === undefined) throw new Error('The key set has an entry that is not an object');
    const checked = await checkAnyJwk(jwk);
    if (checked === 'secret') throw new Error('The key set has a private or symmetric key');
    if (checked === 'kty_unknown') continue;
    if (typeof checked !== 'string') jwks.push(checked);
    else if (typeof jwk['kid'] === 'string') unusable.push(jwk['kid']);
  }
  return { jwks, unusable };
}

/**
 * Imports a set. A key that the previous set had too, member for member, stays the same object.
 *
 * A key without a kid is found by its thumbprint. A kid that stands twice is unusable.
 */
export async function importKeySet(
  { jwks, unusable }: KeySet,
  previous: ImportedSet['imported'] | undefined,
): Promise<ImportedSet> {
  const imported = new Map<string, readonly VerificationKey[]>();
  const published: PublishedKey[] = unusable.map((kid) => ({ kid, keys: [] }));
  await Promise.all(
    jwks.map(async (jwk) => {
      const content = JSON.stringify([jwk.kid, jwk.algorithms, jwk.members]);
      const outcome = previous?.get(content) ?? (await importVerificationKeys(jwk));
      const keys = typeof outcome === 'string' ? [] : outcome;
      if (keys.length > 0) imported.set(content, keys);
      const kid = jwk.kid ?? keys[0]?.thumbprint;
      if (kid !== undefined) published.push({ kid, keys });
    }),
  );
  return { index: indexKeys(published), imported };
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new Error('The key set is not strict JSON', { cause });
  }
}
