// What a socket keeps across hibernation: whose it is, by which token, and what it wants.

/** A token that was verified once, and is verified again whenever something passes the socket. */
export interface SocketToken {
  readonly token: string;
  /** The hops of an off-line delegation, as their header has them. */
  readonly delegation: string | undefined;
}

/** The state of one socket. It lives as long as the socket, in memory, and is never stored. */
export interface SocketState extends SocketToken {
  readonly id: string;
  /** Under which the socket is registered with its present token. */
  readonly connection: string;
  readonly mailbox: string;
  /** The token's `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
  /** What it subscribed to. */
  readonly subjects: readonly string[];
  /** How many messages may still come because they were asked for. */
  readonly credit: number;
  /** How many messages it may hold without having acknowledged them. */
  readonly window: number;
}

/** A socket that holds more than this has to acknowledge first. */
export const fullWindow = 100;
const leastWindow = 8;

/** The window of a socket that let leases run out: it may have stopped to read. */
export function narrower(window: number): number {
  return Math.max(leastWindow, Math.floor(window / 2));
}

const openState = 1;

/** The state of a socket; `undefined` once it is closing. */
export function stateOf(socket: WebSocket): SocketState | undefined {
  if (socket.readyState !== openState) return undefined;
  return (socket.deserializeAttachment() as SocketState | null) ?? undefined;
}

/** Keeps a socket's state. */
export function keepState(socket: WebSocket, state: SocketState): void {
  socket.serializeAttachment(state);
}
