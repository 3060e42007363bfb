// Forges DPoP proofs without the library, and holds them against one request

import {
  TokenError,
  verifyDpopProof,
  type DpopExpectations,
  type DpopProof,
  type ReplayGuard,
} from '../../../src/index.ts';
import { equal } from '../case.ts';
import { change, sha256, sign, type Json } from './forge.ts';
import { clock, keyOf, now } from './world.ts';

/** The one request that proofs are for. */
export const request = { method: 'GET', url: 'https://bus.example/bus/messages' } as const;

/** An access token; nothing but its hash matters here. */
export const accessToken = 'the.access.token';

/** The public members of a key, as a proof carries them. */
export async function bareJwk(name = 'proof'): Promise<Json> {
  const { kty, crv, x, y } = (await keyOf('ES256', name)).publicJwk;
  return { kty, crv, x, y };
}

/** Changes to a good proof. */
export interface ProofChanges {
  readonly header?: Json;
  readonly claims?: Json;
  /** The name of the key that signs; default: the one in `jwk`. */
  readonly signer?: string;
}

/** The good proof with changes, signed again. */
export async function proofWith({ header = {}, claims = {}, signer }: ProofChanges = {}) {
  const { privateKey } = await keyOf('ES256', signer ?? 'proof');
  const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: await bareJwk() };
  const body = {
    jti: 'e1j3V_bKic8-LAEB',
    htm: request.method,
    htu: request.url,
    iat: now,
    ath: await sha256(accessToken),
  };
  return sign(privateKey, change(head, header), change(body, claims));
}

type Expected = Partial<DpopExpectations & { readonly replay: ReplayGuard }>;

/** Holds a proof against the request, its token and its key. */
export async function held(proof: string, expected: Expected = {}): Promise<DpopProof> {
  const { kid: jkt } = await keyOf('ES256', 'proof');
  return verifyDpopProof(proof, { ...request, token: accessToken, jkt, clock, ...expected });
}

/** Fails unless the proof is refused as invalid for this member. */
export async function proofRefused(
  proof: Promise<string> | string,
  member: string | undefined,
  expected: Expected = {},
): Promise<void> {
  let outcome: unknown = 'it was accepted';
  try {
    await held(await proof, expected);
  } catch (error) {
    outcome = error;
  }
  if (!(outcome instanceof TokenError))
    throw new Error(`Expected a refusal, but ${String(outcome)}`);
  equal(outcome.code, 'proof_invalid', 'code');
  equal(outcome.member, member, 'member');
}
