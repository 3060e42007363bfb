// The address of a development gateway: loopback, and a port that is free

import { createServer } from 'node:net';

/** Loopback always: what runs here has keys that lie in a folder. */
export const host = '127.0.0.1';

/** The port that PORT names, or 8787. */
export function readPort(environment: Readonly<Record<string, string | undefined>>): number {
  const { PORT: text = '8787' } = environment;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new Error('PORT must be a number from 1 to 65535');
  }
  return port;
}

/** Tells whether a port of the loopback address is free; port 0 finds a free one. */
export function findPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(undefined))
      .listen({ port, host, exclusive: true }, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
      });
  });
}
