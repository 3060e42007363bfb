// Sends a request to a service, and takes its answer only if that is one: in time, readable, with a status.

import { TokenError } from '../../src/verify/index.ts';
import type { UpstreamRoute } from '../env_routes.ts';

/** The network, or a service binding. */
export type Send = (request: Request) => Promise<Response>;

/** Gives a request up when nothing has happened for too long, or its agent may not go on. */
export interface Patience {
  /** Something happened: the time counts from now. */
  readonly progress: () => void;
  readonly stop: () => void;
  /** Gives up at once. */
  readonly abort: () => void;
  /** Why the agent may not go on, where that is why it was given up. */
  readonly refusal: () => unknown;
  readonly signal: AbortSignal;
}

/** How often an agent is checked again while a body streams, in milliseconds. */
export const recheckEvery = 500;

/** Begins to wait. `time` is in milliseconds; `recheck` rejects as soon as the agent may not go on. */
export function createPatience(time: number, recheck: () => Promise<void>): Patience {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watching: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let refused: unknown;
  const progress = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), time);
  };
  const watch = (): void => {
    watching = setTimeout(() => {
      recheck().then(
        () => (stopped ? undefined : watch()),
        (error: unknown) => {
          if (stopped) return;
          refused = error;
          controller.abort();
        },
      );
    }, recheckEvery);
  };
  progress();
  watch();
  return {
    progress,
    stop() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(watching);
    },
    refusal: () => refused,
    abort: () => controller.abort(),
    signal: controller.signal,
  };
}

// The runtime unpacks these, spelled like this, whatever was asked for (RFC 9110 section 12.5.3)
const unpacked = new Set(['', 'identity', 'gzip', 'br']);

/**
 * Sends a request; redirects are not followed.
 *
 * @throws TokenError `upstream_timeout` when no headers come in time, `upstream_invalid` for what is
 * no answer: an address where nobody is, a connection that breaks off, a body that cannot be read,
 * a status that no answer has. A 401 or 407 is the service's trouble with the gateway: the agent was
 * admitted, and must not take it for an invitation to send its token elsewhere
 */
export async function sendUpstream(
  send: Send,
  request: Request,
  { signal, stop }: Patience,
): Promise<Response> {
  let response: Response;
  try {
    response = await send(request);
  } catch (cause) {
    throw new TokenError(signal.aborted ? 'upstream_timeout' : 'upstream_invalid', { cause });
  } finally {
    stop();
  }
  const { status, headers } = response;
  const coding = headers.get('content-encoding') ?? '';
  const readable = unpacked.has(coding);
  if (status < 200 || status > 599 || status === 401 || status === 407 || !readable) {
    response.body?.cancel().catch(() => undefined);
    throw new TokenError('upstream_invalid');
  }
  return response;
}

/** What sends to the service of a route. */
export function senderOf(
  { service }: Pick<UpstreamRoute, 'service'>,
  env: Readonly<Record<string, unknown>>,
): Send | undefined {
  if (service === undefined) return (request) => fetch(request);
  const bound = env[service];
  const isService = typeof bound === 'object' && bound !== null && 'fetch' in bound;
  return isService ? (request) => (bound as Fetcher).fetch(request) : undefined;
}
