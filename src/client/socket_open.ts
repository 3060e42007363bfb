// Opens a WebSocket with a credential in its subprotocols; no failure repeats what was in them.

import { TokenError } from '../errors/token_error.ts';
import { withDeadline } from './deadline.ts';
import type { BusSocket, BusSocketClass } from './socket_class.ts';
import { closeCodes, socketProtocol } from './socket_frames.ts';

/** What is opened, and how. */
export interface Opening {
  /** `ws:` or `wss:`. */
  readonly address: string;
  readonly protocols: readonly string[];
  readonly WebSocket: BusSocketClass;
  /** Time to open it, and for each answer, in seconds. */
  readonly timeout: number;
}

/** Whom a socket tells what happens after it is open. */
export interface SocketHooks {
  readonly onData: (data: unknown) => void;
  readonly onClose: (code: number, reason: string) => void;
}

const late = (): TokenError => new TokenError('upstream_timeout');
const notOpened = (closeCode: number): TokenError =>
  new TokenError('bus_unavailable', { cause: { closeCode } });

/** Opens it. @throws TokenError `bus_unavailable`, `upstream_timeout`; the signal's reason */
export async function openSocket(
  { address, protocols, WebSocket, timeout }: Opening,
  { onData, onClose }: SocketHooks,
  signal: AbortSignal,
): Promise<BusSocket> {
  signal.throwIfAborted();
  const socket = construct(WebSocket, address, protocols);
  let isOpen = false;
  const opened = new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => {
      if (socket.protocol === socketProtocol) {
        isOpen = true;
        resolve();
      } else {
        reject(new TokenError('upstream_invalid', { cause: new Error('Another subprotocol') }));
      }
    });
    const end = (code: number, reason: string): void => {
      if (isOpen) onClose(code, reason);
      else reject(notOpened(code));
    };
    socket.addEventListener('message', ({ data }) => onData(data));
    socket.addEventListener('close', ({ code, reason }) => end(Number(code), String(reason)));
    // Its message may quote the address and the subprotocols. A close follows, but not everywhere
    socket.addEventListener('error', () => end(closeCodes.abnormal, ''));
  });
  try {
    await withDeadline({ seconds: timeout, late }, signal, () => opened);
    return socket;
  } catch (error) {
    isOpen = false;
    shut(socket);
    throw error;
  }
}

function construct(
  WebSocket: BusSocketClass,
  address: string,
  protocols: readonly string[],
): BusSocket {
  try {
    return new WebSocket(address, [...protocols]);
  } catch {
    // Without its cause: browsers quote the subprotocol that they refuse
    throw notOpened(closeCodes.abnormal);
  }
}

function shut(socket: BusSocket): void {
  try {
    socket.close();
  } catch {
    // It never came to be open
  }
}
