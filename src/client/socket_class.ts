// What of a WebSocket is used, so that any class of one can be passed in: the runtime's own, or `ws`.

/** A WebSocket as far as the bus client uses it (WHATWG WebSockets section 3.1). */
export interface BusSocket {
  /** The subprotocol that the server selected. */
  readonly protocol: string;
  /** 1 while it is open. */
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: SocketListener): void;
}

/** An event; which members it has depends on its type. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
}

/** Told of an event. */
export type SocketListener = (event: SocketEvent) => void;

/** A class of WebSockets. */
export type BusSocketClass = new (url: string, protocols: string[]) => BusSocket;

/** The runtime's own class; Node has one from version 22 on. */
export function runtimeSocketClass(): BusSocketClass | undefined {
  const found: BusSocketClass | undefined = globalThis.WebSocket;
  return typeof found === 'function' ? found : undefined;
}
