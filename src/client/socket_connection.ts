// One open bus socket: what was asked over it and waits for an answer, and how all of it ends with it.

import { TokenError } from '../errors/token_error.ts';
import type { AccessToken } from './access_token.ts';
import type { Delivery } from './bus_transport.ts';
import { withDeadline } from './deadline.ts';
import { isErrorCode } from './refusal_code.ts';
import type { BusSocket } from './socket_class.ts';
import {
  closeCodes,
  pingFrame,
  publishFrame,
  readFrame,
  reauthFrame,
  type ServerFrame,
} from './socket_frames.ts';
import { openSocket, type Opening } from './socket_open.ts';
import { createTurns } from './turns.ts';

/** Whom a connection tells what it hears. */
export interface ConnectionHooks {
  readonly onDelivery: (delivery: Delivery) => void;
  /** A refusal that is of no message: of what was asked for. */
  readonly onRefusal: (refusal: TokenError) => void;
  /** Told once: the code that the socket closed with, and what that means to whoever waited. */
  readonly onEnd: (code: number, loss: TokenError) => void;
}

/** An open socket. */
export interface Connection {
  /**
   * Resolves when the bus has stored the message. Rejects with TokenError, and with the signal's
   * reason: the caller's deadline is in it.
   */
  publish(text: string, within: AbortSignal): Promise<void>;
  /** Presents another token. Rejects with TokenError. */
  reauthenticate(access: AccessToken, proof: string | undefined): Promise<void>;
  /** Rejects, and drops the socket, where the server gives no sign of life. */
  probe(): Promise<void>;
  /** Sends a frame that nothing answers. */
  write(frame: string): void;
  /** Throws the loss of a socket that is lost. */
  check(): void;
  /** When the server was last heard of, in milliseconds of `performance.now`. */
  heardAt(): number;
  /** Ends it at once; what waits for an answer rejects. */
  drop(code: number): void;
  /** Sends what is still to be sent, closes, and waits for it to be closed, for a moment at most. */
  close(): Promise<void>;
}

/** So many messages are on their way at once: about a megabyte at the most. */
const inFlight = 64;
const closingSeconds = 0.5;
/** WHATWG WebSockets section 3.1: OPEN. */
const openState = 1;
const late = (): TokenError => new TokenError('upstream_timeout');

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: TokenError) => void;
}

/** What the end of a socket means to whoever waits for an answer. */
function lossOf(code: number, reason: string): TokenError {
  const cause = { closeCode: code };
  if (code === closeCodes.revoked) {
    return new TokenError(isErrorCode(reason) ? reason : 'token_revoked', { cause });
  }
  if (code === closeCodes.tooFast) return new TokenError('rate_limited', { cause });
  if (code === closeCodes.protocol) return new TokenError('upstream_invalid', { cause });
  return new TokenError('bus_unavailable', { cause });
}

/**
 * Opens a socket.
 *
 * @throws TokenError `bus_unavailable`, `upstream_timeout`; the signal's reason
 */
export async function openConnection(
  opening: Opening,
  hooks: ConnectionHooks,
  signal: AbortSignal,
): Promise<Connection> {
  const pending = new Map<string, Waiting>();
  const turns = createTurns(inFlight);
  const { timeout } = opening;
  let refs = 0;
  let reauth: Waiting | undefined;
  let probe: Waiting | undefined;
  let loss: TokenError | undefined;
  let heard = performance.now();
  let onClosed = (): void => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  const socket: BusSocket = await openSocket(opening, { onData: hear, onClose: end }, signal);

  // Under a client that never sent a frame workerd keeps the connection after its closing frame, and
  // many clients tell of a close no sooner than the connection ends
  write(pingFrame);

  function refuseLost(): void {
    if (loss !== undefined) throw loss;
  }

  function hear(data: unknown): void {
    if (loss !== undefined) return;
    heard = performance.now();
    probe?.resolve();
    try {
      take(readFrame(data));
    } catch {
      drop(closeCodes.protocol);
    }
  }

  function take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'accepted':
        // An answer that came too late has nobody waiting
        pending.get(frame.ref)?.resolve();
        break;
      case 'message':
        hooks.onDelivery(frame.delivery);
        break;
      case 'reauthed':
        reauth?.resolve();
        break;
      case 'error': {
        const refusal = new TokenError(frame.code);
        if (frame.ref !== undefined) pending.get(frame.ref)?.reject(refusal);
        else if (reauth !== undefined) reauth.reject(refusal);
        else hooks.onRefusal(refusal);
        break;
      }
      case 'unknown':
        break;
    }
  }

  function end(code: number, reason = ''): void {
    onClosed();
    if (loss !== undefined) return;
    loss = lossOf(code, reason);
    for (const waiting of [...pending.values(), reauth, probe]) waiting?.reject(loss);
    hooks.onEnd(code, loss);
  }

  function drop(code: number): void {
    end(code);
    shut(code === closeCodes.abnormal ? closeCodes.normal : code);
  }

  function shut(code: number): void {
    try {
      socket.close(code);
    } catch {
      // Closed already
    }
  }

  function write(frame: string): void {
    // A socket that is closing takes frames, and drops them
    if (socket.readyState !== openState) drop(closeCodes.abnormal);
    refuseLost();
    socket.send(frame);
  }

  /** Writes a frame and waits for what answers it. Who does not answer at all is taken for dead. */
  async function ask(
    frame: string,
    keep: (waiting: Waiting) => () => void,
    within: AbortSignal,
  ): Promise<void> {
    const askedAt = performance.now();
    let forget = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        forget = keep({ resolve, reject });
        within.addEventListener('abort', () => reject(within.reason as Error), { once: true });
        write(frame);
      });
    } catch (error) {
      const isLate = error instanceof TokenError && error.code === 'upstream_timeout';
      if (isLate && heard < askedAt) drop(closeCodes.abnormal);
      throw error;
    } finally {
      forget();
    }
  }

  const askInTime = (frame: string, keep: (waiting: Waiting) => () => void): Promise<void> =>
    withDeadline({ seconds: timeout, late }, undefined, (within) => ask(frame, keep, within));

  return {
    write,
    drop,
    check: refuseLost,
    heardAt: () => heard,

    async publish(text, within) {
      const giveBack = await turns.take(within);
      try {
        const ref = String(++refs);
        const keep = (waiting: Waiting): (() => void) => {
          pending.set(ref, waiting);
          return () => void pending.delete(ref);
        };
        await ask(publishFrame(ref, text), keep, within);
      } finally {
        giveBack();
      }
    },

    reauthenticate: (access, proof) =>
      askInTime(reauthFrame(access, proof), (waiting) => {
        reauth = waiting;
        return () => {
          reauth = undefined;
        };
      }),

    probe: () =>
      askInTime(pingFrame, (waiting) => {
        probe = waiting;
        return () => {
          probe = undefined;
        };
      }),

    async close() {
      shut(closeCodes.normal);
      const over = { seconds: closingSeconds, late };
      // A server that does not answer the closing frame keeps nobody
      await withDeadline(over, undefined, () => closed).catch(() => {});
      end(closeCodes.normal);
    },
  };
}
