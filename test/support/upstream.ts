// A service behind the gateway, on loopback, that takes down exactly what reaches it

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  /** Names as they were sent, and values, in turn. */
  readonly raw: readonly string[];
  readonly body: string;
  /** All values of a header, whatever its spelling. */
  readonly all: (name: string) => readonly string[];
}

/** Answers a request whose body was read. */
export type Handler = (seen: Seen, response: ServerResponse) => void;

/** A service that runs. */
export interface RunningUpstream {
  readonly url: string;
  /** What has arrived since it was last asked. */
  readonly take: () => readonly Seen[];
  /** What the next requests are answered with. */
  answer: Handler;
  /** How many connections to it are open. */
  readonly open: () => Promise<number>;
  /** Resolves when the headers of the next request have arrived. */
  readonly arriving: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function seen({ method = '', url = '', rawHeaders: raw }: IncomingMessage, body: string): Seen {
  return {
    method,
    target: url,
    raw,
    body,
    all: (name) =>
      raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name.toLowerCase()),
  };
}

const plainly: Handler = (_seen, response) => {
  response.setHeader('content-type', 'application/json').end('{"ok":true}');
};

/** Starts a service. */
export async function startUpstream(): Promise<RunningUpstream> {
  let arrived: Seen[] = [];
  let notify = (): void => undefined;
  const server = createServer((request, response) => {
    notify();
    read(request).then(
      (body) => {
        const one = seen(request, body);
        arrived.push(one);
        return upstream.answer(one, response);
      },
      // A body that breaks off is nobody's request
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: RunningUpstream = {
    url: `http://127.0.0.1:${port}`,
    take() {
      const taken = arrived;
      arrived = [];
      return taken;
    },
    answer: plainly,
    open: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    arriving: () => new Promise((resolve) => (notify = resolve)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

/** Waits for something to become true. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('It did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
