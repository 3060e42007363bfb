// The protected header against the policy: algorithm, type, and the members that are never allowed.

import { TokenError } from '../errors/token_error.ts';
import type { VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeyQuery } from '../keys/key_source.ts';
import { isName } from '../token/shape.ts';

type Header = Readonly<Record<string, unknown>>;

/** What an issuer's tokens look like: the full profile, or the older engine's with fewer claims. */
export type TokenProfile = 'at+jwt' | 'engine';

/** What the headers of one issuer's tokens are held against. */
export interface HeaderRules {
  readonly profile: TokenProfile;
  readonly algorithms: ReadonlySet<unknown>;
}

// RFC 7515 section 4.1: keys and certificates that the sender brings or points to prove nothing.
// `crit` and `b64` (RFC 7797) change how the token is read.
const forbidden = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64'] as const;

// RFC 7515 section 4.1.9: media types compare without case, and `application/` may be left out.
function mediaType(typ: unknown): string | undefined {
  if (typeof typ !== 'string') return undefined;
  const lower = typ.toLowerCase();
  return lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
}

function typAllowed(header: Header, profile: TokenProfile): boolean {
  const type = mediaType(header['typ']);
  if (type === 'at+jwt') return true;
  return profile === 'engine' && (type === 'jwt' || !Object.hasOwn(header, 'typ'));
}

/** Headers that passed, by the rules that they were held against last. */
const passed = new WeakMap<Header, readonly [rules: HeaderRules, query: KeyQuery]>();

/**
 * Checks a header, which must be frozen, and answers what to look for among the keys.
 *
 * The refusals, in order: `alg_not_allowed`, `typ_not_allowed`, `header_not_allowed`,
 * `key_unknown` (a `kid` that no key can have).
 */
export function checkHeader(header: Header, rules: HeaderRules): KeyQuery | TokenError {
  const before = passed.get(header);
  if (before?.[0] === rules) return before[1];
  const { alg, kid } = header;
  if (!rules.algorithms.has(alg)) return new TokenError('alg_not_allowed');
  if (!typAllowed(header, rules.profile)) return new TokenError('typ_not_allowed');
  const member = forbidden.find((name) => Object.hasOwn(header, name));
  if (member !== undefined) return new TokenError('header_not_allowed', { member });
  if (Object.hasOwn(header, 'kid') && !isName(kid)) return new TokenError('key_unknown');
  const query = { alg: alg as VerificationAlgorithm, kid: isName(kid) ? kid : undefined };
  passed.set(header, [rules, query]);
  return query;
}
