// The claims of an exchanged token (RFC 8693 section 4.1): its actors newest outermost, its ancestors root first.

import type { StatusClaim, VerifiedAgent } from '../../../src/verify/index.ts';

type Members = Readonly<Record<string, unknown>>;

/** What an exchanged token says of itself. Times are seconds since the epoch. */
export interface DelegatedToken {
  readonly issuer: string;
  readonly audience: string;
  /** The acting client. */
  readonly actor: string;
  readonly tokenId: string;
  readonly sessionId: string;
  readonly tier: string;
  readonly scope: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Thumbprint of the key that it is bound to. */
  readonly jkt: string | undefined;
  readonly hops: number | undefined;
  /** Thumbprint of the key that will sign it. */
  readonly kid: string;
  /** Where its status is listed. */
  readonly status: StatusClaim;
}

/** What an ancestor leaves out where the token itself says the same. */
const shared = ['iss', 'sub', 'aud', 'scope', 'tier', 'iat', 'exp', 'sid'];

const isSame = (left: unknown, right: unknown): boolean =>
  JSON.stringify(left) === JSON.stringify(right);

const defined = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** The token that is exchanged, as an ancestor that says everything: as it was before any hop. */
function ownEntry({ claims, tiers, keyThumbprint }: VerifiedAgent): Members {
  const { cnf, tier = tiers[0] } = claims;
  const { iss, sub, aud, scope, iat, exp, jti, sid } = claims;
  const text = typeof scope === 'string' || scope === undefined ? scope : scope.join(' ');
  const key = { kid: keyThumbprint, jkt: cnf?.jkt };
  return defined({ iss, sub, aud, scope: text, tier, iat, exp, jti, sid, ...key });
}

/** The ancestors of the new token, each saying everything: what they left out was their token's own. */
function ancestors(subject: VerifiedAgent): readonly Members[] {
  const own = ownEntry(subject);
  const inherited = Object.fromEntries(shared.map((name) => [name, own[name]]));
  const earlier = (subject.claims.dlg ?? []).map((entry) =>
    defined({ ...inherited, kid: own['kid'], ...entry }),
  );
  return [...earlier, own];
}

function shortened(entry: Members, claims: Members, kid: string): Members {
  return Object.fromEntries(
    Object.entries(entry).filter(([name, value]) =>
      name === 'kid' ? value !== kid : !shared.includes(name) || !isSame(value, claims[name]),
    ),
  );
}

/**
 * The claims of a token for a new actor of a verified one. What is in it may say no more than that
 * one says: the caller narrows, and verifiers check it again.
 */
export function delegatedClaims(subject: VerifiedAgent, token: DelegatedToken): Members {
  const { act } = subject.claims;
  const claims = defined({
    iss: token.issuer,
    aud: token.audience,
    sub: subject.subjectId,
    client_id: token.actor,
    iat: token.issuedAt,
    exp: token.expiresAt,
    jti: token.tokenId,
    sid: token.sessionId,
    tier: token.tier,
    scope: token.scope.join(' '),
    cnf: token.jkt === undefined ? undefined : { jkt: token.jkt },
    dlg_max: token.hops,
    status: token.status,
    act: defined({ sub: token.actor, act }),
  });
  return {
    ...claims,
    dlg: ancestors(subject).map((entry) => shortened(entry, claims, token.kid)),
  };
}
