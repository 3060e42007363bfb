// Who this browser is: the operator's id and authority in storage, the key in IndexedDB, never a secret as text.

import { browserKey } from '../../src/client/index.ts';
import { createDpopProof, type SigningKey } from '../../src/index.ts';

/** What an enrolled browser remembers. Nothing of it is secret. */
export interface Operator {
  readonly clientId: string;
  readonly issuer: string;
}

const place = 'swarmgate.operator';

/** The key of this browser: made on first use, it cannot be taken out. */
export function operatorKey(): Promise<SigningKey> {
  return browserKey('dashboard');
}

/** Who was enrolled in this browser, if anybody. */
export function rememberedOperator(): Operator | undefined {
  try {
    const { clientId, issuer } = JSON.parse(localStorage.getItem(place) ?? '{}') as Record<
      string,
      unknown
    >;
    return typeof clientId === 'string' && typeof issuer === 'string'
      ? { clientId, issuer }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets the operator. The key stays: enrolled again, the browser is the same client. */
export function forgetOperator(): void {
  localStorage.removeItem(place);
}

/** Why a code was not accepted, in the gateway's words. */
class EnrolError extends Error {}

/** A request whose failure has words for people: engines' own differ, and name no cause. */
async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new EnrolError('The gateway cannot be reached');
  }
}

/** Makes this browser an operator's, by a one-time code from the command line. */
export async function enrol(code: string): Promise<Operator> {
  const key = await operatorKey();
  const url = new URL('/enroll', location.origin).href;
  const response = await reach(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      dpop: await createDpopProof({ key, method: 'POST', url }),
    },
    body: JSON.stringify({ code: code.trim(), jwk: key.publicJwk }),
    credentials: 'omit',
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { client_id: clientId, issuer, error_description: why } = answer;
  if (!response.ok || typeof clientId !== 'string' || typeof issuer !== 'string') {
    throw new EnrolError(typeof why === 'string' ? why : `The gateway answered ${response.status}`);
  }
  const operator = { clientId, issuer };
  localStorage.setItem(place, JSON.stringify(operator));
  return operator;
}
