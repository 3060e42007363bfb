// Everything about a token that does not depend on how it is presented, in the documented order.

import { readClock } from '../errors/caller.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import type { BoundedCache } from '../token/bounded_cache.ts';
import type { AgentClaims } from '../token/claims.ts';
import { andThen, type Maybe } from '../token/maybe.ts';
import { parseCompact } from '../token/json_compact.ts';
import { takeApart, type ParsedToken } from '../token/take_apart.ts';
import { acceptToken, type AcceptedToken, type KeyFinding } from './accept.ts';
import { checkClaims, checkTimes, type CheckedClaims } from './claims.ts';
import { noChain, type Chain } from './chain.ts';
import type { VerificationKey } from '../keys/key_source.ts';
import { checkHeader } from './header.ts';
import type { TrustedIssuer } from './issuers.ts';
import { withParts } from './on_demand.ts';
import type { Policy } from './policy.ts';
import { checkSignature } from './signature.ts';
import { findKey } from './sources.ts';

/** What a step comes to. */
export type Outcome<T> = Result<T, TokenError>;
const refuse = (error: TokenError): Outcome<never> => ({ ok: false, error });

/** A token whose structure is right and whose key is known. */
export interface Candidate {
  readonly parsed: ParsedToken;
  readonly trusted: TrustedIssuer;
  readonly finding: KeyFinding;
  readonly chain: Chain;
}

const threeParts = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Takes a token apart, finds its key and checks the structure of its `act` and `dlg`. */
export function readCandidate(policy: Policy, token: string): Maybe<Outcome<Candidate>> {
  const parsed = takeApart(token, policy, parseCompact, policy.headers);
  if (parsed.ok) return findCandidate(policy, parsed.value);
  if (parsed.error.code !== 'token_malformed' || !threeParts.test(token)) return parsed;
  // Malformed, or JSON with spaces or escapes: the strict scanner tells
  return withParts(({ parseToken }) => {
    const scanned = parseToken(token, policy, policy.headers);
    return scanned.ok ? findCandidate(policy, scanned.value) : scanned;
  });
}

function findCandidate(policy: Policy, parsed: ParsedToken): Maybe<Outcome<Candidate>> {
  const { header, claims } = parsed;
  const trusted = policy.issuerFor(claims['iss']);
  const query = checkHeader(header, trusted ?? policy.anyIssuer);
  if (query instanceof TokenError) return refuse(query);
  if (trusted === undefined) return refuse(new TokenError('issuer_not_trusted'));
  const { keys } = trusted;
  return andThen(findKey(keys, query), (key) => {
    if (key instanceof TokenError) return refuse(key);
    const finding = { keys, query, key };
    const candidate: Candidate = { parsed, trusted, finding, chain: noChain };
    const { act, dlg } = claims;
    if (act === undefined && dlg === undefined) return { ok: true, value: candidate };
    return withParts(({ readChain }) => {
      const chain = readChain(claims);
      return chain.ok ? { ok: true, value: { ...candidate, chain: chain.value } } : chain;
    });
  });
}

/** The claims of a token whose signature verified. */
export function checkCandidate(policy: Policy, candidate: Candidate): Outcome<CheckedClaims> {
  const { parsed, trusted, chain } = candidate;
  const { audience, profile } = trusted;
  const rules = { audience, profile, tiers: policy.tiers };
  const checked = checkClaims(parsed.claims, rules, chain.actors[0]);
  if (!checked.ok) return checked;
  // Read now, not at the start: fetching a key may have taken a while.
  const untimely = checkTimes(checked.value, policy, readClock(policy.clock));
  return untimely === undefined ? checked : refuse(new TokenError(untimely));
}

/** Checks that an exchanged token narrowed, and accepts it. */
export function acceptCandidate(
  policy: Policy,
  { parsed, finding, chain }: Candidate,
  checked: CheckedClaims,
): Outcome<AcceptedToken> {
  // `iss` selected the entry, and so is a string; the rest was checked before.
  const claims = parsed.claims as unknown as AgentClaims;
  const { tiers } = policy;
  return chain.narrows(checked, tiers)
    ? { ok: true, value: acceptToken(finding, claims, checked, chain, tiers) }
    : refuse(new TokenError('delegation_widened'));
}

/** Signatures that are being checked, by the whole token: who brings the same one shares the check. */
export type Pending = Map<string, PendingExamination>;

/** What is known of tokens that came alone. */
export interface Signed {
  /** Only what passed its signature and every check after it. */
  readonly tokens: BoundedCache<AcceptedToken>;
  readonly pending: Pending;
}

interface PendingExamination {
  readonly key: VerificationKey;
  readonly outcome: Promise<Outcome<AcceptedToken>>;
}

const forged = (): Outcome<never> => refuse(new TokenError('signature_invalid'));

function judge(policy: Policy, candidate: Candidate): Outcome<AcceptedToken> {
  const checked = checkCandidate(policy, candidate);
  return checked.ok ? acceptCandidate(policy, candidate, checked.value) : checked;
}

/** Checks the signature, and then judges what it signs. */
async function checkSigned(
  policy: Policy,
  { tokens, pending }: Signed,
  token: string,
  candidate: Candidate,
): Promise<Outcome<AcceptedToken>> {
  try {
    await checkSignature(candidate.parsed, candidate.finding.key);
  } catch {
    pending.delete(token);
    return forged();
  }
  pending.delete(token);
  const judged = judge(policy, candidate);
  if (judged.ok) tokens.set(token, judged.value);
  return judged;
}

/** Examines a token that comes alone. */
export function examineToken(
  policy: Policy,
  memory: Signed,
  token: string,
): Maybe<Outcome<AcceptedToken>> {
  return andThen(readCandidate(policy, token), (candidate) => {
    if (!candidate.ok) return candidate;
    const { key } = candidate.value.finding;
    const same = memory.pending.get(token);
    if (same?.key === key) return same.outcome;
    const outcome = checkSigned(policy, memory, token, candidate.value);
    memory.pending.set(token, { key, outcome });
    return outcome;
  });
}
