// The way to the bus that a client's options ask for: HTTP, a socket, or whichever of them is open.

import { autoTransport } from './auto_transport.ts';
import type { BusSettings } from './bus_client_options.ts';
import type { BusTransport } from './bus_transport.ts';
import { httpTransport, type HttpTransport } from './http_transport.ts';
import { socketTransport } from './socket_transport.ts';

/** Which way messages come. */
export type TransportName = 'socket' | 'http';

/** The longest pause before a socket is tried again, where HTTP stands in for it. Seconds. */
const longestWithHttp = 300;

/** Makes the transport. Nothing is asked before its first use. */
export function transportOf(settings: BusSettings): BusTransport {
  const { socket: wanted, subjects, plan, onTransport } = settings;
  const http = httpTransport(settings);
  let told: TransportName | undefined;

  function tell(name: TransportName): void {
    if (told === name) return;
    told = name;
    onTransport(name);
  }

  if (wanted === undefined) return { ...http, hold: () => holdHttp(http, () => tell('http')) };
  const { isAlone, ...how } = wanted;
  const needsSocket = subjects.length > 0;
  const stands = !isAlone && !needsSocket;
  const socket = socketTransport({
    ...settings,
    ...how,
    plan: { ...plan, most: stands ? longestWithHttp : plan.most },
    onOpen: () => tell('socket'),
    // Where HTTP stands in, it meets the reason by itself
    why: async (signal) => (stands ? undefined : http.check(signal)),
  });
  if (isAlone) return socket;
  return autoTransport({ http, socket, needsSocket, onHttp: () => tell('http') });
}

function holdHttp(http: HttpTransport, onHttp: () => void): () => void {
  onHttp();
  return http.hold();
}
