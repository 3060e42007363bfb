// Options of createBusClient: what they are, their defaults, and the checks that stop a wrong start.

import { checkOptionNames, numberOption, readClock, type Clock } from '../errors/caller.ts';
import type { AccessTokenSource } from './access_token.ts';
import { createAuthenticatedFetch } from './authenticated_fetch.ts';
import type { ClientFetch } from './authority_http.ts';
import { endpointOption } from './endpoint.ts';
import { isSubject } from './envelope.ts';
import type { RefusedMessage } from './inbox.ts';
import type { RetryPlan } from './retry.ts';
import { runtimeSocketClass, type BusSocketClass } from './socket_class.ts';
import type { TransportName } from './transports.ts';

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
  /**
   * `auto`: over a socket while `messages` or `request` waits, over HTTP otherwise and wherever no
   * socket can be opened. `socket`: everything over a socket, and nothing without one. `http`: no
   * sockets. Default: `auto`; with a `fetch` of your own and no `WebSocket`, which would go past
   * it, or without a `source` or a `WebSocket` in the runtime (Node before 22), `http`.
   */
  readonly transport?: 'auto' | 'socket' | 'http';
  /** The class of sockets to use, such as that of `ws`. Default: the runtime's own. */
  readonly WebSocket?: BusSocketClass;
  /**
   * Only messages of these subjects, 1 to 32, each of which may end in one `*`; the others stay in
   * the mailbox. Over a socket alone. Left out: all messages.
   */
  readonly subjects?: readonly string[];
  /** Told how messages come, each time that it changes. */
  readonly onTransport?: (transport: TransportName) => void;
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
  /** How a socket is opened; `undefined`: not at all. */
  readonly socket: SocketSettings | undefined;
  readonly subjects: readonly string[];
  readonly onTransport: (transport: TransportName) => void;
}

/** What a socket needs. */
export interface SocketSettings {
  readonly source: AccessTokenSource;
  readonly WebSocket: BusSocketClass;
  /** Whether HTTP is not to stand in for it. */
  readonly isAlone: boolean;
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
  'transport',
  'WebSocket',
  'subjects',
  'onTransport',
  'onRefused',
] as const satisfies readonly (keyof BusClientOptions)[];

/** Reads the options, or throws a TypeError that says what is wrong. */
export function readBusOptions(options: BusClientOptions): BusSettings {
  checkOptionNames('createBusClient', options, optionNames);
  const { clock = () => Date.now() / 1000, random = Math.random, onRefused } = options;
  const { fetch: ask, WebSocket, onTransport } = options;
  const hooks = { clock, random, onRefused, fetch: ask, WebSocket, onTransport };
  for (const [name, hook] of Object.entries(hooks)) {
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
    ...readSocket(options),
    onTransport: onTransport ?? (() => {}),
  };
}

function readSocket(options: BusClientOptions): Pick<BusSettings, 'socket' | 'subjects'> {
  const { transport = 'auto', source, fetch: ask, subjects } = options;
  if (!['auto', 'socket', 'http'].includes(transport)) {
    throw new TypeError('"transport" must be "auto", "socket" or "http"');
  }
  const list: readonly unknown[] = Array.isArray(subjects) ? subjects : [];
  const isList = list.length >= 1 && list.length <= 32 && list.every(isSubjectPattern);
  if (subjects !== undefined && !isList) {
    throw new TypeError('"subjects" must be 1 to 32 subjects, each with at most one final "*"');
  }
  const isAlone = transport === 'socket';
  const mayFind = isAlone || ask === undefined;
  const WebSocket = options.WebSocket ?? (mayFind ? runtimeSocketClass() : undefined);
  const isPossible = transport !== 'http' && source !== undefined && WebSocket !== undefined;
  if (!isPossible && (isAlone || subjects !== undefined)) {
    throw new TypeError(
      'A socket needs a "source" and a "WebSocket": this runtime has none, or "transport" or "fetch" rules it out',
    );
  }
  const socket = isPossible ? { source, WebSocket, isAlone } : undefined;
  return { socket, subjects: list.filter(isSubjectPattern) };
}

/** `review-*`: the beginning of a subject may end anywhere in it. */
function isSubjectPattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string') return false;
  const beginning = pattern.endsWith('*') ? `${pattern.slice(0, -1)}a` : pattern;
  return isSubject(beginning) && pattern.length <= 64;
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
