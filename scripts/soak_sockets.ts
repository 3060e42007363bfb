// The agents of the soak that hold a socket: they send and receive over it, and renew their tokens on it

import { createBusClient, type BusClient } from '../src/client/index.ts';
import type { Ledger } from './soak_ledger.ts';
import { patience, type Enrolled } from './soak_swarm.ts';

/** A message to send. */
export interface Outgoing {
  readonly to: string;
  readonly ttl: number;
  readonly text: string;
}

/** Sockets that are open. */
export interface Sockets {
  /** Sends over the socket of one of the agents. */
  send(from: string, message: Outgoing): Promise<void>;
  /** Ends them. */
  close(): Promise<void>;
}

/** Opens a socket for each agent, and receives with it until it is closed. */
export function openSockets(
  agents: readonly Enrolled[],
  { url, ledger }: { readonly url: string; readonly ledger: Ledger },
): Sockets {
  const ending = new AbortController();
  const clients = new Map<string, BusClient>();
  const listening = agents.map(async ({ id, source }) => {
    const client = createBusClient({ url, source, transport: 'socket', timeout: patience });
    clients.set(id, client);
    try {
      await listen(id, client, ledger, ending.signal);
    } catch (error) {
      if (!ending.signal.aborted) ledger.fault('socket ended', textOf(error));
    }
  });

  return {
    async send(from, { to, ttl, text }) {
      const client = clients.get(from);
      if (client === undefined) throw new Error(`${from} has no socket`);
      const payload = { from, to, text };
      const id = await ledger.timed('send over a socket', () =>
        client.send({ to, type: 'REQUEST', subject: 'soak', payload, ttl }),
      );
      ledger.accepted(id, to);
    },

    async close() {
      ending.abort();
      await Promise.all(listening);
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}

async function listen(
  own: string,
  client: BusClient,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of client.messages({ signal, acknowledge: false })) {
    const { id, to, sender, payload } = message;
    const isOurs = to === own && payload['to'] === own && payload['from'] === sender;
    if (!isOurs) ledger.fault('identity crossed', `${sender} to ${to} at the socket of ${own}`);
    await ledger.timed('acknowledge (socket)', () => client.acknowledge(message));
    ledger.arrived(id);
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');
