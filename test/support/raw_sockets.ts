// WebSocket clients over bare TCP: they do what no library lets a client do

import { connect, type Socket } from 'node:net';

/** A connection that was upgraded, or was not. */
export interface RawSocket {
  readonly status: number;
  readonly tcp: Socket;
  /** Writes one frame; 1 is text, 2 binary (RFC 6455 section 5.2). */
  write(payload: string, opcode?: number): void;
}

/** A frame as clients write them: whole, and masked. */
function frameOf(payload: string, opcode: number): Buffer {
  const body = Buffer.from(payload);
  if (body.length > 0xffff) throw new RangeError('Longer frames are not needed here');
  const isShort = body.length < 126;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (isShort ? body.length : 126);
  if (!isShort) head.writeUInt16BE(body.length, 2);
  // Masked with zeros: as allowed as any other mask, and readable
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

/** Opens a socket with a bearer token. What the server writes after its head is never read. */
export async function openRaw(url: string, token: string): Promise<RawSocket> {
  const { hostname, port, host } = new URL(url);
  const tcp = connect(Number(port), hostname);
  tcp.on('error', () => {});
  tcp.write(
    [
      'GET /bus/connect HTTP/1.1',
      `Host: ${host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Authorization: Bearer ${token}`,
      '\r\n',
    ].join('\r\n'),
  );
  const head = await new Promise<string>((resolve, reject) => {
    tcp.once('data', (data) => resolve(data.toString('latin1')));
    tcp.once('close', () => reject(new Error('The connection was closed')));
  });
  tcp.pause();
  return {
    status: Number(head.split(' ')[1]),
    tcp,
    write: (payload, opcode = 1) => void tcp.write(frameOf(payload, opcode)),
  };
}
