// What to say to a caller whose key is refused.

import type { JwkFault } from './jwk_members.ts';

const sentences: Readonly<Record<JwkFault, string>> = {
  malformed:
    'The key is malformed: a member is missing, not canonical base64url, or not on the curve',
  kty_unknown: 'The key type must be "EC", "OKP" or "RSA"',
  crv_unknown: 'The curve must be "P-256", "P-384" or "Ed25519"',
  secret: 'Pass the public JWK, not a private or symmetric one',
  use: 'The key is not for this: its "use" or "key_ops" says so',
  alg: 'The algorithm does not fit the key',
  weak: 'The key is weak: RSA needs 2048 to 4096 bits and the exponent 65537',
};

/** The caller's mistake as a TypeError, with the place of the key where it is one of several. */
export function keyFault(fault: JwkFault, at?: number): TypeError {
  const sentence = sentences[fault];
  return new TypeError(at === undefined ? sentence : `${sentence} (key ${at} of the set)`);
}
