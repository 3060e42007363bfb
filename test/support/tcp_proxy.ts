// A TCP proxy whose connections a test cuts, or leaves open and silent, as networks do

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy on loopback. */
export interface TcpProxy {
  /** Its origin. */
  readonly url: string;
  /** How many connections it has taken. */
  readonly taken: () => number;
  /** Ends all connections at once. */
  readonly cut: () => void;
  /** From now on nothing passes over the connections that there are, and nobody is told. */
  readonly freeze: () => void;
  readonly stop: () => Promise<void>;
}

/** Starts one in front of an origin. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  let taken = 0;
  const server = createServer((client) => {
    taken++;
    const upstream = connect(Number(port), hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      for (const each of pair) each.destroy();
    };
    for (const each of pair) each.on('error', end).on('close', end);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const pair of pairs) for (const each of pair) each.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => taken,
    cut,
    freeze: () => {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream);
        upstream.unpipe(client);
      }
    },
    stop: async () => {
      cut();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
