// The bus over a socket: opened when it is needed, again when it broke, closed when nobody needs it.

import { TokenError } from '../errors/token_error.ts';
import type { AccessTokenSource } from './access_token.ts';
import { backoff, type BackoffPlan } from './backoff.ts';
import type { BusTransport } from './bus_transport.ts';
import { abortable, pause, withDeadline } from './deadline.ts';
import { socketAccess } from './socket_access.ts';
import type { BusSocketClass } from './socket_class.ts';
import { openConnection, type Connection } from './socket_connection.ts';
import { ackFrame, closeCodes, credentialProtocols } from './socket_frames.ts';
import { createSocketInbox } from './socket_inbox.ts';
import { keepUp } from './socket_upkeep.ts';

/** What the transport needs. Times in seconds. */
export interface SocketTransportOptions {
  /** The gateway's address, without a final slash. */
  readonly url: string;
  readonly source: AccessTokenSource;
  readonly WebSocket: BusSocketClass;
  readonly timeout: number;
  /** Pauses between attempts to open it. */
  readonly plan: BackoffPlan;
  readonly clock: () => number;
  /** The subjects that are wanted; empty: all. */
  readonly subjects: readonly string[];
  /** Told each time when it is open. */
  readonly onOpen: () => void;
  /** Asked when it could not be opened; rejects with the reason where it can tell one. */
  readonly why: (signal: AbortSignal) => Promise<void>;
}

/** The transport, and what another one beside it must know. */
export interface SocketTransport extends BusTransport {
  isOpen(): boolean;
  isHeld(): boolean;
  /** Whether there is hope that it is open soon: it was not refused just now. */
  isHopeful(): boolean;
  /** Seconds until it is tried again; 0: at once. */
  pauseLeft(): number;
}

/** How long to wait for what is there already: a socket does not say that nothing is. */
const leastWait = 1;
/** How long a server may be silent before it is asked whether it is there. */
const silence = 60;
/** How long an idle socket stays open for whoever comes next. */
const linger = 1;
/** A socket that lived shorter counts as one that could not be opened. */
const leastLife = 5;
const late = (): TokenError => new TokenError('upstream_timeout');
const notMine = (): TokenError =>
  new TokenError('upstream_invalid', { cause: new Error('The token does not fit into a socket') });

/** Makes the transport. Nothing is opened before somebody needs it. */
export function socketTransport(options: SocketTransportOptions): SocketTransport {
  const { url, source, WebSocket, timeout, plan, clock, onOpen, why } = options;
  const htu = `${url}/bus/connect`;
  const ended = new AbortController();
  const presented = socketAccess({ source, htu, clock });
  const inbox = createSocketInbox(clock, options.subjects);
  let connection: Connection | undefined;
  let connecting: Promise<Connection> | undefined;
  let stopUpkeep = (): void => {};
  let idle: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let unopened = 0;
  let turn = 0;
  let retryAt = -Infinity;
  let users = 0;
  let holders = 0;

  async function open(): Promise<Connection> {
    const { signal } = ended;
    const access = await presented.now(signal);
    const protocols = credentialProtocols(access, await presented.proofOf(access));
    try {
      if (protocols === undefined) throw notMine();
      const opening = { address: htu.replace(/^http/, 'ws'), protocols, WebSocket, timeout };
      const openedAt = performance.now();
      const mine = ++turn;
      const onEnd = (code: number, loss: TokenError): void => {
        if (mine === turn) forget(code, loss, openedAt);
      };
      const hooks = { onDelivery: inbox.put, onRefusal: inbox.refuse, onEnd };
      connection = await openConnection(opening, hooks, signal);
    } catch (error) {
      signal.throwIfAborted();
      unopened++;
      fail();
      await why(signal);
      throw error;
    }
    unopened = 0;
    inbox.reset();
    stopUpkeep = keepUp({ connection, access, presented, clock, silence });
    onOpen();
    return connection;
  }

  function fail(): void {
    failures++;
    retryAt = clock() + backoff(failures, plan);
  }

  /** What a socket's end leaves behind. */
  function forget(code: number, loss: TokenError, openedAt: number): void {
    stopUpkeep();
    clearTimeout(idle);
    connection = undefined;
    if (code === closeCodes.revoked) presented.end(loss);
    // A server that does not speak the protocol is as good as none
    if (code === closeCodes.protocol) unopened++;
    if (code !== closeCodes.normal) {
      if (performance.now() - openedAt >= leastLife * 1000) failures = 0;
      fail();
    }
    inbox.changes.tell();
  }

  const pauseLeft = (): number => {
    const left = retryAt - clock();
    // After the clock was set back nobody knows
    return left > plan.most ? 0 : Math.max(0, left);
  };

  async function connected(signal: AbortSignal | undefined): Promise<Connection> {
    if (connection === undefined && connecting === undefined && pauseLeft() > 0) {
      await abortable(pause(pauseLeft(), signal), ended.signal);
      return connected(signal);
    }
    ended.signal.throwIfAborted();
    if (connection !== undefined) return connection;
    connecting ??= open().finally(() => {
      connecting = undefined;
      settle();
    });
    connecting.catch(() => {});
    return abortable(connecting, signal);
  }

  function settle(): void {
    clearTimeout(idle);
    if (users > 0 || holders > 0 || connection === undefined) return;
    idle = setTimeout(() => void rest(), linger * 1000);
  }

  /** Closes the socket; whoever comes opens another one. */
  async function rest(): Promise<void> {
    const last = connection;
    turn++;
    stopUpkeep();
    clearTimeout(idle);
    connection = undefined;
    await last?.close();
  }

  /** One attempt, within the time for one request, from the opening of the socket on. */
  function attempt(
    outer: AbortSignal | undefined,
    work: (socket: Connection, signal: AbortSignal) => Promise<void> | void,
  ): Promise<void> {
    const limits = { seconds: timeout, late };
    return use(() =>
      withDeadline(limits, outer, async (signal) => work(await connected(signal), signal)),
    );
  }

  async function use<T>(work: () => Promise<T>): Promise<T> {
    users++;
    clearTimeout(idle);
    try {
      return await work();
    } catch (error) {
      throw await presented.meaning(error, ended.signal);
    } finally {
      users--;
      settle();
    }
  }

  return {
    isOpen: () => connection !== undefined,
    isHeld: () => holders > 0,
    isHopeful: () => unopened === 0 && failures < 2,
    pauseLeft,

    send: (text, outer) => attempt(outer, (socket, signal) => socket.publish(text, signal)),

    receive: ({ max, wait }, outer) =>
      use(async () => {
        const nothing = new Error('Nothing came');
        const limits = { seconds: Math.max(wait, leastWait), late: () => nothing };
        try {
          return await withDeadline(limits, outer, async (signal) => {
            for (;;) {
              const socket = await connected(signal);
              const found = inbox.take(max);
              if (found.length > 0) return found;
              // Throws its loss, once it is lost
              inbox.ask(socket, max);
              await inbox.changes.wait(signal);
              socket.check();
            }
          });
        } catch (error) {
          if (error === nothing) return [];
          throw error;
        }
      }),

    acknowledge: ({ id }, outer) => attempt(outer, (socket) => socket.write(ackFrame([id]))),

    hold() {
      holders++;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        holders--;
        settle();
      };
    },

    async close() {
      ended.abort(new DOMException('The bus client is closed', 'AbortError'));
      await rest();
    },
  };
}
