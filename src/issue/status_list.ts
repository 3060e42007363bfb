// makeStatusListToken: the statuses of many tokens as one signed list that anyone may cache.

import { CompactSign } from 'jose';
import {
  checkNotUndefined,
  checkOptionNames,
  numberOption,
  readClock,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import { isSigningAlgorithm } from '../keys/algorithms.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { encodeStatusList, isStatusBits, type StatusBits } from '../revoke/status_codec.ts';
import { isRecord, isText } from '../token/shape.ts';

/** Options of {@link makeStatusListToken}. */
export interface StatusListTokenOptions {
  /** A key of the issuer. */
  readonly key: SigningKey;
  /** The `iss` of the tokens that refer to the list. */
  readonly issuer: string;
  /** The list's address, as it stands in those tokens. */
  readonly uri: string;
  /** Bits for each token. */
  readonly bits: StatusBits;
  /** The packed statuses: the first token in the least significant bits of the first byte. */
  readonly statuses: Uint8Array;
  /** Seconds for which it may be kept, 1 to 86,400; default 30. */
  readonly ttl?: number;
  /** Seconds until it ends, 1 to 604,800; default 300. */
  readonly lifetime?: number;
  /** The time, in seconds since the epoch. */
  readonly clock?: Clock;
}

const optionNames = [
  'key',
  'issuer',
  'uri',
  'bits',
  'statuses',
  'ttl',
  'lifetime',
  'clock',
] as const satisfies readonly (keyof StatusListTokenOptions)[];
const encoder = new TextEncoder();

/**
 * Makes a status list token, to be served as `application/statuslist+jwt` at its own address.
 *
 * Does not decide what a status says; verifiers of this library take any but `0` for revoked.
 *
 * @param options the key, the list and how long it counts; times in seconds
 * @returns the compact JWS
 * @throws TypeError for a mistake in the options, which it names
 * @see draft-ietf-oauth-status-list-21 section 5.1
 * @example
 * ```ts
 * import { decodeUnverified, generateSigningKey } from 'swarmgate';
 * import { makeStatusListToken } from 'swarmgate/issue';
 *
 * const issuer = 'https://gate.example';
 * const token = await makeStatusListToken({
 *   key: await generateSigningKey(),
 *   issuer,
 *   uri: `${issuer}/status/0`,
 *   bits: 1,
 *   statuses: new Uint8Array(2 ** 17),
 * });
 * if (decodeUnverified(token).claims['sub'] !== `${issuer}/status/0`) throw new Error('unexpected');
 * ```
 */
export async function makeStatusListToken(options: StatusListTokenOptions): Promise<string> {
  checkOptionNames('makeStatusListToken', options, optionNames);
  checkNotUndefined(options, optionNames);
  const { key, issuer, uri, bits, statuses, clock = systemClock } = options;
  if (!isRecord(key) || key.privateKey?.type !== 'private' || !isSigningAlgorithm(key.alg)) {
    throw new TypeError('"key" must be a signing key with a private, asymmetric key');
  }
  if (!isText(issuer)) throw new TypeError('"issuer" must be a non-empty string');
  if (!isText(uri)) throw new TypeError('"uri" must be a non-empty string');
  if (!isStatusBits(bits)) throw new TypeError('"bits" must be 1, 2, 4 or 8');
  if (!(statuses instanceof Uint8Array)) throw new TypeError('"statuses" must be a Uint8Array');
  if (typeof clock !== 'function') throw new TypeError('"clock" must be a function');
  const ttl = numberOption('ttl', options.ttl, { min: 1, max: 86_400, fallback: 30 });
  const range = { min: 1, max: 604_800, fallback: 300 };
  const lifetime = numberOption('lifetime', options.lifetime, range);
  const iat = Math.floor(readClock(clock));
  const { alg, kid, privateKey } = key;
  const claims = {
    iss: issuer,
    sub: uri,
    iat,
    exp: iat + Math.floor(lifetime),
    ttl,
    status_list: { bits, lst: await encodeStatusList(statuses) },
  };
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg, typ: 'statuslist+jwt', kid })
    .sign(privateKey);
}
