// Whom the page trusts: an issuer with its keys, from this gateway, or from a file that was saved before.

import { signal } from '@preact/signals';
import {
  localKeys,
  revocationFeed,
  statusListSource,
  type KeySource,
  type RevocationSource,
} from '../../src/verify/index.ts';
import { wordsOf } from '../ui/words.ts';

/** How the page learns what is revoked: the quick way, and the public one of any verifier. */
export type RevocationWay = 'feed' | 'status list';

/** What tokens are held against. */
export interface Trust {
  readonly issuer: string;
  /** Empty: whatever the token is for. */
  readonly audience: string;
  readonly profile: 'at+jwt' | 'engine';
  /** A JWK set, or one key as JWK or SPKI PEM. */
  readonly keys: string;
  readonly revocation: RevocationSource | undefined;
  /** What `revocation` is, in words. */
  readonly by: RevocationWay | undefined;
  /** Where all of this comes from, in words. */
  readonly origin: string;
}

/** `undefined` as long as nobody is trusted. */
export const trust = signal<Trust | undefined>(undefined);
/** Why the gateway's own keys could not be loaded. */
export const trustError = signal<string | undefined>(undefined);

const maxBytes = 262_144;
const algorithms = ['ES256', 'ES384', 'RS256', 'PS256', 'Ed25519'] as const;
/** Every algorithm that the library verifies: which ones count is decided by the keys. */
export const verifiable: readonly (typeof algorithms)[number][] = algorithms;

async function read(path: string): Promise<Response> {
  const response = await fetch(new URL(path, location.origin), { credentials: 'omit' });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

let loading: Promise<void> | undefined;

/** Trusts the gateway that this page comes from: its issuer, its keys and what it says is revoked. */
export function trustThisGateway(way: RevocationWay = 'feed'): Promise<void> {
  loading = load(way);
  return loading;
}

/** Whom to trust, once what is being loaded is there. */
export async function settledTrust(): Promise<Trust | undefined> {
  await loading;
  return trust.peek();
}

async function revocationOf(
  way: RevocationWay,
  issuer: string,
  keys: string,
): Promise<RevocationSource> {
  if (way === 'feed')
    return revocationFeed(new URL('/revocations', location.origin), { maxAge: 5 });
  const trusted = { issuer, keys: await keysOf(keys), algorithms: verifiable };
  return statusListSource({ issuers: [trusted], maxAge: 30 });
}

async function load(way: RevocationWay): Promise<void> {
  try {
    const metadata = (await (await read('/.well-known/oauth-authorization-server')).json()) as {
      readonly issuer?: unknown;
    };
    const keys = await (await read('/.well-known/jwks.json')).text();
    if (typeof metadata.issuer !== 'string') throw new Error('The gateway names no issuer');
    trust.value = {
      issuer: metadata.issuer,
      audience: '',
      profile: 'at+jwt',
      keys,
      revocation: await revocationOf(way, metadata.issuer, keys),
      by: way,
      origin: `this gateway: its published keys and ${way === 'feed' ? 'revocation feed' : 'status lists'}`,
    };
    trustError.value = undefined;
  } catch (error) {
    trustError.value = wordsOf(error, 'The gateway cannot be reached');
  }
}

/** Trusts what the reader says. Revocation is not known then, and the page says so. */
export async function trustText(
  parts: Pick<Trust, 'issuer' | 'audience' | 'profile' | 'keys'>,
): Promise<void> {
  await keysOf(parts.keys);
  trust.value = { ...parts, revocation: undefined, by: undefined, origin: 'keys that you gave' };
}

/** Makes a source of the keys, or throws a TypeError that says what is wrong with them. */
export async function keysOf(text: string): Promise<KeySource> {
  const trimmed = text.trim();
  if (trimmed.length > maxBytes) throw new TypeError('The key set is too large');
  if (trimmed.startsWith('-----')) return localKeys(trimmed);
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    throw new TypeError('The keys are neither JSON nor PEM');
  }
  return localKeys(parsed as Parameters<typeof localKeys>[0]);
}
