// What one token says: the request for it, checked, becomes its claims.

import { isScope } from '../authorize/scope.ts';
import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  readClock,
  type Clock,
} from '../errors/caller.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import type { Confirmation, StatusClaim } from '../token/claims.ts';
import { isAgentId } from '../token/identity.ts';
import { isCompactJwe, isConfirmation, isName, isStatus, isText } from '../token/shape.ts';
import { readExtraClaims } from './extra_claims.ts';

/** What one token says. */
export interface AgentTokenRequest {
  /** The agent id. */
  readonly sub: string;
  readonly tier: string;
  readonly scope: string | readonly string[];
  /** The token's id, unique; left out: a random one. */
  readonly jti?: string;
  /** The session; left out: the token belongs to none. */
  readonly sid?: string;
  /** Binds the token to a key: `{ jkt }`, its thumbprint. */
  readonly cnf?: Confirmation;
  /** How many hops of delegation its holder may sign off line, 1 to 3; left out: none. */
  readonly dlgMax?: number;
  /** The client that may exchange the token to act for `sub`, where its issuer allows it (RFC 8693). */
  readonly mayAct?: string;
  /** Claims that only a named recipient can read: see `sealClaims`. */
  readonly sealed?: string;
  /** Where the token's status is published. */
  readonly status?: StatusClaim;
  /** Further claims; none of the reserved names, none that looks like a secret's. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Lifetime of this token in seconds; default: the issuer's. */
  readonly lifetime?: number;
}

/** What all tokens of an issuer share. */
export interface Settings {
  readonly key: SigningKey;
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly lifetime: number;
  readonly scopeFormat: 'string' | 'array';
  readonly maxTokenBytes: number;
  readonly clock: Clock;
}

const requestNames = [
  'sub',
  'tier',
  'scope',
  'jti',
  'sid',
  'cnf',
  'dlgMax',
  'mayAct',
  'sealed',
  'status',
  'claims',
  'lifetime',
];
const tierName = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** How long a token may live, in seconds. */
export const lifetimeSeconds: { readonly min: number; readonly max: number } = {
  min: 1,
  max: 3600,
};

function readScope(
  scope: unknown,
  format: Settings['scopeFormat'],
): string | readonly string[] | undefined {
  const members = isText(scope) ? scope.split(' ') : scope === '' ? [] : scope;
  if (!Array.isArray(members) || members.includes(undefined) || !members.every(isScope)) {
    throw new TypeError('"scope" must hold well-formed scopes');
  }
  if (format === 'array') return members;
  return members.length === 0 ? undefined : members.join(' ');
}

function copyStatus({ status_list: { idx, uri } }: StatusClaim): StatusClaim {
  return { status_list: { idx, uri } };
}

/** The claims of a token, from a request that is checked here. JSON leaves out those that are undefined. */
export function readClaims(request: AgentTokenRequest, settings: Settings): object {
  checkOptionNames('issueAgentToken', request, requestNames);
  checkNotUndefined(request, requestNames);
  const {
    sub,
    tier,
    jti = crypto.randomUUID(),
    sid,
    cnf,
    dlgMax,
    mayAct,
    sealed,
    status,
  } = request;
  if (!isAgentId(sub)) throw new TypeError('"sub" must be an agent id');
  if (typeof tier !== 'string' || !tierName.test(tier)) {
    throw new TypeError('"tier" must be a lower-case name');
  }
  if (!isName(jti)) throw new TypeError('"jti" must be a short string');
  if (sid !== undefined && !isName(sid)) throw new TypeError('"sid" must be a short string');
  if (cnf !== undefined && !isConfirmation(cnf)) {
    throw new TypeError('"cnf" must be { jkt }, a SHA-256 thumbprint');
  }
  if (sealed !== undefined && !isCompactJwe(sealed)) {
    throw new TypeError('"sealed" must be a compact JWE');
  }
  if (status !== undefined && !isStatus(status)) {
    throw new TypeError('"status" must be { status_list: { idx, uri } }');
  }
  if (dlgMax !== undefined && ![1, 2, 3].includes(dlgMax)) {
    throw new TypeError('"dlgMax" must be 1, 2 or 3');
  }
  if (mayAct !== undefined && !isAgentId(mayAct)) {
    throw new TypeError('"mayAct" must be an agent id');
  }
  const lifetime = numberOption('lifetime', request.lifetime, {
    ...lifetimeSeconds,
    fallback: settings.lifetime,
  });
  const now = readClock(settings.clock);
  return {
    ...readExtraClaims(request.claims),
    iss: settings.iss,
    aud: settings.aud,
    sub,
    client_id: sub,
    iat: now,
    exp: now + lifetime,
    jti,
    sid,
    tier,
    scope: readScope(request.scope, settings.scopeFormat),
    cnf: cnf && { jkt: cnf.jkt },
    dlg_max: dlgMax,
    may_act: mayAct && { sub: mayAct },
    sealed,
    status: status && copyStatus(status),
  };
}
