// The exchanged form of delegation: structure of `act` and `dlg`, and the narrowing of every hop.

import { coversAll } from '../authorize/covers.ts';
import { parseScopeClaim } from '../authorize/scope.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import { maxHops } from '../token/hop.ts';
import { isAgentId } from '../token/identity.ts';
import { audienceList, isFiniteNumber, isName, isRecord, isThumbprint } from '../token/shape.ts';
import { noChain, type Chain } from './chain.ts';

const ancestorMembers: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'scope',
  'tier',
  'iat',
  'exp',
  'jti',
  'sid',
  'kid',
  'jkt',
]);

/** One link of a chain: the grant that a token or an ancestor of it carries. */
export interface Grant {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly scope: readonly string[];
  /** `undefined` counts as the lowest tier. */
  readonly tier: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly tokenId: string | undefined;
  readonly sessionId: string | undefined;
  /** Thumbprint of the key that signed it; `undefined` means the same key as the token's own. */
  readonly keyThumbprint: string | undefined;
  /** Thumbprint of the key that an ancestor was bound to. */
  readonly jkt: string | undefined;
}

type Claims = Readonly<Record<string, unknown>>;
type ChainCode = 'delegation_malformed' | 'delegation_too_deep';

const refuse = (code: ChainCode): Result<never, TokenError> => ({
  ok: false,
  error: new TokenError(code),
});

function readActors(act: unknown): readonly string[] | ChainCode {
  const actors: string[] = [];
  for (let actor = act; actor !== undefined; actor = actor['act']) {
    if (actors.length === maxHops) return 'delegation_too_deep';
    if (!isRecord(actor) || !isAgentId(actor['sub'])) return 'delegation_malformed';
    actors.push(actor['sub']);
  }
  return actors;
}

const optional = <T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined =>
  value === undefined || is(value);

/** Reads one ancestor; what it leaves out is the token's own (`jti`, `kid` and `jkt` never are). */
function readAncestor(entry: unknown, own: Claims): Grant | undefined {
  if (!isRecord(entry) || !Object.keys(entry).every((name) => ancestorMembers.has(name))) {
    return undefined;
  }
  const { iss, sub, aud, scope, tier, iat, exp, sid } = { ...own, ...entry };
  const { jti, kid, jkt } = entry;
  const audience = audienceList(aud);
  const scopes = scope === undefined ? [] : parseScopeClaim(scope);
  if (typeof iss !== 'string' || sub !== own['sub'] || audience === undefined) return undefined;
  if (scopes === undefined || !isFiniteNumber(iat) || !isFiniteNumber(exp)) return undefined;
  if (!optional(tier, isName) || !optional(sid, isName)) return undefined;
  if (!optional(jti, isName) || !optional(kid, isName)) return undefined;
  if (!optional(jkt, isThumbprint)) return undefined;
  return {
    issuer: iss,
    audience,
    scope: scopes,
    tier,
    issuedAt: iat,
    expiresAt: exp,
    tokenId: jti,
    sessionId: sid,
    keyThumbprint: kid,
    jkt,
  };
}

/** Checks the structure of a token's delegation: as many actors as ancestors, at most three. */
export function readChain(claims: Claims): Result<Chain, TokenError> {
  const { act, dlg } = claims;
  if (act === undefined && dlg === undefined) return { ok: true, value: noChain };
  const actors = readActors(act);
  if (typeof actors === 'string') return refuse(actors);
  if (!Array.isArray(dlg)) return refuse('delegation_malformed');
  if (dlg.length > maxHops) return refuse('delegation_too_deep');
  const ancestors: Grant[] = [];
  for (const entry of dlg) {
    const ancestor = readAncestor(entry, claims);
    if (ancestor === undefined) return refuse('delegation_malformed');
    ancestors.push(ancestor);
  }
  if (actors.length === 0 || actors.length !== ancestors.length) {
    return refuse('delegation_malformed');
  }
  const narrowed: Chain['narrows'] = (own, tiers) => chainNarrows({ ancestors }, own, tiers);
  return { ok: true, value: { actors, ancestors, narrows: narrowed } };
}

/** Tells whether `child` grants no more than `parent`: scope, tier, audience and expiry. */
export function narrows(parent: Grant, child: Grant, tiers: readonly string[]): boolean {
  const rank = (grant: Grant): number => (grant.tier === undefined ? 0 : tiers.indexOf(grant.tier));
  return (
    // A tier that is not configured ranks below all, and so must not pass as a lower one.
    rank(child) >= 0 &&
    rank(child) <= rank(parent) &&
    child.expiresAt <= parent.expiresAt &&
    child.audience.every((entry) => parent.audience.includes(entry)) &&
    coversAll(parent.scope, child.scope)
  );
}

/** Checks every hop of a chain down to the token's own grant, whoever signed it. */
export function chainNarrows(
  chain: Pick<Chain, 'ancestors'>,
  own: Grant,
  tiers: readonly string[],
): boolean {
  const links = [...chain.ancestors, own];
  return links.every((child, index) => {
    const parent = links[index - 1];
    return parent === undefined || narrows(parent, child, tiers);
  });
}
