// Off-line delegation: the structure of a chain of hops, every check that needs no signature.

import { parseScopeClaim } from '../authorize/scope.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import type { VerificationKey } from '../keys/key_source.ts';
import { hashText } from '../token/digest.ts';
import { hopId, maxHopBytes, maxHops } from '../token/hop.ts';
import { isAgentId } from '../token/identity.ts';
import { parseToken, type ParsedToken } from '../token/parse.ts';
import { audienceList, isConfirmation, isFiniteNumber, isName } from '../token/shape.ts';
import type { Grant } from './delegation.ts';
import { hopAlgorithm, type HopKeys } from './hop_keys.ts';

/** One hop whose structure was checked. */
export interface Hop {
  readonly parsed: ParsedToken;
  /** The key that is said to have signed it: the one that its parent is bound to. */
  readonly key: VerificationKey;
  readonly remember: () => void;
  /** The delegate's id: what the delegator claims. */
  readonly delegate: string;
  /** Thumbprint of the delegate's key. */
  readonly jkt: string;
  /** Without its issuer's tier where it names none. */
  readonly grant: Grant;
}

/** What the first hop follows. */
export interface ChainRoot {
  readonly token: string;
  /** The root's claims, verified or not. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The hops that the root has behind it already (`act`). */
  readonly depth: number;
}

type Json = Readonly<Record<string, unknown>>;

const members: ReadonlySet<string> = new Set([
  'prt',
  'sub',
  'cnf',
  'aud',
  'scope',
  'tier',
  'iat',
  'exp',
  'jti',
]);
const forbidden = ['jku', 'x5u', 'x5c', 'crit', 'b64'] as const;
const hopBytes = { maxTokenBytes: maxHopBytes, maxDelegatedTokenBytes: maxHopBytes };

const refuse = (code: ErrorCode, member?: string): Result<never, TokenError> => ({
  ok: false,
  error: new TokenError(code, member === undefined ? {} : { member }),
});

/** What `prt` holds: base64url SHA-256 of the parent's compact form. */
export const parentHash: (parent: string) => Promise<string> = hashText;

/** How many hops may follow a token by its own word. */
export function hopLimit({ dlg_max }: Json): number {
  return dlg_max === 1 || dlg_max === 2 || dlg_max === 3 ? dlg_max : 0;
}

/** The claims of a hop; `undefined` where one is missing, malformed or unknown. */
export function readHopClaims(
  claims: Json,
  issuer: string,
  signer: string,
): Pick<Hop, 'delegate' | 'jkt' | 'grant'> | undefined {
  const { sub, cnf, aud, scope, tier, iat, exp, jti } = claims;
  // What is not understood might have been meant to narrow
  if (!Object.keys(claims).every((name) => members.has(name))) return undefined;
  const audience = audienceList(aud);
  const scopes = parseScopeClaim(scope);
  if (!isAgentId(sub) || !isConfirmation(cnf) || !isName(jti)) return undefined;
  if (audience === undefined || scopes === undefined) return undefined;
  if (!isFiniteNumber(iat) || !isFiniteNumber(exp)) return undefined;
  if (tier !== undefined && !isName(tier)) return undefined;
  const grant: Grant = {
    issuer,
    audience,
    scope: scopes,
    tier,
    issuedAt: iat,
    expiresAt: exp,
    tokenId: hopId(signer, jti),
    sessionId: undefined,
    keyThumbprint: signer,
    jkt: cnf.jkt,
  };
  return { delegate: sub, jkt: cnf.jkt, grant };
}

/** What a hop must follow from. */
interface Parent {
  /** What its `prt` must hold. */
  readonly hash: string;
  readonly jkt: string | undefined;
  readonly issuer: string;
}

/** A hop taken apart, and its key, which may still be on its way. */
interface OpenedHop {
  readonly parsed: ParsedToken;
  readonly key: ReturnType<HopKeys['read']>;
}

function openHop(text: string, keys: HopKeys): Result<OpenedHop, TokenError> {
  const parsed = parseToken(text, hopBytes);
  if (!parsed.ok) return refuse('delegation_malformed');
  const { header } = parsed.value;
  const alg = hopAlgorithm(header['alg']);
  if (alg === undefined) return refuse('alg_not_allowed');
  if (header['typ'] !== 'agent-delegation+jwt') return refuse('typ_not_allowed');
  const member = forbidden.find((name) => Object.hasOwn(header, name));
  if (member !== undefined) return refuse('header_not_allowed', member);
  return { ok: true, value: { parsed: parsed.value, key: keys.read(header['jwk'], alg) } };
}

async function linkHop({ parsed, key: read }: OpenedHop, parent: Parent): Promise<Hop | undefined> {
  const { header, claims } = parsed;
  if (claims['prt'] !== parent.hash) return undefined;
  const found = read instanceof Promise ? await read : read;
  if (found === undefined || found.key.thumbprint !== parent.jkt) return undefined;
  const { key, remember } = found;
  if (Object.hasOwn(header, 'kid') && header['kid'] !== key.thumbprint) return undefined;
  const hop = readHopClaims(claims, parent.issuer, key.thumbprint);
  return hop && { parsed, key, remember, ...hop };
}

/**
 * Reads the hops of a chain, oldest first: each must name its parent by hash, and carry the key
 * that its parent is bound to.
 *
 * Refusals: `delegation_too_deep`, `alg_not_allowed`, `typ_not_allowed`, `header_not_allowed`,
 * `delegation_malformed`.
 */
export async function readHops(
  texts: readonly string[],
  { token, claims, depth }: ChainRoot,
  keys: HopKeys,
): Promise<Result<readonly Hop[], TokenError>> {
  if (texts.length > hopLimit(claims) || texts.length + depth > maxHops) {
    return refuse('delegation_too_deep');
  }
  const { cnf, iss } = claims;
  const issuer = String(iss);
  const hashing = Promise.all([token, ...texts.slice(0, -1)].map(parentHash));
  // While the runtime hashes, and imports keys, the hops are taken apart
  const opened = texts.map((text) => openHop(text, keys));
  const hashes = await hashing;
  let jkt = isConfirmation(cnf) ? cnf.jkt : undefined;
  const hops: Hop[] = [];
  for (const [at, open] of opened.entries()) {
    if (!open.ok) return open;
    const hop = await linkHop(open.value, { hash: hashes[at] ?? '', jkt, issuer });
    if (hop === undefined) return refuse('delegation_malformed');
    hops.push(hop);
    ({ jkt } = hop);
  }
  return { ok: true, value: hops };
}
