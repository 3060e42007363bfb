// The kinds of values that variables hold, and the error that names the variable.

import * as v from 'valibot';

/** A mistake in the configuration. The message names the variable, and never holds its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variable: string;

  constructor(variable: string, fault: string) {
    super(`${variable} ${fault}`);
    this.variable = variable;
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Non-empty text: an empty variable is a mistake, not a default. */
export const text: v.GenericSchema<string, string> = v.pipe(
  v.string('must be text'),
  v.nonEmpty('must not be empty'),
);

/** Names separated by commas, each once; the empty text is the empty list. */
export const nameList: v.GenericSchema<string, string[]> = v.pipe(
  v.string('must be text'),
  v.transform((value) => (value.trim() === '' ? [] : value.split(',').map((name) => name.trim()))),
  v.check((names) => new Set(names).size === names.length, 'must not name anything twice'),
);

/** Tells whether a value is an http or https origin, written exactly as browsers serialize it. */
function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, origin } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && origin === value;
}

/** Tells whether a URL may be trusted to be what it says: https, or http on loopback. */
export function isSecure(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, hash } = new URL(value);
  if (username !== '' || password !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname));
}

/** Tells whether a value is a secure origin and nothing more. */
export function isSecureOrigin(value: string): boolean {
  return isOrigin(value) && isSecure(value);
}

const maxSecrets = 8;
/** 32 random bytes have fewer different ones once in 10^12: what does is a pattern or a text. */
const minDistinctBytes = 16;

/**
 * Reads secret keys: base64url of 32 random bytes each, separated by commas.
 *
 * @throws ConfigError that names the variable
 */
export function readSecrets(name: string, value: unknown): readonly string[] {
  const refuse = (fault: string): ConfigError => new ConfigError(name, fault);
  if (typeof value !== 'string') throw refuse('must be text');
  const keys = value.split(',').map((key) => key.trim());
  if (keys.length > maxSecrets) throw refuse(`must hold at most ${maxSecrets} keys`);
  if (new Set(keys).size !== keys.length) throw refuse('must not name a key twice');
  for (const key of keys) {
    // 43 characters are 32 bytes; the last one has two unused bits, which must be zero
    if (!/^[\w-]{42}[AEIMQUYcgkosw048]$/.test(key)) {
      throw refuse('must be base64url of 32 bytes, or several of them separated by commas');
    }
    const bytes = atob(key.replaceAll('-', '+').replaceAll('_', '/'));
    if (new Set(bytes).size < minDistinctBytes) throw refuse('must be random: this one is weak');
  }
  return keys;
}
