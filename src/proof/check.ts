// A DPoP proof against a request (RFC 9449 section 4.3), with the refusal as a value.

import { compactVerify } from 'jose';
import { readClock, systemClock } from '../errors/caller.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import { canonicalAlgorithm, type SigningAlgorithm } from '../keys/algorithms.ts';
import { importVerificationKey } from '../keys/carried_key.ts';
import type { VerificationKey } from '../keys/key_source.ts';
import { hashText } from '../token/digest.ts';
import { parseToken } from '../token/parse.ts';
import type { ParsedToken } from '../token/take_apart.ts';
import { isFiniteNumber, isName } from '../token/shape.ts';
import { defaultAlgorithms, type DpopExpectations } from './expectations.ts';
import { targetMatches } from './htu.ts';
import type { ProofKeys } from './proof_keys.ts';
import type { ProofUse } from './replay.ts';

/** How long a proof may be used after its `iat`, in seconds. */
const maxProofAge = 60;
const proofBytes = { maxTokenBytes: 4096, maxDelegatedTokenBytes: 4096 };
// What changes how a proof is read, or points to other keys than the one it carries.
const forbidden = ['jku', 'x5u', 'x5c', 'crit', 'b64'] as const;

/** A proof that was checked. */
export interface DpopProof {
  /** Thumbprint of the key that made it. */
  readonly jkt: string;
  readonly jti: string;
  /** When it was made, seconds since the epoch. */
  readonly issuedAt: number;
  /** Until when its `jti` must be remembered, seconds since the epoch. */
  readonly expiresAt: number;
}

/** The use of a proof, named by key and `jti`: two keys may choose the same `jti`. */
export function proofUse({ jkt, jti, expiresAt }: DpopProof): ProofUse {
  return { id: `${jkt}:${jti}`, expiresAt };
}

type Outcome = Result<DpopProof, TokenError>;
const refuse = (code: 'proof_invalid' | 'proof_nonce_required', member?: string): Outcome => ({
  ok: false,
  error: new TokenError(code, member === undefined ? {} : { member }),
});

type NonceCheck = NonNullable<DpopExpectations['isNonce']>;

/** A check that fails, or answers anything but `true`, has not recognised the nonce. */
async function isOurs(nonce: unknown, isNonce: NonceCheck): Promise<boolean> {
  try {
    return typeof nonce === 'string' && (await isNonce(nonce)) === true;
  } catch {
    return false;
  }
}

/** The key that a proof's header carries, after every check of that header; else the member at fault. */
async function readKey(
  { typ, alg: named, jwk, kid, ...rest }: ParsedToken['header'],
  algorithms: readonly SigningAlgorithm[],
): Promise<VerificationKey | string> {
  if (typ !== 'dpop+jwt') return 'typ';
  const alg = canonicalAlgorithm(named);
  if (alg === undefined || !algorithms.includes(alg)) return 'alg';
  const member = forbidden.find((name) => Object.hasOwn(rest, name));
  if (member !== undefined) return member;
  const key = await importVerificationKey(jwk, alg);
  if (typeof key === 'string') return 'jwk';
  return kid === undefined || kid === key.thumbprint ? key : 'kid';
}

/**
 * Checks a proof as `verifyDpopProof` does, with the refusal as a value.
 *
 * @param known keys of proofs that verified before, under the same `algorithms`
 */
export async function checkDpopProof(
  proof: string,
  expected: DpopExpectations,
  known?: ProofKeys,
): Promise<Outcome> {
  const { method, token, jkt, isNonce, clockTolerance = 5, clock = systemClock } = expected;
  const { algorithms = defaultAlgorithms } = expected;
  const url = String(expected.url);
  const now = readClock(clock);
  const parsed = parseToken(proof, proofBytes, known?.headers);
  if (!parsed.ok) return refuse('proof_invalid');
  const { header, claims, segments } = parsed.value;
  const [protectedHeader] = segments;
  const seen = known?.find(protectedHeader);
  const key = seen ?? (await readKey(header, algorithms));
  if (typeof key === 'string') return refuse('proof_invalid', key);
  if (jkt !== undefined && key.thumbprint !== jkt) return refuse('proof_invalid', 'jwk');
  let hash = token === undefined ? undefined : known?.hashes.get(token);
  try {
    const verifying = compactVerify(proof, key.key);
    if (token !== undefined && hash === undefined) {
      // Two works of the platform at once
      [hash] = await Promise.all([hashText(token), verifying]);
      known?.hashes.set(token, hash);
    }
    await verifying;
  } catch {
    return refuse('proof_invalid');
  }
  if (seen === undefined) known?.remember(protectedHeader, { header, key });
  const { jti, htm, htu, iat, exp, nbf, ath, nonce } = claims;
  if (!isName(jti)) return refuse('proof_invalid', 'jti');
  if (htm !== method) return refuse('proof_invalid', 'htm');
  if (typeof htu !== 'string' || !targetMatches(htu, url)) return refuse('proof_invalid', 'htu');
  if (!isFiniteNumber(iat) || iat > now + clockTolerance || iat <= now - maxProofAge) {
    return refuse('proof_invalid', 'iat');
  }
  if (exp !== undefined && !(isFiniteNumber(exp) && exp + clockTolerance > now)) {
    return refuse('proof_invalid', 'exp');
  }
  if (nbf !== undefined && !(isFiniteNumber(nbf) && nbf <= now + clockTolerance)) {
    return refuse('proof_invalid', 'nbf');
  }
  if (token !== undefined && ath !== hash) return refuse('proof_invalid', 'ath');
  if (isNonce !== undefined && !(await isOurs(nonce, isNonce))) {
    return refuse('proof_nonce_required');
  }
  const proofJkt = key.thumbprint;
  return { ok: true, value: { jkt: proofJkt, jti, issuedAt: iat, expiresAt: iat + maxProofAge } };
}
