// How the kinds of JWE are told apart, so that one is never taken for another (RFC 8725 section 3.11).

/** `typ` of sealed claims: an encrypted JWT of our own kind. */
export const claimsType = 'agent-claims+jwt';

/** Whether a `cty` says that a JWT is inside (RFC 7519 section 5.2; media types ignore case). */
export function isNestedType(cty: unknown): boolean {
  if (typeof cty !== 'string') return false;
  const name = cty.toLowerCase();
  return name === 'jwt' || name === 'application/jwt';
}
