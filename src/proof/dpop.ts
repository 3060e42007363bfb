// DPoP proofs (RFC 9449 section 4): making one, and checking one against a request.

import { CompactSign } from 'jose';
import { checkOptionNames, readClock, systemClock, type Clock } from '../errors/caller.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { hashText } from '../token/digest.ts';
import { checkDpopProof, proofUse, type DpopProof } from './check.ts';
import { readExpectations, type DpopExpectations } from './expectations.ts';
import { sentTarget } from './htu.ts';
import { askReplay, type ReplayGuard } from './replay.ts';

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
    ...(token === undefined ? {} : { ath: await hashText(token) }),
    ...(nonce === undefined ? {} : { nonce }),
  };
  const { kid: _kid, use: _use, alg: _alg, ...jwk } = key.publicJwk;
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ: 'dpop+jwt', jwk })
    .sign(key.privateKey);
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
