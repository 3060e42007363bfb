// A WebSocket client for tests: frames as they come, and closes with their code

import { mintProof, type TestKey } from './tokens.ts';
import { publicUrl } from './gateway.ts';

/** A frame of the server's. */
export type Frame = Readonly<Record<string, unknown>>;

/** How a socket ended, and when (`performance.now`). */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly at: number;
}

/** A socket that is open. */
export interface TestSocket {
  readonly protocol: string;
  send(frame: object | string | Uint8Array<ArrayBuffer>): void;
  /** The exact text of the next frame. */
  nextText(): Promise<string>;
  next(): Promise<Frame>;
  /** Frames that came and that nobody has taken. */
  waiting(): readonly Frame[];
  /** Takes them. */
  take(): readonly Frame[];
  close(): void;
  readonly closed: Promise<Ending>;
}

/** How a socket is opened. */
export interface SocketSetup {
  readonly query?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const patience = 10_000;

function late<T>(what: string): Promise<T> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`No ${what} in ${patience} ms`)), patience).unref();
  });
}

/** Node's own WebSocket takes headers too, which its types do not say. */
const NodeSocket = WebSocket as unknown as new (
  url: string,
  options: { readonly protocols?: string[]; readonly headers?: Record<string, string> },
) => WebSocket;

/** Opens a socket; rejects where it is refused. */
export async function openSocket(
  url: string,
  { query = '', protocols = [], headers = {} }: SocketSetup,
): Promise<TestSocket> {
  const address = `${url.replace('http', 'ws')}/bus/connect${query}`;
  const socket = new NodeSocket(address, { protocols: [...protocols], headers: { ...headers } });
  const frames: string[] = [];
  let wake = (): void => {};
  let pong = (): void => {};
  socket.addEventListener('message', ({ data }) => {
    if (data === '{"type":"pong"}') return pong();
    frames.push(String(data));
    wake();
    return undefined;
  });
  const closed = new Promise<Ending>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => {
      resolve({ code, reason, at: performance.now() });
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('The socket was refused')));
  });
  // workerd ends the connection below a closed socket late if its client never sent anything
  const ponged = new Promise<void>((resolve) => {
    pong = resolve;
  });
  socket.send('{"type":"ping"}');
  await Promise.race([ponged, closed]);

  async function nextText(): Promise<string> {
    while (frames.length === 0) {
      const came = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([came, late('frame')]);
    }
    return frames.shift() ?? '';
  }

  return {
    protocol: socket.protocol,
    send(frame) {
      const isRaw = typeof frame === 'string' || frame instanceof Uint8Array;
      socket.send(isRaw ? frame : JSON.stringify(frame));
    },
    nextText,
    next: async () => JSON.parse(await nextText()) as Frame,
    waiting: () => frames.map((text) => JSON.parse(text) as Frame),
    take: () => frames.splice(0).map((text) => JSON.parse(text) as Frame),
    close: () => socket.close(),
    closed,
  };
}

/** Opens a socket with a bearer token, as a page does. */
export function openBearer(url: string, token: string, query = ''): Promise<TestSocket> {
  return openSocket(url, { query, protocols: ['swarmbus.v1', `bearer.${token}`] });
}

/** A proof for a socket. */
export function socketProof(key: TestKey, token: string): Promise<string> {
  return mintProof(key, 'GET', `${publicUrl}/bus/connect`, token);
}

/** Opens a socket with a bound token, as a page does. */
export async function openBound(
  url: string,
  key: TestKey,
  token: string,
  hops: readonly string[] = [],
): Promise<TestSocket> {
  const proof = await socketProof(key, token);
  const carried = hops.map((hop) => `delegation.${hop}`);
  return openSocket(url, {
    protocols: ['swarmbus.v1', `dpop.${token}`, `proof.${proof}`, ...carried],
  });
}
