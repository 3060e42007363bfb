// The claims of an agent token: their types and the names that issuing reserves.

/** `cnf` of a bound token (RFC 7800, RFC 9449 section 6.1). */
export interface Confirmation {
  readonly jkt: string;
}

/** `act` (RFC 8693 section 4.1): the newest actor outermost. */
export interface ActClaim {
  readonly sub: string;
  readonly act?: ActClaim;
  readonly [member: string]: unknown;
}

/** `status` (Token Status List): where the token's bit is. */
export interface StatusClaim {
  readonly status_list: { readonly idx: number; readonly uri: string };
}

/** The claims of a token that passed verification (RFC 7519, RFC 9068 section 2.2). */
export interface AgentClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly client_id?: string;
  readonly sid?: string;
  readonly tier?: string;
  readonly scope?: string | readonly string[];
  readonly cnf?: Confirmation;
  readonly act?: ActClaim;
  readonly dlg?: readonly Readonly<Record<string, unknown>>[];
  readonly dlg_max?: number;
  readonly status?: StatusClaim;
  readonly sealed?: string;
  readonly [claim: string]: unknown;
}

/** Claims that the issuer alone sets: a caller's extra claims must not name them. */
export const reservedClaims: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'iat',
  'exp',
  'nbf',
  'jti',
  'client_id',
  'sid',
  'tier',
  'scope',
  'cnf',
  'act',
  'may_act',
  'dlg',
  'dlg_max',
  'status',
  'sealed',
  // Decoders of other stacks read these as permissions; they must not be mistaken for ours.
  'scp',
  'scopes',
  'roles',
  'permissions',
  '__proto__',
  'constructor',
  'prototype',
]);
