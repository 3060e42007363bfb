// What to say to a caller whose key is refused.

import { signingAlgorithms } from './algorithms.ts';
import type { JwkFault } from './jwk.ts';

/** What may be wrong with the keys of a caller, beside each of them. */
export type KeysFault = 'alg_unknown' | 'none' | 'no_list' | 'kid_twice';

const sentences: Readonly<Record<JwkFault | KeysFault, string>> = {
  malformed:
    'The key is malformed: a member is missing, not canonical base64url, or not on the curve',
  kty_unknown: 'The key type must be "EC", "OKP" or "RSA"',
  crv_unknown: 'The curve must be "P-256", "P-384" or "Ed25519"',
  secret:
    'Pass the public JWK, not a private one, nor a symmetric one: whoever verifies with that could sign too',
  use: 'The key is not for this: its "use" or "key_ops" says so',
  alg: 'The algorithm does not fit the key',
  weak: 'The key is weak: RSA needs 2048 to 4096 bits and the exponent 65537',
  alg_unknown: `The algorithm must be one of ${Object.keys(signingAlgorithms).join(', ')}`,
  none: 'The keys must be a public JWK, a JWK set or an SPKI PEM',
  no_list: 'The JWK set must have at least one key in "keys"',
  kid_twice: 'Two keys of the set have the same "kid"',
};

/** The caller's mistake as a TypeError, with the place of the key where it is one of several. */
export function keyFault(fault: JwkFault | KeysFault, at?: number): TypeError {
  const sentence = sentences[fault];
  return new TypeError(at === undefined ? sentence : `${sentence} (key ${at} of the set)`);
}
