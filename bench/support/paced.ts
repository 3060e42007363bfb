// A paced load: requests at fixed times, whatever became of those before them. What it sees is latency, not saturation.

import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** How to load. */
export interface PacedOptions {
  readonly url: string;
  /** A file with one bearer token on each line. */
  readonly tokens: string;
  /** The one to begin after, and how many are used in turn. */
  readonly skip: number;
  readonly first: number;
  /** Requests a second, over all connections. */
  readonly rate: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Milliseconds from when a request was due to its answer. */
export interface Paced {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const answerStart = 'HTTP/1.1 ';
const success = `${answerStart}200`;

/** A connection that is kept, and when its unanswered requests were due. */
interface Line {
  readonly socket: Socket;
  readonly due: number[];
}

function open(port: number, onAnswer: (due: number, isGood: boolean) => void): Promise<Line> {
  return new Promise((resolve, reject) => {
    const due: number[] = [];
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1').once('error', reject);
    socket.on('data', (text: string) => {
      // No body of ours has this in it, and answers come in the order of their requests
      let at = text.indexOf(answerStart);
      for (; at >= 0; at = text.indexOf(answerStart, at + 1)) {
        onAnswer(due.shift() ?? Number.NaN, text.startsWith(success, at));
      }
    });
    socket.once('connect', () => resolve({ socket, due }));
  });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Loads an address at a fixed rate. */
export async function loadPaced(options: PacedOptions): Promise<Paced> {
  const { url, tokens, first, skip, rate, connections, seconds } = options;
  const { port, host, pathname } = new URL(url);
  const requests = readFileSync(tokens, 'utf8')
    .split('\n')
    .slice(skip, skip + first)
    .map(
      (token) =>
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  const seen: number[] = [];
  let failed = 0;
  const onAnswer = (due: number, isGood: boolean): void => {
    seen.push(performance.now() - due);
    if (!isGood) failed++;
  };
  const lines = await Promise.all(
    Array.from({ length: connections }, () => open(Number(port), onAnswer)),
  );
  const total = rate * seconds;
  const began = performance.now();
  for (let sent = 0; sent < total; sent++) {
    const due = began + (sent * 1000) / rate;
    // Timers are a millisecond late: that would be seen as the server's
    while (performance.now() < due) await turn();
    const { socket, due: waiting } = lines[sent % connections] ?? {};
    waiting?.push(due);
    socket?.write(requests[sent % requests.length] ?? '');
  }
  const end = performance.now() + 5000;
  while (seen.length < total && performance.now() < end) await turn();
  for (const { socket } of lines) socket.destroy();
  if (failed > 0 || seen.length < total) throw new Error(`${url}: ${failed} requests failed`);
  const sorted = seen.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(total * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1 - 1 / total) };
}
