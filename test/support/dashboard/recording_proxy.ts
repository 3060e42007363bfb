// Stands between browsers and the gateway: remembers every request, collects reports of policy violations, and can alter answers

import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

const host = '127.0.0.1';
const reportPath = '/violations';

/** One request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Changes the text of an answer. */
export type Alteration = (text: string) => string;

/** A proxy that runs. */
export interface RecordingProxy {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** What browsers say they have refused because of the page's policy. */
  readonly violations: string[];
  /** Where requests go from now on; without one every request breaks off. */
  target: string | undefined;
  /** Answers to paths that begin so are altered. */
  readonly alter: Map<string, Alteration>;
  readonly stop: () => Promise<void>;
}

async function textOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Starts a proxy at a free port. */
export async function startRecordingProxy(): Promise<RecordingProxy> {
  const open = new Set<Socket>();
  const proxy = {
    url: '',
    seen: [] as SeenRequest[],
    violations: [] as string[],
    target: undefined as string | undefined,
    alter: new Map<string, Alteration>(),
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => void server.close(resolve));
    },
  };

  async function serve(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(asked);
    const { method = 'GET', url = '/', headers } = asked;
    if (url === reportPath) {
      proxy.violations.push(body.toString());
      response.writeHead(204).end();
      return;
    }
    proxy.seen.push({ method, url, headers, body: body.toString() });
    if (proxy.target === undefined) {
      asked.socket.destroy();
      return;
    }
    const onward = forward(new URL(url, proxy.target), { method, headers });
    onward.on('error', () => response.destroy());
    onward.on('response', (answer) => {
      giveBack(answer, url, response).catch(() => response.destroy());
    });
    response.on('close', () => onward.destroy());
    onward.end(body);
  }

  async function giveBack(
    answer: IncomingMessage,
    url: string,
    response: ServerResponse,
  ): Promise<void> {
    const headers = { ...answer.headers };
    const policy = headers['content-security-policy'];
    if (typeof policy === 'string') {
      headers['content-security-policy'] = `${policy}; report-uri ${reportPath}`;
    }
    const [, change] = [...proxy.alter].find(([path]) => url.startsWith(path)) ?? [];
    if (change === undefined) {
      response.writeHead(answer.statusCode ?? 502, headers);
      answer.pipe(response);
      return;
    }
    const text = change((await textOf(answer)).toString());
    delete headers['content-length'];
    delete headers['transfer-encoding'];
    response.writeHead(answer.statusCode ?? 502, headers).end(text);
  }

  const server = createServer((asked, response) => {
    serve(asked, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('upgrade', (asked, socket: Socket, head: Buffer) => {
    if (proxy.target === undefined) return void socket.destroy();
    const { port } = new URL(proxy.target);
    const onward = connect(Number(port), host, () => {
      const lines = asked.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 ? [`${name}: ${all[at + 1] ?? ''}`] : [],
      );
      onward.write(`GET ${asked.url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    open.add(onward);
    for (const each of [onward, socket])
      each.on('error', () => (onward.destroy(), socket.destroy()));
    return undefined;
  });
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  proxy.url = `http://${host}:${(server.address() as AddressInfo).port}`;
  return proxy;
}
