// Checkpoints and manifests: what they state, and whether their signature is good.

import { compactVerify, decodeProtectedHeader } from 'jose';
import type { VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeySource } from '../keys/key_source.ts';
import { decodeUtf8, isBase64url } from '../token/base64url.ts';
import { parseJson } from '../token/json.ts';

/** The newest entry of a shard, as its log signed it. */
export interface Checkpoint {
  readonly shard: number;
  readonly seq: number;
  readonly hash: string;
}

/** A shard as a manifest lists it. */
export interface ListedShard extends Checkpoint {
  /** What its oldest kept entry follows. */
  readonly start: number;
  readonly startHash: string;
}

/** All shards at one moment, and the manifest before. */
export interface Manifest {
  readonly seq: number;
  readonly prev: string;
  /** The oldest manifest that is kept. */
  readonly from: number;
  /** Seconds since the epoch. */
  readonly at: number;
  readonly shards: readonly ListedShard[];
}

const algorithms: readonly VerificationAlgorithm[] = ['ES256', 'Ed25519'];
const hashForm = /^[\w-]{43}$/;
const maxShards = 1024;

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
const isHash = (value: unknown): value is string =>
  typeof value === 'string' && hashForm.test(value);

/**
 * The claims of a signed statement, or `undefined` where anything about it is not right.
 *
 * @throws TokenError `key_unavailable` where the keys cannot be reached: that says nothing of the log
 */
export async function openStatement(
  jws: string,
  type: 'checkpoint' | 'manifest',
  keys: KeySource,
): Promise<Members | undefined> {
  // Several strings can decode to one statement: there is one spelling of each
  if (!jws.split('.').every(isBase64url)) return undefined;
  let alg: VerificationAlgorithm | undefined;
  let kid: string | undefined;
  try {
    const header = decodeProtectedHeader(jws);
    if (header.typ !== `swarmgate-audit-${type}+jwt`) return undefined;
    alg = algorithms.find((name) => name === header.alg);
    ({ kid } = header);
  } catch {
    return undefined;
  }
  if (alg === undefined || typeof kid !== 'string') return undefined;
  try {
    const { key } = await keys.find({ alg, kid });
    const { payload } = await compactVerify(jws, key, { algorithms: [alg] });
    return readStatement(decodeUtf8(payload) ?? '');
  } catch (error) {
    if (isObject(error) && error['code'] === 'key_unavailable') throw error;
    return undefined;
  }
}

/** The members of a statement that nobody signed. */
export function readStatement(text: string): Members | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a checkpoint of an issuer. */
export function readCheckpoint(claims: Members, issuer: string): Checkpoint | undefined {
  const { iss, shard, seq, hash } = claims;
  const isOurs = iss === issuer && isCount(shard) && isCount(seq) && isHash(hash);
  return isOurs ? { shard, seq, hash } : undefined;
}

function readShard(value: unknown): ListedShard | undefined {
  if (!isObject(value)) return undefined;
  const { shard, seq, hash, start, start_hash: startHash } = value;
  if (!isCount(shard) || !isCount(seq) || !isHash(hash)) return undefined;
  return isCount(start) && start <= seq && isHash(startHash)
    ? { shard, seq, hash, start, startHash }
    : undefined;
}

/** Reads a manifest of an issuer. */
export function readManifest(claims: Members, issuer: string): Manifest | undefined {
  const { iss, iat: at, seq, prev, from, shards: listed } = claims;
  if (iss !== issuer || !isCount(at) || !isCount(seq) || !isCount(from)) return undefined;
  if (!isHash(prev) || !Array.isArray(listed) || listed.length > maxShards) return undefined;
  const shards = listed.map(readShard).filter((shard) => shard !== undefined);
  const names = new Set(shards.map(({ shard }) => shard));
  return names.size === listed.length ? { seq, prev, from, at, shards } : undefined;
}
