// DPoP proofs (RFC 9449 section 4): making one, and checking one against a request.

import { CompactSign, flattenedVerify } from 'jose';
import { checkOptionNames, readClock, systemClock, type Clock } from '../errors/caller.ts';
import { TokenError, type Result } from '../errors/token_error.ts';
import { canonicalAlgorithm } from '../keys/algorithms.ts';
import { importVerificationKey } from '../keys/public_jwk.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { encodeBase64url } from '../token/base64url.ts';
import { parseToken } from '../token/parse.ts';
import { isFiniteNumber, isName } from '../token/shape.ts';
import { defaultAlgorithms, readExpectations, type DpopExpectations } from './expectations.ts';
import { sentTarget, targetMatches } from './htu.ts';
import { askReplay, type ProofUse, type ReplayGuard } from './replay.ts';

/** How long a proof may be used after its `iat`, in seconds. */
const maxProofAge = 60;
const proofBytes = { maxTokenBytes: 4096, maxDelegatedTokenBytes: 4096 };
// What changes how a proof is read, or points to other keys than the one it carries.
const forbidden = ['jku', 'x5u', 'x5c', 'crit', 'b64'] as const;
const encoder = new TextEncoder();

/** Options of {@link createDpopProof}. */
export interface DpopProofOptions {
  readonly key: SigningKey;
  /** The HTTP method, as it will be sent. */
  readonly method: string;
  /** The URL of the request; query and fragment are left out. */
  readonly url: string | URL;
  /** The access token that the proof goes with; left out at the token endpoint. */
  readonly token?: string;
  /** The nonce that the server asked for (`DPoP-Nonce`). */
  readonly nonce?: string;
  readonly clock?: Clock;
}

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

async function accessTokenHash(token: string): Promise<string> {
  return encodeBase64url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(token))),
  );
}

/**
 * Makes a DPoP proof for one request.
 *
 * Every request needs a proof of its own: servers accept each once.
 *
 * @returns the compact JWS for the `DPoP` header
 * @throws TypeError when the URL is neither http(s) nor a URN, or an option is unknown
 * @see RFC 9449 section 4.2
 * @example
 * ```ts
 * import { createDpopProof, generateSigningKey, verifyDpopProof } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const request = { method: 'GET', url: 'https://bus.example/whoami', token: 'the.access.token' };
 * const proof = await createDpopProof({ key, ...request });
 * const { jkt } = await verifyDpopProof(proof, request);
 * if (jkt !== key.kid) throw new Error('unexpected');
 * ```
 */
export async function createDpopProof(options: DpopProofOptions): Promise<string> {
  checkOptionNames('createDpopProof', options, ['key', 'method', 'url', 'token', 'nonce', 'clock']);
  const { key, method, token, nonce, clock = systemClock } = options;
  const htu = sentTarget(String(options.url));
  if (htu === undefined) throw new TypeError('"url" must be an http(s) URL or a URN');
  const claims = {
    jti: crypto.randomUUID(),
    htm: method,
    htu,
    iat: readClock(clock),
    ...(token === undefined ? {} : { ath: await accessTokenHash(token) }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ: 'dpop+jwt', jwk })
    .sign(key.privateKey);
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

/** Checks a proof as {@link verifyDpopProof} does, with the refusal as a value. */
export async function checkDpopProof(proof: string, expected: DpopExpectations): Promise<Outcome> {
  const { method, token, jkt, isNonce, clockTolerance = 5, clock = systemClock } = expected;
  const { algorithms = defaultAlgorithms } = expected;
  const url = String(expected.url);
  const now = readClock(clock);
  const parsed = parseToken(proof, proofBytes);
  if (!parsed.ok) return refuse('proof_invalid');
  const { header, claims, segments } = parsed.value;
  const { typ, alg: named, jwk, kid } = header;
  if (typ !== 'dpop+jwt') return refuse('proof_invalid', 'typ');
  const alg = canonicalAlgorithm(named);
  if (alg === undefined || !algorithms.includes(alg)) return refuse('proof_invalid', 'alg');
  const member = forbidden.find((name) => Object.hasOwn(header, name));
  if (member !== undefined) return refuse('proof_invalid', member);
  const key = await importVerificationKey(jwk, alg);
  if (typeof key === 'string') return refuse('proof_invalid', 'jwk');
  if (kid !== undefined && kid !== key.thumbprint) return refuse('proof_invalid', 'kid');
  if (jkt !== undefined && key.thumbprint !== jkt) return refuse('proof_invalid', 'jwk');
  try {
    const [protectedHeader, payload, signature] = segments;
    await flattenedVerify({ protected: protectedHeader, payload, signature }, key.key);
  } catch {
    return refuse('proof_invalid');
  }
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
  if (token !== undefined && ath !== (await accessTokenHash(token))) {
    return refuse('proof_invalid', 'ath');
  }
  if (isNonce !== undefined && !(await isOurs(nonce, isNonce))) {
    return refuse('proof_nonce_required');
  }
  const proofJkt = key.thumbprint;
  return { ok: true, value: { jkt: proofJkt, jti, issuedAt: iat, expiresAt: iat + maxProofAge } };
}

/**
 * Checks a DPoP proof against the request that it came with.
 *
 * Does not check the access token itself, nor (without `jkt`) whose key it is; without `replay` it
 * does not notice a proof that was used before.
 *
 * @param proof the value of the request's one `DPoP` header
 * @param expected the request, and optionally a guard that lets each proof through once
 * @throws TokenError `proof_invalid`, `proof_replayed`, `proof_nonce_required`
 * @throws TypeError for a mistake in what is expected, which it names
 * @see RFC 9449 section 4.3
 * @example
 * ```ts
 * import { createDpopProof, generateSigningKey, memoryReplayGuard, verifyDpopProof } from 'swarmgate';
 *
 * const key = await generateSigningKey();
 * const request = { method: 'POST', url: 'https://bus.example/token' };
 * const proof = await createDpopProof({ key, ...request });
 * const replay = memoryReplayGuard();
 * await verifyDpopProof(proof, { ...request, replay });
 * const again = await verifyDpopProof(proof, { ...request, replay }).catch((error) => error.code);
 * if (again !== 'proof_replayed') throw new Error('unexpected');
 * ```
 */
export async function verifyDpopProof(
  proof: string,
  expected: DpopExpectations & { readonly replay?: ReplayGuard },
): Promise<DpopProof> {
  const { replay } = expected;
  const checked = await checkDpopProof(proof, readExpectations(expected));
  if (!checked.ok) throw checked.error;
  const replayed = replay && (await askReplay(replay, proofUse(checked.value)));
  if (replayed !== undefined) throw replayed;
  return checked.value;
}
