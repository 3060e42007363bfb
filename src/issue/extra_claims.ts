// The caller's own claims: plain JSON, none of the reserved names, nothing that looks like a secret.

import { reservedClaims } from '../token/claims.ts';
import { parseJson } from '../token/json.ts';
import { isRecord } from '../token/shape.ts';
import { findSecretName } from './secret_names.ts';

/** What the claims will be once they are JSON: a `toJSON` could otherwise replace what was checked. */
function asJson(claims: object): unknown {
  try {
    return parseJson(JSON.stringify({ ...claims }));
  } catch (cause) {
    throw new TypeError('"claims" must be plain JSON, not too deep, of well-formed strings', {
      cause,
    });
  }
}

/** Copies and checks further claims. */
export function readExtraClaims(claims: unknown): object {
  if (claims === undefined) return {};
  if (!isRecord(claims)) throw new TypeError('"claims" must be an object');
  const copy = asJson(claims);
  if (!isRecord(copy)) throw new TypeError('"claims" must be an object');
  const names = [...Object.keys(claims), ...Object.keys(copy)];
  const reserved = names.find((name) => reservedClaims.has(name));
  if (reserved !== undefined) throw new TypeError(`"claims" must not set "${reserved}"`);
  const secret = findSecretName(copy);
  if (secret !== undefined) {
    throw new TypeError(`"claims" must not carry "${secret}" in the clear: seal it`);
  }
  return copy;
}
