// What the members of a token mean, in words; and what is odd about them

/** The members' meanings. */
const meanings: Readonly<Record<string, string>> = {
  alg: 'signature algorithm',
  typ: 'kind of token',
  kid: 'key that is said to have signed',
  iss: 'issuer',
  sub: 'agent that it speaks for',
  aud: 'audience that it is for',
  client_id: 'client that it was issued to',
  iat: 'issued',
  nbf: 'not before',
  exp: 'expires',
  jti: 'token id',
  sid: 'session',
  tier: 'tier',
  scope: 'what it may do',
  cnf: 'bound to this key: needs a proof by it',
  jwk: 'key of the delegator',
  prt: 'hash of what it follows',
  act: 'acting for the agent, newest outermost',
  dlg: 'ancestors, root first',
  dlg_max: 'how many times it may be passed on',
  may_act: 'who may act for the agent',
  status: 'where its status is published',
  sealed: 'encrypted claims',
};

const times: ReadonlySet<string> = new Set(['iat', 'nbf', 'exp']);
const longestLifetime = 3600;

/** What a member means; `undefined` for one that is not known. */
export function explain(name: string): string | undefined {
  return Object.hasOwn(meanings, name) ? meanings[name] : undefined;
}

/** Tells whether a member is a time that can be shown as one. */
export function isTime(name: string, value: unknown): value is number {
  return times.has(name) && typeof value === 'number' && Number.isFinite(value);
}

type Members = Readonly<Record<string, unknown>>;

/** A copy in which no value is a compact token: someone else's token may be hidden in a claim. */
export function withoutTokens(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, withoutToken(value)]),
  );
}

const compact = /[\w-]{8,}\.[\w-]*\.[\w-]{8,}(?:\.[\w-]*\.[\w-]*)?/g;

function withoutToken(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(compact, (found) =>
      found.startsWith('eyJ') ? `[compact token of ${found.length} characters]` : found,
    );
  }
  if (Array.isArray(value)) return value.map(withoutToken);
  if (typeof value === 'object' && value !== null) return withoutTokens(value as Members);
  return value;
}

/** What a verifier is likely to refuse, or a person should know. Nothing here is a verdict. */
export function remarks(header: Members, claims: Members, now: number): string[] {
  const { alg, typ } = header;
  const { iat, exp, jti, cnf } = claims;
  const found: string[] = [];
  const symmetric = typeof alg === 'string' && /^HS/i.test(alg);
  if (typeof alg !== 'string' || /^none$/i.test(alg))
    found.push('No signature algorithm: refused everywhere');
  if (symmetric) found.push('A symmetric algorithm: refused, since every verifier could sign too');
  if (typ === undefined) found.push('No "typ": accepted only under the profile "engine"');
  if (isTime('exp', exp) && exp <= now) found.push('The token has expired');
  if (!isTime('exp', exp)) found.push('No usable expiry: refused everywhere');
  if (isTime('iat', iat) && iat > now) found.push('The token is issued in the future');
  if (isTime('iat', iat) && isTime('exp', exp) && exp - iat > longestLifetime) {
    found.push('The lifetime is over an hour: refused everywhere');
  }
  if (jti === undefined) found.push('No "jti": it cannot be revoked by itself');
  if (cnf !== undefined) found.push('Bound to a key: worthless without a proof by that key');
  return found;
}
