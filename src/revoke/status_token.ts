// A status list token (draft-ietf-oauth-status-list-21 sections 5.1 and 8.3): every check before its bits count.

import { canonicalAlgorithm, type VerificationAlgorithm } from '../keys/algorithms.ts';
import type { KeySource } from '../keys/key_source.ts';
import { parseToken } from '../token/parse.ts';
import { isFiniteNumber, isName, isRecord } from '../token/shape.ts';
import { signatureVerifies } from '../verify/signature.ts';
import { decodeStatusList, isStatusBits, type StatusBits } from './status_codec.ts';

/** The statuses of one list, verified. */
export interface StatusList {
  readonly bits: StatusBits;
  readonly bytes: Uint8Array;
  /** Seconds for which it may be kept, as its issuer says; `undefined` where it does not. */
  readonly ttl: number | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** What a status list token is held against. */
export interface StatusListRules {
  readonly keys: KeySource;
  /** Accepted signature algorithms. */
  readonly algorithms: ReadonlySet<unknown>;
  /** The issuer of the token that refers to the list. */
  readonly issuer: string;
  /** The address in that token. */
  readonly uri: string;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly clockTolerance: number;
  /** Largest token, and largest list, in bytes. */
  readonly maxBytes: number;
  readonly maxListBytes: number;
}

const forbidden = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64'] as const;
const type = /^(?:application\/)?statuslist\+jwt$/i;

const refuse = (why: string): never => {
  throw new Error(`The status list token ${why}`);
};

type Json = Readonly<Record<string, unknown>>;

function readTimes({ iat, exp, ttl }: Json, { now, clockTolerance }: StatusListRules) {
  if (!isFiniteNumber(iat) || iat > now + clockTolerance) return refuse('has no usable "iat"');
  // Without an end, an old list could be shown for ever
  if (!isFiniteNumber(exp) || exp + clockTolerance <= now) return refuse('has expired');
  if (ttl !== undefined && !(isFiniteNumber(ttl) && ttl > 0))
    return refuse('has a malformed "ttl"');
  return { ttl, expiresAt: exp };
}

/** Verifies a status list token and unfolds its list; throws an Error that says what is wrong. */
export async function readStatusList(token: string, rules: StatusListRules): Promise<StatusList> {
  const { keys, algorithms, issuer, uri, maxBytes, maxListBytes } = rules;
  const parsed = parseToken(token, { maxTokenBytes: maxBytes, maxDelegatedTokenBytes: maxBytes });
  if (!parsed.ok) throw parsed.error;
  const { header, claims } = parsed.value;
  const { alg, typ, kid } = header;
  if (!algorithms.has(alg)) return refuse('has an algorithm that is not allowed');
  if (typeof typ !== 'string' || !type.test(typ)) return refuse('is of another type');
  if (forbidden.some((name) => Object.hasOwn(header, name))) return refuse('brings its own key');
  if (kid !== undefined && !isName(kid)) return refuse('has a malformed "kid"');
  const key = await keys.find({ alg: alg as VerificationAlgorithm, kid });
  if (canonicalAlgorithm(key.alg) !== canonicalAlgorithm(alg)) return refuse('has an unusable key');
  if (!(await signatureVerifies(parsed.value, key))) return refuse('has an invalid signature');
  const { iss, sub, status_list: list } = claims;
  if (sub !== uri) return refuse('is for another address');
  if (iss !== undefined && iss !== issuer) return refuse('is of another issuer');
  const times = readTimes(claims, rules);
  if (!isRecord(list) || !isStatusBits(list['bits']) || typeof list['lst'] !== 'string') {
    return refuse('has a malformed list');
  }
  const bytes = await decodeStatusList(list['lst'], maxListBytes);
  return { bits: list['bits'], bytes, ...times };
}
