// Two ways to the bus: a socket while somebody waits for messages, HTTP otherwise and where no socket opens.

import type { BusTransport } from './bus_transport.ts';
import type { SocketTransport } from './socket_transport.ts';

/** What it chooses between. */
export interface AutoTransportOptions {
  readonly http: BusTransport;
  readonly socket: SocketTransport;
  /** Whether only a socket can do what is wanted of receiving. */
  readonly needsSocket: boolean;
  /** Told when messages are waited for over HTTP. */
  readonly onHttp: () => void;
}

/** Makes the transport that chooses. */
export function autoTransport(options: AutoTransportOptions): BusTransport {
  const { http, socket, needsSocket, onHttp } = options;
  /** Over the socket where it is open; over HTTP where there is no hope for it after all. */
  async function attempt(
    work: (transport: BusTransport) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (!socket.isOpen()) return work(http);
    try {
      await work(socket);
    } catch (error) {
      if (signal?.aborted === true || socket.isHopeful()) throw error;
      await work(http);
    }
  }

  return {
    send: (text, signal) => attempt((transport) => transport.send(text, signal), signal),
    acknowledge: (message, signal) =>
      attempt((transport) => transport.acknowledge(message, signal), signal),

    async receive(amount, signal) {
      if (needsSocket) return socket.receive(amount, signal);
      if (amount.wait === 0 || !socket.isHeld()) return http.receive(amount, signal);
      if (socket.isHopeful() || socket.pauseLeft() === 0) {
        try {
          return await socket.receive(amount, signal);
        } catch (error) {
          // An open one that broke is opened again; and who was refused is refused over HTTP too
          if (signal?.aborted === true || socket.isHopeful()) throw error;
        }
      }
      onHttp();
      // No longer than until the socket may be tried again
      const wait = Math.min(amount.wait, Math.max(1, Math.floor(socket.pauseLeft())));
      return http.receive({ ...amount, wait }, signal);
    },

    hold: () => socket.hold(),

    async close() {
      await Promise.all([socket.close(), http.close()]);
    },
  };
}
