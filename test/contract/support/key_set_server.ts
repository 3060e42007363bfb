// A JWK set address as the cases need it: answered by hand, with a clock by hand, and counted

import type { KeyQuery, KeySource } from '../../../src/keys/key_source.ts';
import { remoteKeys, type RemoteKeys } from '../../../src/keys/remote.ts';
import type { RemoteKeysOptions } from '../../../src/keys/remote_options.ts';

/** How the address answers one request. */
export type Answer = (init: RequestInit) => Response | Promise<Response>;

/** The address, the clock, and the key source that uses both. */
export interface KeySetServer {
  readonly keys: RemoteKeys;
  /** Requests so far. */
  readonly calls: () => number;
  /** Answers from now on. */
  readonly answer: (answer: Answer) => void;
  /** Moves the clock, in seconds. */
  readonly pass: (seconds: number) => void;
}

/** Serves one answer at a time; the clock starts at an arbitrary second and moves only by hand. */
export function keySetServer(first: Answer, options: RemoteKeysOptions = {}): KeySetServer {
  let current = first;
  let calls = 0;
  let now = 1_800_000_000;
  const keys = remoteKeys('https://issuer.example/.well-known/jwks.json', {
    clock: () => now,
    fetch: async (_url, init) => {
      calls++;
      return current(init);
    },
    ...options,
  });
  return {
    keys,
    calls: () => calls,
    answer: (answer) => {
      current = answer;
    },
    pass: (seconds) => {
      now += seconds;
    },
  };
}

/** Answers with a key set. */
export function serve(...keys: readonly unknown[]): Answer {
  return () => Response.json({ keys });
}

/** Answers with a body and headers of one's own. */
export function serveText(body: BodyInit | null, init: ResponseInit = {}): Answer {
  return () =>
    new Response(body, { headers: { 'content-type': 'application/jwk-set+json' }, ...init });
}

/** Answers as an address that is down. */
export const down: Answer = () => {
  throw new TypeError('The network is down');
};

/** A request that is never answered and never notices its abort. */
export const silence: Answer = () => new Promise<Response>(() => {});

/** The kid that a source finds, or the code with which it refuses, whether at once or later. */
export async function outcome(source: KeySource, query: KeyQuery): Promise<string | undefined> {
  try {
    return (await source.find(query)).kid;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
