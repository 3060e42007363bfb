// BUS and what it needs: which bus carries the messages, where it is, and what opens it.

import * as v from 'valibot';
import { ConfigError, isSecure, text } from './env_values.ts';

/** The bus, checked. Secrets are never to be logged or answered. */
export type BusConfig =
  | { readonly kind: 'durable' }
  /** Without `url` it is behind the service binding `BUS_SERVICE`. */
  | { readonly kind: 'http'; readonly url: string | undefined; readonly secret: string }
  | { readonly kind: 'nats'; readonly url: string; readonly secret: string | undefined };

const kinds = ['durable', 'http', 'nats'] as const;
const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

const secureUrl = v.pipe(
  text,
  v.check(
    (value) => isSecure(value) && new URL(value).search === '' && !value.endsWith('/'),
    'must be an https URL (http on loopback only) without query, fragment or final slash',
  ),
);

function isSocketUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, hash } = new URL(value);
  if (username !== '' || password !== '' || hash !== '') return false;
  return protocol === 'wss:' || (protocol === 'ws:' && loopback.has(hostname));
}

const socketUrl = v.pipe(
  text,
  v.check(isSocketUrl, 'must be a wss URL (ws on loopback only) without a fragment'),
);

/** A bearer secret: as long as one that nobody can guess has to be. */
const bearer = v.pipe(
  text,
  v.regex(/^[\w~.+/=-]{32,512}$/, 'must be 32 to 512 characters of a bearer token'),
);

/** Several, separated by commas: a server takes each of them. */
const bearers = v.pipe(
  text,
  v.transform((value) => value.split(',').map((secret) => secret.trim())),
  v.array(bearer),
  v.maxLength(8, 'must hold at most 8 secrets'),
);

type Environment = Readonly<Record<string, unknown>>;

function read<T>(name: string, schema: v.GenericSchema<unknown, T>, env: Environment): T {
  const parsed = v.safeParse(schema, env[name], { abortEarly: true });
  if (parsed.success) return parsed.output;
  throw new ConfigError(name, env[name] === undefined ? 'is required' : parsed.issues[0].message);
}

const readers: Readonly<Record<BusConfig['kind'], (env: Environment) => BusConfig>> = {
  durable(env) {
    for (const name of ['BUS_URL', 'BUS_SECRET']) {
      if (env[name] !== undefined) throw new ConfigError(name, 'needs BUS "http" or "nats"');
    }
    return { kind: 'durable' };
  },
  http: (env) => ({
    kind: 'http',
    url: read('BUS_URL', v.optional(secureUrl), env),
    secret: read('BUS_SECRET', bearer, env),
  }),
  nats: (env) => ({
    kind: 'nats',
    url: read('BUS_URL', socketUrl, env),
    secret: read('BUS_SECRET', v.optional(text), env),
  }),
};

/**
 * Checks BUS, BUS_URL and BUS_SECRET.
 *
 * @throws ConfigError that names the variable and what is wrong with it, never its value
 */
export function readBus(env: Environment): BusConfig {
  const choice = v.optional(v.picklist(kinds, 'must be "durable", "http" or "nats"'), 'durable');
  const kind = read('BUS', choice, env);
  return readers[kind](env);
}

/**
 * The secrets that a bus for other gateways takes, from BUS_SECRET.
 *
 * @throws ConfigError
 */
export function readServiceSecrets(env: Environment): readonly string[] {
  return read('BUS_SECRET', bearers, env);
}
