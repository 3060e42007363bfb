// Who this browser is: the operator's id and authority in storage, the key in IndexedDB, never a secret as text.

import { browserKey, forgetBrowserKey } from '../../src/client/index.ts';
import { createDpopProof, type SigningKey } from '../../src/index.ts';

/** What an enrolled browser remembers. Nothing of it is secret. */
export interface Operator {
  readonly clientId: string;
  readonly issuer: string;
  /** The name of its key in this browser. */
  readonly key: string;
}

const place = 'swarmgate.operator';

/** The key of an operator in this browser: made on first use, it cannot be taken out. */
export function operatorKey({ key }: Pick<Operator, 'key'>): Promise<SigningKey> {
  return browserKey(key);
}

/** Who was enrolled in this browser, if anybody. */
export function rememberedOperator(): Operator | undefined {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(place) ?? '{}');
    const { clientId, issuer, key } = stored as Record<string, unknown>;
    const isWhole =
      typeof clientId === 'string' && typeof issuer === 'string' && typeof key === 'string';
    return isWhole ? { clientId, issuer, key } : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets who was enrolled; the key is still there, to sign what has to be signed at the end. */
export function forgetOperator(): void {
  localStorage.removeItem(place);
}

/** Forgets an operator's key for good. */
export function forgetKey({ key }: Pick<Operator, 'key'>): Promise<void> {
  return forgetBrowserKey(key);
}

/**
 * One key for each code, since a key belongs to one operator: the same code finds the same key
 * again, where an answer was lost.
 */
async function keyNameOf(code: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'));
  return `dashboard-${hex.join('').slice(0, 32)}`;
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
export async function enrol(pasted: string): Promise<Operator> {
  const code = pasted.trim();
  const name = await keyNameOf(code);
  const key = await browserKey(name);
  const url = new URL('/enroll', location.origin).href;
  const response = await reach(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      dpop: await createDpopProof({ key, method: 'POST', url }),
    },
    body: JSON.stringify({ code, jwk: key.publicJwk }),
    credentials: 'omit',
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const { client_id: clientId, issuer, error_description: why } = answer;
  if (!response.ok || typeof clientId !== 'string' || typeof issuer !== 'string') {
    // A mistyped code leaves no key behind; after a failure of the gateway's it may be tried again
    if (response.status < 500) await forgetBrowserKey(name);
    throw new EnrolError(typeof why === 'string' ? why : `The gateway answered ${response.status}`);
  }
  const operator = { clientId, issuer, key: name };
  localStorage.setItem(place, JSON.stringify(operator));
  return operator;
}
