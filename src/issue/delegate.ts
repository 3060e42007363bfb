// delegateAgentToken: one hop of off-line delegation, signed by the holder of a bound token, which can only narrow.

import { CompactSign } from 'jose';
import { parseScopeClaim } from '../authorize/scope.ts';
import { TokenError } from '../errors/token_error.ts';
import { encodeBase64url } from '../token/base64url.ts';
import { maxHopBytes, maxHops, splitDelegation } from '../token/hop.ts';
import { parseToken } from '../token/parse.ts';
import { audienceList, isConfirmation, isFiniteNumber, isName } from '../token/shape.ts';
import {
  defaultMaxDelegatedTokenBytes,
  defaultMaxTokenBytes,
  type ParsedToken,
} from '../token/take_apart.ts';
import { readChain, type Grant } from '../verify/delegation.ts';
import { narrowHops } from '../verify/hop_claims.ts';
import { createHopKeys } from '../verify/hop_keys.ts';
import { hopLimit, parentHash, readHopClaims, readHops, type Hop } from '../verify/hops.ts';
import { readDelegationOptions, type DelegationOptions } from './delegate_options.ts';

const sizes = {
  maxTokenBytes: defaultMaxTokenBytes,
  maxDelegatedTokenBytes: defaultMaxDelegatedTokenBytes,
};
const encoder = new TextEncoder();

/** What a new hop is signed below. */
interface Parent {
  readonly text: string;
  readonly grant: Grant;
  readonly jkt: string | undefined;
}

/** What a token grants by its own word: whoever delegates it holds it, and need not verify it. */
function rootGrant({ claims }: ParsedToken): Grant {
  const { iss, aud, scope, tier, iat, exp, cnf } = claims;
  const audience = audienceList(aud);
  const scopes = scope === undefined ? [] : parseScopeClaim(scope);
  if (audience === undefined || scopes === undefined) throw new TokenError('claim_malformed');
  if (!isFiniteNumber(iat) || !isFiniteNumber(exp)) throw new TokenError('claim_malformed');
  return {
    issuer: String(iss),
    audience,
    scope: scopes,
    tier: isName(tier) ? tier : undefined,
    issuedAt: iat,
    expiresAt: exp,
    tokenId: undefined,
    sessionId: undefined,
    keyThumbprint: undefined,
    jkt: isConfirmation(cnf) ? cnf.jkt : undefined,
  };
}

function unwrap<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error },
): T {
  if (!result.ok) throw result.error;
  return result.value;
}

function narrowed(
  root: Grant,
  hops: readonly Pick<Hop, 'grant'>[],
  tiers: readonly string[],
): Grant {
  const grants = narrowHops(root, hops, tiers);
  if (grants === undefined) throw new TokenError('delegation_widened');
  return grants.at(-1) ?? root;
}

async function readParent(
  token: string,
  delegation: string | undefined,
  tiers: readonly string[],
): Promise<Parent> {
  const parsed = unwrap(parseToken(token, sizes));
  const { claims } = parsed;
  const depth = unwrap(readChain(claims)).actors.length;
  const texts = delegation === undefined ? [] : unwrap(splitDelegation(delegation));
  if (texts.length >= hopLimit(claims) || texts.length + depth >= maxHops) {
    throw new TokenError('delegation_too_deep');
  }
  const root = rootGrant(parsed);
  if (root.tier !== undefined && !tiers.includes(root.tier)) {
    throw new TypeError('"tiers" must hold the tier of the token');
  }
  const hops = unwrap(await readHops(texts, { token, claims, depth }, createHopKeys(0)));
  const jkt = hops.at(-1)?.jkt ?? root.jkt;
  return { text: texts.at(-1) ?? token, grant: narrowed(root, hops, tiers), jkt };
}

/**
 * Delegates a bound token off line: signs one hop, which lets another agent act within what the
 * holder may do, and never beyond. The authority is not asked.
 *
 * The delegate sends the token, all hops (`Agent-Delegation`, oldest first, comma-separated), and
 * proofs by its own key; `verifyAgentToken` checks the whole chain again. A token can be delegated
 * where its `dlg_max` says how often, at most three times, actors of an exchange included.
 *
 * Does not verify the token or earlier hops, does not check that such an agent exists or holds that
 * key, and cannot be taken back: revoke the holder's token, session or key, or the hop's own id.
 *
 * @param options the token, who shall act, and what is passed on; times in seconds
 * @returns the hop, a compact JWS of at most 1,536 bytes
 * @throws TypeError for a mistake in the options, which it names, also for a key that the parent is
 * not bound to; TokenError `delegation_widened`, `delegation_too_deep`, `token_expired`,
 * `token_too_large`, and what is wrong with the form of the token or the hops before
 * @see RFC 7800 section 3.1, RFC 9449 section 6.1
 * @example
 * ```ts
 * import { createIssuer, createVerifier, delegateAgentToken, generateSigningKey, localKeys } from 'swarmgate';
 *
 * const [key, planner, scraper] = [
 *   await generateSigningKey(),
 *   await generateSigningKey(),
 *   await generateSigningKey(),
 * ];
 * const token = await createIssuer({ key }).issueAgentToken({
 *   sub: 'planner',
 *   tier: 'power',
 *   scope: ['bus:publish', 'bus:receive'],
 *   cnf: { jkt: planner.kid },
 *   dlgMax: 2,
 * });
 * const hop = await delegateAgentToken({
 *   token,
 *   key: planner,
 *   to: 'scraper',
 *   cnf: { jkt: scraper.kid },
 *   scope: 'bus:publish:news',
 *   lifetime: 300,
 * });
 *
 * const verifier = createVerifier({ keys: await localKeys(key.publicJwk) });
 * const agent = await verifier.verifyAgentToken(token, { delegation: hop, proof: null });
 * if (agent.scope.join() !== 'bus:publish:news') throw new Error('unexpected');
 * ```
 */
export async function delegateAgentToken(options: DelegationOptions): Promise<string> {
  const { token, delegation, key, to, jkt, scope, audience, tier, lifetime, tiers, now } =
    readDelegationOptions(options);
  const parent = await readParent(token, delegation, tiers);
  if (parent.jkt !== key.kid)
    throw new TypeError('"key" must be the key that the parent is bound to');
  const exp = Math.min(now + lifetime, parent.grant.expiresAt);
  if (exp <= now) throw new TokenError('token_expired');
  const aud = audience ?? parent.grant.audience;
  const claims = {
    prt: await parentHash(parent.text),
    sub: to,
    cnf: { jkt },
    aud: aud.length === 1 ? aud[0] : aud,
    scope: scope.join(' '),
    iat: now,
    exp,
    jti: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))),
    ...(tier === undefined ? {} : { tier }),
  };
  const hop = readHopClaims(claims, parent.grant.issuer, key.kid);
  if (hop === undefined) throw new TokenError('delegation_malformed');
  narrowed(parent.grant, [hop], tiers);
  const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
  const signed = await new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ: 'agent-delegation+jwt', jwk })
    .sign(key.privateKey);
  if (signed.length > maxHopBytes) throw new TokenError('token_too_large');
  return signed;
}
