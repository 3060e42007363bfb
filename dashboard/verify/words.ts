// What the members of a token mean, in words.

const meanings: Readonly<Record<string, string>> = {
  alg: 'signature algorithm',
  typ: 'kind of token',
  kid: 'the key that is said to have signed',
  iss: 'issuer',
  sub: 'agent that it speaks for',
  aud: 'audience that it is for',
  client_id: 'client that it was issued to',
  iat: 'issued',
  nbf: 'not before',
  exp: 'expires',
  jti: 'token id',
  sid: 'session: one run',
  tier: 'tier',
  scope: 'what it may do',
  cnf: 'bound to this key: needs a proof by it',
  jwk: 'key of the delegator',
  prt: 'hash of what it follows',
  act: 'acts for the agent, newest outermost',
  dlg: 'ancestors, root first',
  dlg_max: 'how many times it may be passed on',
  status: 'where its status is published',
  sealed: 'claims that only their recipient can read',
};

const times: ReadonlySet<string> = new Set(['iat', 'nbf', 'exp']);

/** What a member means; empty for one that is not known. */
export const meaningOf = (name: string): string =>
  Object.hasOwn(meanings, name) ? (meanings[name] ?? '') : '';

/** Tells whether a member is a moment. */
export const isMoment = (name: string, value: unknown): value is number =>
  times.has(name) && typeof value === 'number' && Number.isFinite(value);
