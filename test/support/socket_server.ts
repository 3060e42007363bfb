// A socket server that does what a test tells it: answers, stays silent, talks nonsense, hangs up

import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket as ServerSocket } from 'ws';

/** A frame as it arrived. */
export type ClientFrame = Readonly<Record<string, unknown>>;

/** A connection, and what came over it. */
export interface ServerSide {
  readonly socket: ServerSocket;
  /** The subprotocols that the client offered. */
  readonly offered: readonly string[];
  readonly frames: ClientFrame[];
  /** What of it was the exact ping, and when: after how many other frames. */
  readonly pings: number[];
  send(frame: object): void;
}

/** These very bytes the gateway answers without waking anybody. */
const ping = '{"type":"ping"}';

/** How the server behaves. */
export interface SocketScript {
  /** Called for each connection. */
  readonly onOpen?: (side: ServerSide, turn: number) => void;
  /** Called for each frame; left out: every publish is accepted. */
  readonly onFrame?: (side: ServerSide, frame: ClientFrame, turn: number) => void;
  /** The status for each upgrade that is refused; `undefined`: it is taken. */
  readonly refuse?: (turn: number) => number | undefined;
  /** Whether an upgrade is never answered. */
  readonly isMute?: boolean;
  /** What is selected; left out: `swarmbus.v1`. */
  readonly selected?: string;
}

/** A server on loopback. */
export interface SocketServer {
  readonly url: string;
  readonly sides: readonly ServerSide[];
  /** How often an upgrade was asked for. */
  readonly asked: () => number;
  readonly stop: () => Promise<void>;
}

/** Accepts a publish as the bus does. */
export function accept(side: ServerSide, { type, ref, message }: ClientFrame): void {
  if (type !== 'publish') return;
  side.send({ type: 'accepted', ref, id: (message as { id: string }).id });
}

/** Starts one. */
export async function startSocketServer(script: SocketScript = {}): Promise<SocketServer> {
  const { onOpen, onFrame = accept, refuse, isMute = false, selected = 'swarmbus.v1' } = script;
  const sides: ServerSide[] = [];
  const connections = new Set<Socket>();
  let asked = 0;
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => selected });
  const server = createServer((_request, response) => response.writeHead(200).end('{}'));
  server.on('connection', (connection) => connections.add(connection));
  server.on('upgrade', (request, socket, head) => {
    const turn = ++asked;
    socket.on('error', () => {});
    if (isMute) return;
    const status = refuse?.(turn);
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (each) => {
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/, ?/);
      const frames: ClientFrame[] = [];
      const send = (frame: object): void => each.send(JSON.stringify(frame));
      const pings: number[] = [];
      const side: ServerSide = { socket: each, offered, frames, pings, send };
      sides.push(side);
      each.on('error', () => {});
      each.on('message', (data: Buffer) => {
        const text = data.toString();
        if (text === ping) return void pings.push(frames.length);
        const frame = JSON.parse(text) as ClientFrame;
        frames.push(frame);
        onFrame(side, frame, turn);
        return undefined;
      });
      onOpen?.(side, turn);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sides,
    asked: () => asked,
    stop: async () => {
      for (const connection of connections) connection.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
