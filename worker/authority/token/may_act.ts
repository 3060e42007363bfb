// may_act (RFC 8693 section 4.4): the client that a token says may act for its subject.

/**
 * Tells whether a `may_act` names a client of `issuer`: an object whose `sub` is its id, and whose
 * `iss`, where it has one, is that issuer.
 */
export function namesActor(mayAct: unknown, clientId: string, issuer: string): boolean {
  if (typeof mayAct !== 'object' || mayAct === null || Array.isArray(mayAct)) return false;
  const { sub, iss = issuer } = mayAct as Readonly<Record<string, unknown>>;
  return sub === clientId && iss === issuer;
}
