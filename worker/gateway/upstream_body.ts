// Bodies on their way to a service and back: streamed, counted, and ended when they may not go on.

import { TokenError, type ErrorCode } from '../../src/verify/index.ts';
import { recheckEvery } from './upstream_fetch.ts';

/** A body to send. */
export interface Upload {
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
  /** The refusal, where the body was broken off. */
  readonly refusal: () => TokenError | undefined;
}

/** A request without a body. */
export const noUpload: Upload = { body: null, refusal: () => undefined };

/** What a body on its way does to the request that carries it. */
export interface Carrying {
  /** A piece has come. */
  readonly progress: () => void;
  /** The request must not go on. */
  readonly abort: () => void;
}

/**
 * Takes the body of a request, to be sent on as it comes.
 *
 * @throws TokenError `message_too_large` where its length is known and too large
 */
export function upload(request: Request, limit: number, { progress, abort }: Carrying): Upload {
  const body: ReadableStream<Uint8Array> | null = request.body;
  if (body === null || request.method === 'GET' || request.method === 'HEAD') return noUpload;
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (length > limit) throw new TokenError('message_too_large');
  const reader = body.getReader();
  let refused: TokenError | undefined;
  let sent = 0;

  /** The runtime ends the body of a failed stream properly: what is cut off would look whole. */
  function breakOff(code: ErrorCode): Promise<never> {
    refused = new TokenError(code);
    abort();
    reader.cancel().catch(() => undefined);
    return new Promise(() => undefined);
  }

  const counted = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await reader.read().catch(() => breakOff('message_malformed'));
        if (piece.done) return controller.close();
        sent += piece.value.length;
        progress();
        if (sent > limit) return breakOff('message_too_large');
        controller.enqueue(piece.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return {
    // Services read a length as a promise: it is kept, or the request breaks off
    body: Number.isNaN(length) ? counted : counted.pipeThrough(new FixedLengthStream(length)),
    refusal: () => refused,
  };
}

/** How a body may come back. */
export interface RelayRules {
  /** Bytes. */
  readonly limit: number;
  /** Milliseconds between two pieces; `undefined`: it may be silent. */
  readonly idle: number | undefined;
  /** Rejects as soon as the agent may not go on. */
  readonly recheck: () => Promise<void>;
  /** An event stream ends as if it were over: its reader asks again, and is refused. */
  readonly endsQuietly: boolean;
}

/** Passes a body on, piece by piece, as fast as it is read, for as long as the rules allow. */
export function relay(
  body: ReadableStream<Uint8Array>,
  { limit, idle, recheck, endsQuietly }: RelayRules,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let passed = 0;
  let over = false;
  let watching: ReturnType<typeof setTimeout> | undefined;
  let idling: ReturnType<typeof setTimeout> | undefined;

  /** Ends it, unless something has ended it before. */
  function stop(controller: ReadableStreamDefaultController<Uint8Array>, quietly: boolean): void {
    if (!end()) return;
    if (quietly) controller.close();
    else controller.error(new Error('The answer was broken off'));
    reader.cancel().catch(() => undefined);
  }

  function end(): boolean {
    const first = !over;
    over = true;
    clearTimeout(watching);
    clearTimeout(idling);
    return first;
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const watch = (): void => {
          watching = setTimeout(() => {
            recheck().then(
              () => (over ? undefined : watch()),
              () => stop(controller, endsQuietly),
            );
          }, recheckEvery);
        };
        watch();
      },

      async pull(controller) {
        if (idle !== undefined) idling = setTimeout(() => stop(controller, false), idle);
        try {
          const { done, value } = await reader.read();
          clearTimeout(idling);
          if (over) return;
          passed += value?.length ?? 0;
          if (done || passed > limit) stop(controller, done);
          else controller.enqueue(value);
        } catch {
          stop(controller, false);
        }
      },

      async cancel() {
        end();
        await reader.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
