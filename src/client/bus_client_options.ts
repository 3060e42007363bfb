// Options of createBusClient: what they are, their defaults, and the checks that stop a wrong start.

import { checkOptionNames, numberOption, readClock, type Clock } from '../errors/caller.ts';
import type { AccessTokenSource } from './access_token.ts';
import { createAuthenticatedFetch } from './authenticated_fetch.ts';
import type { ClientFetch } from './authority_http.ts';
import { endpointOption } from './endpoint.ts';
import type { RefusedMessage } from './inbox.ts';
import type { RetryPlan } from './retry.ts';

/** Options of {@link createBusClient}. All times are in seconds. */
export interface BusClientOptions {
  /** The gateway's address, such as `https://gate.example`: https, or http on loopback. */
  readonly url: string | URL;
  /** Where tokens come from. Left out: `fetch` is an authenticated one. */
  readonly source?: AccessTokenSource;
  /** With `source`: replaces the runtime's `fetch`. Without: from `createAuthenticatedFetch`. */
  readonly fetch?: ClientFetch;
  /** Time for one request, beyond what it waits for messages. Default: 10. */
  readonly timeout?: number;
  /** How often a send or an acknowledgement is tried. Default: 5. */
  readonly attempts?: number;
  /** The pause after a first failure; it doubles each time, up to 30. Default: 0.25. */
  readonly retryDelay?: number;
  /** Seconds since the epoch. Default: the system's clock, with its milliseconds. */
  readonly clock?: Clock;
  /** A number from 0 to 1. Default: `Math.random`; nothing secret depends on it. */
  readonly random?: () => number;
  /** Told of delivered messages that break the format. They are not acknowledged, and expire. */
  readonly onRefused?: (message: RefusedMessage) => void;
}

/** Checked options. */
export interface BusSettings {
  /** Without a final slash. */
  readonly url: string;
  readonly fetch: ClientFetch;
  readonly timeout: number;
  readonly clock: () => number;
  readonly plan: RetryPlan;
  readonly onRefused: ((message: RefusedMessage) => void) | undefined;
}

const optionNames = [
  'url',
  'source',
  'fetch',
  'timeout',
  'attempts',
  'retryDelay',
  'clock',
  'random',
  'onRefused',
] as const satisfies readonly (keyof BusClientOptions)[];

/** Reads the options, or throws a TypeError that says what is wrong. */
export function readBusOptions(options: BusClientOptions): BusSettings {
  checkOptionNames('createBusClient', options, optionNames);
  const { clock = () => Date.now() / 1000, random = Math.random, onRefused } = options;
  for (const [name, hook] of Object.entries({ clock, random, onRefused, fetch: options.fetch })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`"${name}" must be a function`);
    }
  }
  const url = endpointOption('url', options.url);
  if (url.search !== '') throw new TypeError('"url" must have no query');
  const number = (name: Limit, min: number, max: number, fallback: number): number =>
    numberOption(name, options[name], { min, max, fallback });
  const attempts = number('attempts', 1, 100, 5);
  return {
    url: url.href.replace(/\/$/, ''),
    fetch: readFetch(options, url.origin),
    timeout: number('timeout', 0.001, 120, 10),
    clock: () => readClock(clock),
    plan: { attempts, first: number('retryDelay', 0.001, 30, 0.25), most: 30, random },
    onRefused,
  };
}

type Limit = 'timeout' | 'attempts' | 'retryDelay';

function readFetch({ source, fetch: given, clock }: BusClientOptions, origin: string): ClientFetch {
  if (source !== undefined) {
    const inner = given === undefined ? {} : { fetch: given };
    const time = clock === undefined ? {} : { clock: () => Math.floor(clock()) };
    return createAuthenticatedFetch({ source, origins: [origin], ...inner, ...time });
  }
  if (given === undefined) throw new TypeError('Pass a "source", or an authenticated "fetch"');
  return given;
}
