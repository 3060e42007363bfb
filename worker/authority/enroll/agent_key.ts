// An agent's public key as it was sent: checked by the library, and copied member by member.

import type { PublicJwk } from '../../../src/issue/index.ts';
import { localKeys, type SigningAlgorithm } from '../../../src/verify/index.ts';
import type { AgentKey } from '../agent/registration.ts';
import type { RefusalCode } from '../http/refusal.ts';

type Members = Readonly<Record<string, unknown>>;

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const algorithmsByCurve: ReadonlyMap<unknown, SigningAlgorithm> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
  ['Ed25519', 'Ed25519'],
]);

/** The one algorithm that the key is for: its curve says it, or an RSA key's own `alg`. */
function algorithmOf({ kty, crv, alg }: Members): SigningAlgorithm | undefined {
  if (kty !== 'RSA') return algorithmsByCurve.get(crv);
  return alg === 'RS256' || alg === 'PS256' ? alg : undefined;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function membersOf(jwk: Members): Omit<PublicJwk, 'kid' | 'alg' | 'use'> {
  if (jwk['kty'] === 'RSA') return { kty: 'RSA', n: text(jwk['n']), e: text(jwk['e']) };
  const point = { crv: text(jwk['crv']), x: text(jwk['x']) };
  return jwk['kty'] === 'EC'
    ? { kty: 'EC', ...point, y: text(jwk['y']) }
    : { kty: 'OKP', ...point };
}

/**
 * Reads a public key.
 *
 * Its `kid` is the thumbprint (RFC 7638), whatever it says itself; other members are dropped.
 * Does not check who has the private key.
 */
export async function readAgentKey(jwk: object): Promise<AgentKey | RefusalCode> {
  const members: Members = { ...jwk };
  if (members['kty'] === 'oct' || privateMembers.some((name) => Object.hasOwn(members, name))) {
    return 'key_private';
  }
  const alg = algorithmOf(members);
  if (alg === undefined) return 'key_malformed';
  const { kid: _kid, ...unnamed } = members;
  try {
    const keys = await localKeys(unnamed, alg);
    const [jkt] = keys.thumbprints ?? [];
    if (jkt === undefined) return 'key_malformed';
    return { jwk: { ...membersOf(members), kid: jkt, alg, use: 'sig' }, jkt };
  } catch {
    return 'key_malformed';
  }
}
