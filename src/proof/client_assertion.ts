// Client assertions (private_key_jwt, RFC 7523bis): how a client proves to an authority who it is.

import { CompactSign } from 'jose';
import {
  checkOptionNames,
  numberOption,
  readClock,
  systemClock,
  type Clock,
} from '../errors/caller.ts';
import type { SigningKey } from '../keys/signing_key.ts';
import { isText } from '../token/shape.ts';

/** Options of {@link createClientAssertion}. */
export interface ClientAssertionOptions {
  /** The key that the client is registered with. */
  readonly key: SigningKey;
  /** The id that the client is registered under. */
  readonly clientId: string;
  /** The authority's issuer, exactly as its metadata says it. */
  readonly issuer: string;
  /** How long it may be used, in seconds, 1 to 300; default 60. */
  readonly lifetime?: number;
  /** Seconds since the epoch. */
  readonly clock?: Clock;
}

const encoder = new TextEncoder();

/**
 * Makes an assertion that authenticates a client at an authority, once.
 *
 * Its audience is the issuer alone, so that no other server can pass it on. Does not check that
 * the client is registered: the authority does.
 *
 * @param options the client, its key, and the authority; `lifetime` in seconds
 * @returns the compact JWS for the form field `client_assertion`
 * @throws TypeError for a mistake in the options, which it names
 * @see RFC 7523 section 3, as updated by RFC 7523bis
 * @example
 * ```ts
 * import { createClientAssertion, decodeUnverified, generateSigningKey } from 'swarmgate';
 *
 * const assertion = await createClientAssertion({
 *   key: await generateSigningKey(),
 *   clientId: 'planner',
 *   issuer: 'https://gate.example',
 * });
 * if (decodeUnverified(assertion).claims['aud'] !== 'https://gate.example') {
 *   throw new Error('unexpected');
 * }
 * ```
 */
export async function createClientAssertion(options: ClientAssertionOptions): Promise<string> {
  const names = ['key', 'clientId', 'issuer', 'lifetime', 'clock'];
  checkOptionNames('createClientAssertion', options, names);
  const { key, clientId, issuer, clock = systemClock } = options;
  if (!isText(clientId)) throw new TypeError('"clientId" must be a non-empty string');
  if (!isText(issuer)) throw new TypeError('"issuer" must be a non-empty string');
  const range = { min: 1, max: 300, fallback: 60 };
  const lifetime = numberOption('lifetime', options.lifetime, range);
  const iat = Math.floor(readClock(clock));
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: crypto.randomUUID(),
    iat,
    exp: iat + Math.floor(lifetime),
  };
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ: 'client-authentication+jwt', kid: key.kid })
    .sign(key.privateKey);
}
