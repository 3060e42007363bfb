// Everything about a token with a chain of off-line hops: structure first, then signatures, root first, then claims.

import { readClock } from '../errors/caller.ts';
import { TokenError } from '../errors/token_error.ts';
import { splitDelegation } from '../token/hop.ts';
import type { AcceptedToken } from './accept.ts';
import { acceptChain } from './accept_chain.ts';
import {
  acceptCandidate,
  checkCandidate,
  readCandidate,
  type Candidate,
  type Outcome,
} from './examine.ts';
import { checkHops, narrowHops } from './hop_claims.ts';
import type { HopKeys } from './hop_keys.ts';
import { readHops, type ChainRoot, type Hop } from './hops.ts';
import type { Policy } from './policy.ts';
import { signatureVerifies } from './signature.ts';

const refuse = (error: TokenError): Outcome<never> => ({ ok: false, error });

/** The root of a chain, step by step; of one that was accepted before, every step is done. */
interface Root extends Omit<ChainRoot, 'token'> {
  readonly audience: readonly string[] | null;
  readonly verifies: () => Promise<boolean>;
  /** Its claims; what it answers then checks that it narrowed, and accepts it. */
  readonly check: () => Outcome<() => Outcome<AcceptedToken>>;
}

function knownRoot(policy: Policy, known: AcceptedToken): Root {
  const { claims, actors, issuer } = known.agent;
  return {
    claims,
    depth: actors.length,
    audience: policy.issuerFor(issuer)?.audience ?? null,
    verifies: async () => true,
    check: () => ({ ok: true, value: () => ({ ok: true, value: known }) }),
  };
}

function newRoot(policy: Policy, candidate: Candidate): Root {
  const { parsed, finding, chain, trusted } = candidate;
  return {
    claims: parsed.claims,
    depth: chain.actors.length,
    audience: trusted.audience,
    verifies: () => signatureVerifies(parsed, finding.key),
    check: () => {
      const checked = checkCandidate(policy, candidate);
      if (!checked.ok) return checked;
      return { ok: true, value: () => acceptCandidate(policy, candidate, checked.value) };
    },
  };
}

async function readRoot(
  policy: Policy,
  token: string,
  known: AcceptedToken | undefined,
): Promise<Outcome<Root>> {
  if (known !== undefined) return { ok: true, value: knownRoot(policy, known) };
  const candidate = await readCandidate(policy, token);
  return candidate.ok ? { ok: true, value: newRoot(policy, candidate.value) } : candidate;
}

/** The root first: whoever forged it gets no more signatures checked. */
async function allVerify(root: Root, hops: readonly Hop[]): Promise<boolean> {
  if (!(await root.verifies())) return false;
  const answers = await Promise.all(hops.map(({ parsed, key }) => signatureVerifies(parsed, key)));
  return answers.every((verifies) => verifies);
}

/** A root and its chain, both accepted. */
export interface ExaminedChain {
  readonly root: AcceptedToken;
  readonly leaf: AcceptedToken;
}

/** Examines a token with a chain of hops; `known` is the token where it was accepted before. */
export async function examineChain(
  policy: Policy,
  keys: HopKeys,
  { token, delegation }: { readonly token: string; readonly delegation: string },
  known: AcceptedToken | undefined,
): Promise<Outcome<ExaminedChain>> {
  const texts = splitDelegation(delegation);
  if (!texts.ok) return texts;
  const root = await readRoot(policy, token, known);
  if (!root.ok) return root;
  const hops = await readHops(texts.value, { ...root.value, token }, keys);
  if (!hops.ok) return hops;
  const verify = await allVerify(root.value, hops.value);
  if (!verify) return refuse(new TokenError('signature_invalid'));
  const checked = root.value.check();
  if (!checked.ok) return checked;
  const rules = { ...policy, audience: root.value.audience };
  const fault = checkHops(hops.value, rules, readClock(policy.clock));
  if (fault !== undefined) return refuse(new TokenError(fault));
  const accepted = checked.value();
  if (!accepted.ok) return accepted;
  const grants = narrowHops(accepted.value.grant, hops.value, policy.tiers);
  if (grants === undefined) return refuse(new TokenError('delegation_widened'));
  for (const { remember } of hops.value) remember();
  const leaf = acceptChain(accepted.value, hops.value, grants);
  return { ok: true, value: { root: accepted.value, leaf } };
}
