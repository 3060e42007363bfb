// From an untrusted public JWK to keys that are ready to verify with: every check in one place.

import { isName } from '../token/shape.ts';
import { canonicalAlgorithm, signingAlgorithms, type SigningAlgorithm } from './algorithms.ts';
import {
  copyMembers,
  isP256,
  isSecret,
  readP256,
  type Jwk,
  type JwkFault,
  type KeyMembers,
  type ReadMembers,
} from './jwk.ts';
import type { VerificationKey } from './key_source.ts';
import { memberReader } from './on_demand.ts';
import { importPublic, thumbprintOf } from './web_keys.ts';

/** A public JWK that passed every check but the import itself. */
export interface CheckedJwk {
  readonly kid: string | undefined;
  /** The algorithms it may verify: one where it names its own, both of RSA's otherwise. */
  readonly algorithms: readonly SigningAlgorithm[];
  readonly members: KeyMembers;
}

/**
 * Checks a public JWK for verification, and copies what is needed of it.
 *
 * `x5u` and `x5c` are ignored.
 *
 * @param read Reads the members of its kind.
 * @param alg The one algorithm that the caller will use; a key for another one is a fault.
 * @returns the key, or why it is refused.
 */
export function checkPublicJwk(
  jwk: unknown,
  read: ReadMembers,
  alg?: SigningAlgorithm,
): CheckedJwk | JwkFault {
  const copy = copyMembers(jwk);
  if (copy === undefined) return 'malformed';
  if (isSecret(copy)) return 'secret';
  const members = read(copy);
  if (typeof members === 'string') return members;
  const kid = copy['kid'];
  if (kid !== undefined && !isName(kid)) return 'malformed';
  if (!isForVerifying(copy)) return 'use';
  const algorithms = algorithmsOf(members, copy['alg'], alg);
  return typeof algorithms === 'string' ? algorithms : { kid, algorithms, members };
}

/**
 * Checks a public JWK as `checkPublicJwk` does, with what reads its kind.
 *
 * @throws TokenError `key_unavailable` where that cannot be loaded.
 */
export async function checkAnyJwk(
  jwk: unknown,
  alg?: SigningAlgorithm,
): Promise<CheckedJwk | JwkFault> {
  const copy = copyMembers(jwk);
  const ordinary = copy === undefined || isP256(copy);
  return checkPublicJwk(copy, ordinary ? readP256 : (await memberReader()).readMembers, alg);
}

/** Imports a checked JWK, once for each algorithm; what the runtime refuses is `malformed`. */
export async function importVerificationKeys(
  jwk: CheckedJwk,
): Promise<readonly VerificationKey[] | JwkFault> {
  const { kid, algorithms, members } = jwk;
  try {
    const thumbprint = await thumbprintOf(members);
    return await Promise.all(
      algorithms.map(async (alg) =>
        Object.freeze({ kid, thumbprint, alg, key: await importPublic(members, alg) }),
      ),
    );
  } catch {
    return 'malformed';
  }
}

/** The algorithms of the table that fit a key, narrowed by its own `alg` and by the caller's. */
export function algorithmsOf(
  members: KeyMembers,
  named: unknown,
  wanted: SigningAlgorithm | undefined,
): readonly SigningAlgorithm[] | JwkFault {
  const crv = members.kty === 'RSA' ? undefined : members.crv;
  const own = named === undefined ? undefined : canonicalAlgorithm(named);
  if (named !== undefined && own === undefined) return 'alg';
  const fitting: SigningAlgorithm[] = [];
  for (const [name, row] of Object.entries(signingAlgorithms)) {
    const alg = canonicalAlgorithm(name);
    if (alg === undefined || row.kty !== members.kty || row.crv !== crv) continue;
    if ((own ?? alg) === alg && (wanted ?? alg) === alg) fitting.push(alg);
  }
  if (fitting.length > 0) return fitting;
  return crv === 'X25519' ? 'crv_unknown' : 'alg';
}

/** RFC 7517 sections 4.2 and 4.3: absent means no limit, present must allow it. */
function isForVerifying({ use, key_ops }: Jwk): boolean {
  if (use !== undefined && use !== 'sig') return false;
  return key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes('verify'));
}
