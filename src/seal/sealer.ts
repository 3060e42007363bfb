// createSealer: encrypts payloads for one key, and decrypts what was encrypted for it.

import type { JWK } from 'jose';
import { checkOptionNames, numberOption } from '../errors/caller.ts';
import { openText, sealText, undecryptable, type Purpose, type SealCore } from './core.ts';
import { readObject } from './jwe_format.ts';
import { claimsType, isNestedType } from './purposes.ts';
import { ownPrivateKey, recipientKey, type SealKey } from './seal_key.ts';
import { sharedKey } from './shared_key.ts';

/** What every sealer may be given. */
export interface CommonOptions {
  /** Largest JWE, in bytes, in both directions. Default: 16,384. */
  readonly maxBytes?: number;
}

/** A secret that both sides hold: encrypts and decrypts (`dir`). */
export interface SharedKeyOptions extends CommonOptions {
  /** 32 bytes, their base64url, an `oct` JWK, or an AES-GCM CryptoKey of 256 bits. */
  readonly key: Uint8Array | string | JWK | CryptoKey;
}

/** The public key of another: encrypts only (`ECDH-ES+A256KW` or `RSA-OAEP-256`). */
export interface RecipientOptions extends CommonOptions {
  /** EC P-256, X25519, or RSA of 2,048 to 4,096 bits. */
  readonly recipient: JWK | CryptoKey;
}

/** One's own private key: decrypts only. */
export interface PrivateKeyOptions extends CommonOptions {
  /** EC P-256, X25519, or RSA of 2,048 to 4,096 bits. */
  readonly privateKey: JWK | CryptoKey;
}

/** Options of {@link createSealer}: exactly one key. */
export type SealerOptions = SharedKeyOptions | RecipientOptions | PrivateKeyOptions;

/** Encrypts and decrypts under one key and one algorithm. */
export interface Sealer {
  /**
   * Encrypts an object as a compact JWE with A256GCM and a fresh random IV.
   *
   * @throws TypeError for what is not an object that JSON can hold, for one that is too large, or
   * when the sealer only decrypts.
   */
  encryptPayload(payload: object): Promise<string>;
  /**
   * Decrypts a compact JWE that holds a JSON object.
   *
   * @throws TokenError `payload_undecryptable` for every bad JWE, whatever is wrong with it;
   * TypeError when the sealer only encrypts.
   */
  decryptPayload(jwe: string): Promise<object>;
}

const cores = new WeakMap<Sealer, SealCore>();

/** Payloads of any stack; but nothing that was sealed as something else. */
const payload: Purpose = {
  header: {},
  accepts: ({ typ, cty }) => typ !== claimsType && !isNestedType(cty),
};

/**
 * Makes a sealer for one key.
 *
 * The key decides the algorithm, never the header of what is received: a shared secret means `dir`,
 * an EC or X25519 key `ECDH-ES+A256KW`, an RSA key `RSA-OAEP-256`; the content is always A256GCM.
 * Under a shared secret, what decrypts comes from a holder of the secret. Under a key pair it may
 * come from anybody: decryption never counts as authentication there. Does not protect against
 * replay. A shared secret should be replaced before 2^32 messages (NIST SP 800-38D section 8.3).
 *
 * @param options `{ key }`, `{ recipient }` or `{ privateKey }`; `maxBytes`.
 * @returns the sealer. A key pair's point is checked at first use, by the runtime.
 * @throws TypeError for everything that is wrong with the key.
 * @example
 * ```ts
 * import { createSealer } from 'swarmgate';
 *
 * const sealer = createSealer({ key: crypto.getRandomValues(new Uint8Array(32)) });
 * const jwe = await sealer.encryptPayload({ task: 'summarize' });
 * const payload = await sealer.decryptPayload(jwe);
 * if (JSON.stringify(payload) !== '{"task":"summarize"}') throw new Error('unexpected');
 * ```
 * @see RFC 7516 section 7.1, RFC 7518 sections 4 and 5.3
 */
export function createSealer(options: SealerOptions): Sealer {
  const core = readOptions(options);
  const sealer: Sealer = Object.freeze({
    encryptPayload: async (value: object) => sealText(core, toJson(value), payload),
    decryptPayload: async (jwe: string) => openObject(core, jwe, payload),
  });
  cores.set(sealer, core);
  return sealer;
}

/** The inside of a sealer of this module. Not a public name. */
export function coreOf(sealer: Sealer): SealCore {
  const core = cores.get(sealer);
  if (core === undefined) throw new TypeError('The sealer must be one of createSealer');
  return core;
}

/** Decrypts to a JSON object without duplicate names. */
export async function openObject(core: SealCore, jwe: unknown, purpose: Purpose): Promise<object> {
  const value = readObject(await openText(core, jwe, purpose));
  if (value === undefined) throw undecryptable();
  return value;
}

/** An object as JSON text that the receiving side will accept. */
export function toJson(value: object): string {
  const text: unknown = JSON.stringify(value);
  if (typeof text !== 'string' || readObject(text) === undefined) {
    throw new TypeError('A payload must be a JSON object, at most 32 levels deep');
  }
  return text;
}

function readOptions(options: SealerOptions): SealCore {
  checkOptionNames('createSealer', options, ['key', 'recipient', 'privateKey', 'maxBytes']);
  const { maxBytes } = options;
  const keys: SealKey[] = [];
  if ('key' in options) keys.push(sharedKey(options.key));
  if ('recipient' in options) keys.push(recipientKey(options.recipient));
  if ('privateKey' in options) keys.push(ownPrivateKey(options.privateKey));
  const [key, other] = keys;
  if (key === undefined || other !== undefined) {
    throw new TypeError('createSealer takes exactly one of "key", "recipient" and "privateKey"');
  }
  const limits = { min: 256, max: 1_048_576, fallback: 16_384 };
  return { key, maxBytes: numberOption('maxBytes', maxBytes, limits) };
}
