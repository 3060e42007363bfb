// The parts that admit requests, made from the configuration.

import { createDpopNonces, type DpopNonces } from '../authority/token/dpop_nonce.ts';
import type { Bindings, Config } from '../env.ts';
import { createAdmission, type Admission } from './admission.ts';
import { createAnonymousGate, type AnonymousGate } from './anonymous_gate.ts';
import { createPlatformLimit } from './platform_limit.ts';

/** What admits requests. */
export interface AdmissionParts {
  readonly gate: AnonymousGate;
  readonly admission: Admission;
}

/** Makes the parts. Calls no object yet. */
export function createAdmissionParts(
  { admission: { quotas } }: Config,
  { AGENT, ANONYMOUS_LIMIT, BEARER_LIMIT }: Bindings,
  defer: (work: Promise<unknown>) => void,
): AdmissionParts {
  const now = (): number => Date.now();
  return {
    gate: createAnonymousGate(now, createPlatformLimit(ANONYMOUS_LIMIT, { now, defer })),
    admission: createAdmission({
      deskOf: (agentId) => AGENT.getByName(agentId),
      quotas,
      platform: createPlatformLimit(BEARER_LIMIT, { now, defer }),
      now,
      defer,
    }),
  };
}

/**
 * The nonces that proofs at guarded routes need, if they need any: the authority's, which all of its
 * clients have already, or such as are made under NONCE_KEY.
 */
export function resourceNonces(
  { admission: { nonce, nonceSecrets } }: Config,
  ofAuthority: DpopNonces | undefined,
): DpopNonces | undefined {
  if (nonce === 'optional') return undefined;
  if (ofAuthority !== undefined) return ofAuthority;
  let keys: readonly CryptoKey[] | undefined;
  return createDpopNonces({
    keys: async () => (keys ??= await Promise.all(nonceSecrets.map(importSecret))),
    now: () => Date.now(),
  });
}

function importSecret(secret: string): Promise<CryptoKey> {
  const base64 = secret.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
}
