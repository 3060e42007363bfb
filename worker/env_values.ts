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
