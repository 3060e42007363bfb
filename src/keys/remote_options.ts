// Options of remoteKeys: what they are, their defaults, and the checks that stop a wrong start.

import { checkOptionNames, numberOption, systemClock, type Clock } from '../errors/caller.ts';

/** The part of `fetch` that is used. */
export type FetchKeys = (url: string, init: RequestInit) => Promise<Response>;

/** Keeps work going after the answer was given, as `ctx.waitUntil` does in Workers. */
export type WaitUntil = (work: Promise<unknown>) => void;

/** Options of {@link remoteKeys}. All times are in seconds. */
export interface RemoteKeysOptions {
  /** How keys are fetched. Default: the runtime's `fetch`. */
  readonly fetch?: FetchKeys;
  /** Time for one fetch, its whole body included; and how long to wait for another's. Default: 3. */
  readonly timeout?: number;
  /** Least time between two fetches, counted from the last attempt. Default: 10, or `maxAge`. */
  readonly cooldown?: number;
  /**
   * How long a key set counts as fresh: the bound within which a key that is published no more
   * stops working, while the address answers. `Cache-Control` can shorten it, not below
   * `cooldown`. Default: 300.
   */
  readonly maxAge?: number;
  /** How long the last good set is used while the address does not answer. Default: 3,600. */
  readonly staleLimit?: number;
  /** Largest body, decoded, in bytes. Default: 65,536. */
  readonly maxBytes?: number;
  /** Most keys in a set; a set with more is refused as a whole. Default: 32. */
  readonly maxKeys?: number;
  /** Seconds since the epoch. Default: the system's clock. */
  readonly clock?: Clock;
  /**
   * Keeps a fetch alive that others wait for; with it, a set is also renewed in the background
   * shortly before it is no longer fresh. Called while a token is being verified.
   */
  readonly waitUntil?: WaitUntil;
  /** Told of each failed fetch, for alarms; a failure of its own is ignored. Never gets key text. */
  readonly onFailure?: (error: Error) => void;
}

/** Checked options. */
export interface RemoteSettings {
  readonly url: string;
  readonly fetch: FetchKeys;
  readonly timeout: number;
  readonly cooldown: number;
  readonly maxAge: number;
  readonly staleLimit: number;
  readonly maxBytes: number;
  readonly maxKeys: number;
  readonly clock: Clock;
  readonly waitUntil: WaitUntil | undefined;
  readonly onFailure: ((error: Error) => void) | undefined;
}

const names = [
  'fetch',
  'timeout',
  'cooldown',
  'maxAge',
  'staleLimit',
  'maxBytes',
  'maxKeys',
  'clock',
  'waitUntil',
  'onFailure',
] as const satisfies readonly (keyof RemoteKeysOptions)[];

/** Reads the address and the options, or throws a TypeError that says what is wrong. */
export function readRemoteOptions(url: string | URL, options: RemoteKeysOptions): RemoteSettings {
  checkOptionNames('remoteKeys', options, names);
  const { clock = systemClock, waitUntil, onFailure } = options;
  // Looked up at the call, so that a runtime's or a test's later fetch is the one that is used.
  const { fetch: fetchKeys = (address, init) => fetch(address, init) } = options;
  for (const [name, hook] of Object.entries({ fetch: fetchKeys, clock, waitUntil, onFailure })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`"${name}" must be a function`);
    }
  }
  const number = (name: Limit, min: number, max: number, fallback: number): number =>
    numberOption(name, options[name], { min, max, fallback });
  const maxAge = number('maxAge', 1, 86_400, 300);
  return {
    url: readKeySetUrl(url),
    fetch: fetchKeys,
    timeout: number('timeout', 0.001, 60, 3),
    cooldown: number('cooldown', 1, maxAge, Math.min(10, maxAge)),
    maxAge,
    staleLimit: number('staleLimit', maxAge, 604_800, Math.max(3600, maxAge)),
    maxBytes: number('maxBytes', 128, 16_777_216, 65_536),
    maxKeys: number('maxKeys', 1, 1024, 32),
    clock,
    waitUntil,
    onFailure,
  };
}

type Limit = 'timeout' | 'cooldown' | 'maxAge' | 'staleLimit' | 'maxBytes' | 'maxKeys';

const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** https, or http on a loopback host; no credentials, no fragment. */
function readKeySetUrl(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError('The address of a key set must be an absolute URL');
  }
  const { protocol, hostname, username, password, hash, href } = parsed;
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback.test(hostname))) {
    throw new TypeError('The address of a key set must be https; http only on a loopback host');
  }
  if (username !== '' || password !== '' || hash !== '') {
    throw new TypeError('The address of a key set must have no credentials and no fragment');
  }
  return href;
}
